"""Weights of torch for the layers of a network."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...errors import list_names
from ...layers import BatchNormLayer
from ...utils.derived_arrays import DerivedArray, shape_of
from .assignment import (
    Assigned,
    Target,
    assign_by_names,
    assign_by_order,
    assign_in_turn,
    differ_in_units,
    next_norm,
    same_shape,
)
from .layouts import EPSILON, epsilon_of
from .modules import is_in_order, read_modules
from .order import AmbiguousError
from .problems import Differences, describe_differences

Place = tuple[str, str]


@dataclass
class Converted:
    """Weights of torch under the names of a network.

    Parameters
    ----------
    arrays : dict of (layer, parameter) to DerivedArray
    modules : dict of str to list of str
        Names of the modules that each layer's weights come from.
    unused : list of str
        Names of the tensors that no layer takes.
    family : str or None
        The function of `skconv.models` whose published names decided; ``''`` if the names were
        those of the layers, and None if order and shape decided.
    left_out : list of str
        Messages about output layers with another number of units, which have no arrays.
    doubts : list of str
        Messages about what cannot be known.
    """

    arrays: dict[Place, DerivedArray] = field(default_factory=dict)
    modules: dict[str, list[str]] = field(default_factory=dict)
    unused: list[str] = field(default_factory=list)
    family: str | None = None
    left_out: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)

    def table(self) -> str:
        """Return lines that say where each layer's weights come from."""
        width = max(map(len, self.modules), default=0)
        lines = (f"  {name:{width}} <- {', '.join(own)}" for name, own in self.modules.items())
        return "\n".join(lines)


def from_torch(
    source: Mapping[str, Any],
    targets: Sequence[Target],
    *,
    heads: Collection[str] = (),
    shared: Collection[Place] = (),
    strict: bool = True,
) -> Converted:
    """Return the weights of a state dict of torch for the layers of a network.

    Modules are assigned to layers by the names of published networks, or those of the layers, and
    otherwise by order and shape. Arrays are read when their values are needed.

    Parameters
    ----------
    source : mapping of str to array or tensor
    targets : sequence of Target
        The layers of the network.
    heads : collection of str
        Names of the output layers, whose weights are left out where only their number of units
        differs.
    shared : collection of (layer, parameter)
        Parameters that are those of other layers, and may be missing.
    strict : bool
        Whether all parameters must be given, and all tensors be used.

    Raises
    ------
    ValueError
        With a few of the tensors and layers without counterpart; or if order and shape leave a
        choice.

    Examples
    --------
    >>> from typing import Any, NamedTuple
    >>> from skconv.layers import DenseLayer
    >>> class Dense(NamedTuple):
    ...     name: str
    ...     layer: Any = DenseLayer(num_units=2)
    ...     incomings: tuple = ()
    ...     specs: dict = {'W': None, 'b': None}
    >>> weights = {'fc.weight': np.ones((2, 3)), 'fc.bias': np.zeros(2)}
    >>> {place: array.shape for place, array in from_torch(weights, [Dense('fc')]).arrays.items()}
    {('fc', 'W'): (3, 2), ('fc', 'b'): (2,)}
    """
    modules = read_modules(source)
    shapes = {key: shape_of(source[key]) for module in modules for key in module.keys.values()}
    heads = _with_units(heads, targets)
    found = _build(assign_by_names(modules, targets), source, targets)
    differences = _differences(found, targets, heads, shared)
    enough = 2 * len(found.modules) > sum(bool(target.specs) for target in targets)
    known = all(spec is not None for target in targets for spec in target.specs.values())
    if differences and not known:
        raise ValueError(describe_differences(differences, modules, shapes))
    if differences and (strict or not enough):
        ambiguity = ""
        try:
            ordered = assign_by_order(
                modules, targets, shapes, ordered=is_in_order(source), heads=heads
            )
        except AmbiguousError as error:
            ordered, ambiguity = None, str(error)
        if ordered is not None:
            found = _build(ordered, source, targets)
            differences = _differences(found, targets, heads, shared)
        elif in_turn := assign_in_turn(modules, targets):
            others = _differences(_build(in_turn, source, targets), targets, heads, shared)
            differences = min(differences, others, key=Differences.number)
        if ordered is None or (strict and differences):
            message = describe_differences(differences, modules, shapes, ambiguity=ambiguity)
            raise ValueError(message)
    for place in [place for place, one in found.arrays.items() if one.shape_or_none() is None]:
        del found.arrays[place]
    _leave_out_heads(found, targets, heads)
    _doubt_epsilons(found, targets)
    return found


def _with_units(heads: Collection[str], targets: Sequence[Target]) -> list[str]:
    """Return the last layers with parameters before the outputs."""
    by_name = {target.name: target for target in targets}
    found = []
    for name in heads:
        target = by_name.get(name)
        while target and not target.specs and len(target.incomings) == 1:
            target = by_name.get(target.incomings[0])
        if target and target.specs:
            found.append(target.name)
    return found


