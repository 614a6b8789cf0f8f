"""Modules of torch assigned to the layers of a network."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from ...layers import BatchNormLayer, Layer
from ...nonlinearities import linear
from .layouts import Layout, Shape, Slot, layouts
from .modules import Module
from .names import match_names
from .order import match_order


class Target(Protocol):
    """A layer to load weights into, as the nodes of a network are.

    `specs` holds its parameters, with their shapes, or None if they are not known.
    """

    @property
    def name(self) -> str:
        """Name of the layer."""

    @property
    def layer(self) -> Layer:
        """The layer."""

    @property
    def incomings(self) -> tuple[str, ...]:
        """Names of the layers that feed it."""

    @property
    def specs(self) -> Mapping[str, Any]:
        """Its parameters."""


def next_norm(target: Target, targets: Sequence[Target]) -> Target | None:
    """Return the batch normalization that alone takes a layer's output, unchanged.

    Biases before it only move its mean.
    """
    following = [other for other in targets if target.name in other.incomings]
    linear_output = getattr(target.layer, "nonlinearity", None) in (None, linear)
    if len(following) == 1 and linear_output and isinstance(following[0].layer, BatchNormLayer):
        return following[0]
    return None


class Assignment(NamedTuple):
    """A module for a part of a layer.

    Parameters
    ----------
    target : Target
    slot : Slot
    module : Module
    """

    target: Target
    slot: Slot
    module: Module


class Assigned(NamedTuple):
    """All modules that were assigned, and those that were not.

    Parameters
    ----------
    assignments : list of Assignment
    direct : dict of str to (str, str)
        Layer and parameter, by names of tensors that belong to no module of torch.
    left : list of Module
    family : str or None
        As in `names.match_names`; None for a match by order.
    """

    assignments: list[Assignment]
    direct: dict[str, tuple[str, str]]
    left: list[Module]
    family: str | None


def assign_by_names(modules: Sequence[Module], targets: Sequence[Target]) -> Assigned:
    """Assign modules by the names of published networks, or of the layers themselves."""
    by_layer = {target.name: target for target in targets if target.specs}
    tensors = {
        _full_name(module, leaf): key for module in modules for leaf, key in module.keys.items()
    }
    names = match_names([module.path for module in modules], tensors, by_layer)
    direct = {}
    for name, place in names.layers.items():
        if name in tensors and place.rpartition(".")[0] in by_layer:
            layer, _, parameter = place.rpartition(".")
            direct[tensors[name]] = (layer, parameter)
    given: dict[str, list[Module]] = {}
    left = []
    for module in modules:
        rest = {leaf: key for leaf, key in module.keys.items() if key not in direct}
        layer = names.layers.get(module.path, "")
        if rest and layer in by_layer:
            given.setdefault(layer, []).append(module._replace(keys=rest))
        elif rest:
            left.append(module._replace(keys=rest))
    assignments = []
    for name, own in given.items():
        found, others = _fill(by_layer[name], own)
        assignments += found
        left += others
    return Assigned(assignments, direct, left, names.family)


def _full_name(module: Module, leaf: str) -> str:
    return ".".join(filter(None, (module.path, leaf)))


def _fill(target: Target, modules: list[Module]) -> tuple[list[Assignment], list[Module]]:
    """Assign the modules of one layer to its slots."""
    found: list[tuple[list[Assignment], list[Module]]] = []
    for layout in layouts(target.layer, target.specs):
        assignments, left = [], []
        free = list(layout)
        for module in modules:
            tail = module.path.rpartition(".")[2]
            slots = [slot for slot in free if _has_leaves(slot, module)]
            named = [slot for slot in slots if tail in slot.names]
            slots = named or [slot for slot in slots if not slot.names or len(layout) == 1]
            if slots:
                free.remove(slots[0])
                assignments.append(Assignment(target, slots[0], module))
            else:
                left.append(module)
        found.append((assignments, left))
    return max(found, key=lambda pair: sum(len(one.slot.recipes) for one in pair[0]))


def _has_leaves(slot: Slot, module: Module) -> bool:
    return all(leaf in module.keys for recipe in slot.recipes.values() for leaf in recipe.leaves)


class _Need(NamedTuple):
    """What a slot of a layer needs of a module; equal for layers that take the same modules."""

    kind: type
    slot: int
    shapes: tuple[tuple[str, Shape], ...]
    takes_bias: bool
    is_head: bool


_Have = tuple[tuple[str, Shape], ...]
"""Names and shapes of the tensors of a module."""


def slots_of(targets: Sequence[Target], modules: Sequence[Module]) -> list[tuple[Target, Slot]]:
    """Return the parts of all layers that take a module each, in order."""
    return [
        (target, slot)
        for target in targets
        if target.specs
        for slot in _likely_layout(target, modules)
    ]


def assign_in_turn(modules: Sequence[Module], targets: Sequence[Target]) -> Assigned | None:
    """Assign modules in order, whether they fit or not; None if there are more or fewer."""
    slots = slots_of(targets, modules)
    if len(slots) != len(modules):
        return None
    assignments = [Assignment(*pair, module) for pair, module in zip(slots, modules, strict=True)]
    fitting = [one for one in assignments if _has_leaves(one.slot, one.module)]
    left = [one.module for one in assignments if one not in fitting]
    return Assigned(fitting, {}, left, None)


def assign_by_order(
    modules: Sequence[Module],
    targets: Sequence[Target],
    shapes: Mapping[str, Shape],
    *,
    ordered: bool,
    heads: Collection[str] = (),
) -> Assigned | None:
    """Assign modules by order and shape; None if they do not fit.

    Parameters
    ----------
    modules : sequence of Module
    targets : sequence of Target
    shapes : mapping of str to tuple of int
        Shapes of the tensors.
    ordered : bool
        Whether the modules are in the order of their definition.
    heads : collection of str
        Layers whose number of units may differ.

    Raises
    ------
    AmbiguousError
        If layers could take one module or another.
    """
    slots = slots_of(targets, modules)
    needs = []
    for number, (target, slot) in enumerate(slots):
        before = sum(other is target for other, _ in slots[:number])
        known = tuple((name, tuple(target.specs[name].shape)) for name in slot.recipes)
        bias = "b" not in slot.recipes and next_norm(target, targets) is not None
        needs.append(_Need(type(target.layer), before, known, bias, target.name in heads))
    by_need = {
        need._replace(is_head=False): slot for need, (_, slot) in zip(needs, slots, strict=True)
    }
    names = [module.path for module in modules]
    haves = [tuple((leaf, shapes[key]) for leaf, key in module.keys.items()) for module in modules]

    def fits(need: _Need, have: _Have) -> bool:
        return _fits(by_need[need._replace(is_head=False)], need, dict(have))

    def fits_equally(need: _Need, have: _Have) -> bool:
        return fits(need._replace(is_head=False), have)

    def kind(have: _Have) -> Hashable:
        return tuple((leaf, len(shape)) for leaf, shape in have if leaf != "bias")

    for test in (fits_equally, fits):
        found = match_order(needs, names, haves, test, kind, ordered=ordered)
        if found is not None:
            pairs = zip(slots, found, strict=True)
            assignments = [Assignment(*slot, modules[i]) for slot, i in pairs]
            return Assigned(assignments, {}, [], None)
    return None


def _likely_layout(target: Target, modules: Sequence[Module]) -> Layout:
    """Return the layout of a layer whose tensors, and names of modules, are there."""

    def found(layout: Layout) -> tuple[bool, int]:
        tails = {module.path.rpartition(".")[2] for module in modules}
        named = sum(bool(tails.intersection(slot.names)) for slot in layout)
        held = all(any(_has_leaves(slot, module) for module in modules) for slot in layout)
        return held, named

    options = [
        tuple(slot for slot in layout if slot.recipes)
        for layout in layouts(target.layer, target.specs)
    ]
    return max(options, key=found)


def _fits(slot: Slot, need: _Need, have: Mapping[str, Shape]) -> bool:
    """Return whether a module has the tensors that a slot needs, in their shapes, and no others."""
    used = {leaf for recipe in slot.recipes.values() for leaf in recipe.leaves}
    extra = have.keys() - used
    if used - have.keys() or (extra and not (extra == {"bias"} and need.takes_bias)):
        return False
    given = {name: recipe.shape(have) for name, recipe in slot.recipes.items()}
    shapes = dict(need.shapes)
    if any(shape is None for shape in given.values()):
        return False
    if need.is_head and differ_in_units(given, shapes):
        return True
    return all(same_shape(given[name], shape) for name, shape in shapes.items())


def same_shape(given: Shape | None, wanted: Shape) -> bool:
    """Return whether shapes are equal but for axes of size one."""
    return given is not None and [n for n in given if n != 1] == [n for n in wanted if n != 1]


def differ_in_units(given: Mapping[str, Shape | None], wanted: Mapping[str, Shape]) -> bool:
    """Return whether the shapes of a layer's parameters differ in the number of units only.

    Examples
    --------
    >>> differ_in_units({'W': (8, 1000), 'b': (1000,)}, {'W': (8, 3), 'b': (3,)})
    True
    >>> differ_in_units({'W': (16, 1000), 'b': (1000,)}, {'W': (8, 3), 'b': (3,)})
    False
    """
    changes = set()
    for name, shape in wanted.items():
        other = given.get(name)
        if other is None or len(other) != len(shape):
            return False
        different = [pair for pair in zip(other, shape, strict=True) if pair[0] != pair[1]]
        if len(different) != 1:
            return False
        changes.update(different)
    return len(changes) == 1