def _build(assigned: Assigned, source: Mapping[str, Any], targets: Sequence[Target]) -> Converted:
    """Return the arrays of all assignments, with biases moved into the means that follow them."""
    built = Converted(family=assigned.family)
    biases: list[tuple[Target, str]] = []
    for target, slot, module in assigned.assignments:
        used: set[str] = set()
        for parameter, recipe in slot.recipes.items():
            used.update(recipe.leaves)
            name = f"parameter {f'{target.name}.{parameter}'!r}"
            tensors = [source[module.keys[leaf]] for leaf in recipe.leaves]
            made = DerivedArray(name, tensors, recipe.view, recipe.combine)
            built.arrays[target.name, parameter] = _reshaped(made, target.specs[parameter])
        built.modules.setdefault(target.name, []).append(module.path)
        for leaf, key in module.keys.items():
            if leaf == "bias" and leaf not in used:
                biases.append((target, key))
            elif leaf not in used:
                built.unused.append(key)
    for key, (layer, parameter) in assigned.direct.items():
        spec = next(t for t in targets if t.name == layer).specs.get(parameter)
        made = DerivedArray(
            f"parameter {f'{layer}.{parameter}'!r}", [source[key]], _without_outer_axes
        )
        built.arrays[layer, parameter] = _reshaped(made, spec)
        built.modules.setdefault(layer, []).append(key)
    for target, key in biases:
        norm = next_norm(target, targets)
        mean = built.arrays.get((norm.name, "mean")) if norm else None
        if norm is None or mean is None:
            built.unused.append(key)
        else:
            tensors = [*mean.sources, source[key]]
            built.arrays[norm.name, "mean"] = DerivedArray(mean.name, tensors, combine=np.subtract)
    built.unused += [key for module in assigned.left for key in module.keys.values()]
    return built


def _without_outer_axes(array: np.ndarray) -> np.ndarray:
    """Return an array without the axes of size one that torch adds for broadcasting."""
    array = array[0] if array.ndim > 1 and len(array) == 1 else array
    while array.ndim > 1 and array.shape[-1] == 1:
        array = array[..., 0]
    return array


def _reshaped(array: DerivedArray, spec: Any) -> DerivedArray:
    """Return an array in the shape of a parameter if only axes of size one differ."""
    shape = None if spec is None else tuple(spec.shape)
    given = array.shape_or_none()
    if shape is None or given == shape or not same_shape(given, shape):
        return array
    view = array.view
    return DerivedArray(
        array.name, array.sources, lambda source: view(source).reshape(shape), array.combine
    )


def _differences(
    converted: Converted,
    targets: Sequence[Target],
    heads: Collection[str],
    shared: Collection[Place],
) -> Differences:
    """Return what keeps arrays from being exactly the parameters of a network."""
    wrong: dict[str, Any] = {}
    missing: dict[str, Any] = {}
    for target in targets:
        given = {
            name: converted.arrays[target.name, name].shape_or_none()
            for name in target.specs
            if (target.name, name) in converted.arrays
        }
        known = {name: tuple(spec.shape) for name, spec in target.specs.items() if spec}
        missing |= {
            f"{target.name}.{name}": known.get(name)
            for name in target.specs
            if name not in given and (target.name, name) not in shared
        }
        if target.name in heads and differ_in_units(given, known):
            continue
        for name, shape in given.items():
            if shape is None or shape != known.get(name, shape):
                wrong[f"{target.name}.{name}"] = (known.get(name), shape)
    return Differences(converted.unused, missing, wrong)


def _leave_out_heads(
    converted: Converted, targets: Sequence[Target], heads: Collection[str]
) -> None:
    """Remove the arrays of output layers with another number of units."""
    for target in targets:
        own = {name: converted.arrays.get((target.name, name)) for name in target.specs}
        if target.name not in heads or None in own.values():
            continue
        given = {name: array.shape_or_none() for name, array in own.items() if array}
        known = {name: tuple(spec.shape) for name, spec in target.specs.items() if spec}
        if not differ_in_units(given, known):
            continue
        for name in own:
            del converted.arrays[target.name, name]
        modules = ", ".join(converted.modules.pop(target.name))
        own_units, units = (set(_sizes(shapes)) for shapes in (known, given))
        converted.left_out.append(
            f"load_params_from leaves layer {target.name!r} as it is: it has "
            f"{min(own_units - units)} units, and {modules!r} of the weights has "
            f"{min(units - own_units)}"
        )


def _sizes(shapes: Mapping[str, Any]) -> Iterator[int]:
    return (size for shape in shapes.values() for size in shape or ())


def _doubt_epsilons(converted: Converted, targets: Sequence[Target]) -> None:
    """Note if the epsilons, which weights do not hold, may not be those of the layers."""
    if converted.family:
        return
    others = {
        target.name: float(target.layer.epsilon)
        for target in targets
        if isinstance(target.layer, BatchNormLayer)
        and target.name in converted.modules
        and float(target.layer.epsilon) != EPSILON
    }
    if others:
        first = next(iter(others))
        taken = sorted({epsilon_of(t.layer) for t in targets if t.name in others})
        converted.doubts.append(
            f"weights of torch do not hold the epsilon of batch normalization, by default {EPSILON}"
            f": it is {others[first]} for layers {list_names(others, 5)}, whose variances were "
            f"taken with {list_names(map(str, taken))}; write {first}_epsilon=... with the eps of "
            "the module"
        )
