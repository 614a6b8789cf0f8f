"""Checks of the layers of a network once they are connected."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from .. import init
from ..errors import LayerError, Problems, describe_layer
from ..init import Array, Constant, as_initializer
from ..layers.base import ParamSpec
from ..utils.checks import fits_float32
from .graph import Place
from .head import Head
from .node import Node


def check_nodes(
    nodes: Mapping[str, Node],
    heads: Sequence[Head],
    shared: Mapping[Place, Place],
    names: Sequence[str],
    problems: Problems,
) -> None:
    """Check the layers of a network, which are connected, and add any errors to `problems`.

    Parameters
    ----------
    nodes : mapping of str to Node
    heads : sequence of Head
        The output layers, the predicted ones first.
    shared : mapping of Place to Place
        Where the array of each shared parameter is.
    names : sequence of str
        Names of the layers in the order of their entries.
    problems : Problems
    """
    _check_ends(nodes, heads, shared, names, problems)
    _check_factors(nodes, problems)
    _check_adapting(nodes, problems)
    for head in heads:
        _check_output(nodes[head.name], problems)
        _compare(nodes[head.name], nodes[heads[head.target].name], problems)


def _check_ends(
    nodes: Mapping[str, Node],
    heads: Sequence[Head],
    shared: Mapping[Place, Place],
    names: Sequence[str],
    problems: Problems,
) -> None:
    """Check that each layer contributes to an output, by its own output or its parameters."""
    uses = {name: list(node.incomings) for name, node in nodes.items()}
    for (name, _), (owner, _) in shared.items():
        uses[name].append(owner)
    used = _reachable([head.name for head in heads], uses)
    ends = set(nodes) - used - {name for own in uses.values() for name in own}
    for name in names:
        if name not in ends:
            continue
        others = [n for n in names if n in _reachable([name], uses) - used - {name}]
        only = f" with {', '.join(map(repr, others))}, used by it alone" if others else ""
        outputs = [head.name for head in heads if head.predicted]
        listed = [n for n in names if n in (*outputs, name)]
        hint = f"name it in outputs={listed} or aux_outputs, feed it to another layer"
        if not nodes[name].incomings:
            hint = "feed it to another layer"
        problems.add(
            f"{describe_layer(name, nodes[name].layer)} must feed another layer or be an "
            f"output; {hint}, or remove it{only}"
        )


def _check_factors(nodes: Mapping[str, Node], problems: Problems) -> None:
    """Check that layers with `l1`, `l2` or `grad_scale` have parameters for it."""
    for keyword in ("l1", "l2", "grad_scale"):
        able = [
            node.name
            for node in nodes.values()
            if any(
                spec.trainable and (spec.regularizable or keyword == "grad_scale")
                for spec in node.specs.values()
            )
        ]
        for name, node in nodes.items():
            value = getattr(node.layer, keyword)
            if value is not None and name not in able:
                problems.add(
                    f"{describe_layer(name, node.layer)}: {keyword} must be None for a layer "
                    f"without parameters that it acts on, got {value!r}; "
                    f"layers with such parameters: {', '.join(able) or 'none'}"
                )


def _check_adapting(nodes: Mapping[str, Node], problems: Problems) -> None:
    """Check that layers with statistics of the training rows get these rows."""
    for name, node in nodes.items():
        for incoming in node.incomings if node.layer.adapts else ():
            if nodes[incoming].incomings:
                problems.add(
                    f"{describe_layer(name, node.layer)} must follow an InputLayer directly, "
                    f"got incoming={incoming!r}; BatchNormLayer normalizes inner layers"
                )


def _check_output(output: Node, problems: Problems) -> None:
    """Check that an output holds each row of X once."""
    if output.copies:
        problems.add(
            f"{describe_layer(output.name, output.layer)} is an output and must hold one copy "
            f"of each row, got {math.prod(output.copies)}; add a CyclicPoolLayer before it"
        )


def _compare(aux: Node, output: Node, problems: Problems) -> None:
    """Check that an auxiliary output can be trained on the target of the output."""
    if aux.output_shape != output.output_shape:
        problems.add(
            f"{describe_layer(aux.name, aux.layer)} must have the output shape "
            f"{output.output_shape} of {output.name!r} to be trained on its target, "
            f"got {aux.output_shape}"
        )


def _reachable(names: Iterable[str], uses: Mapping[str, Iterable[str]]) -> set[str]:
    """Return the layers with these names and all that they use, directly or through others."""
    found: set[str] = set()
    left = list(names)
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left.extend(uses[name])
    return found


def check_initial_values(specs: Mapping[str, ParamSpec]) -> None:
    """Raise `LayerError` for an initial value that a parameter of a layer cannot have.

    Parameters
    ----------
    specs : mapping of str to ParamSpec
    """
    for param, spec in specs.items():
        if isinstance(spec.init, str):
            if not spec.trainable:
                raise LayerError(
                    f"{param} must not name a layer, since state is not shared, got {spec.init!r}; "
                    f"initializers: {', '.join(init.NAMED)}"
                )
            continue
        try:
            given = as_initializer(spec.init)
        except (TypeError, ValueError):
            hint = f"; write {spec.init.__name__}()" if isinstance(spec.init, type) else ""
            raise LayerError(
                f"{param} must be an initializer, a number, an array or the name of a layer, "
                f"got {spec.init!r}{hint}"
            ) from None
        if isinstance(given, Array) and given.values.shape != spec.shape:
            raise LayerError(f"{param} must have shape {spec.shape}, got {given.values.shape}")
        if isinstance(given, Array | Constant):
            values = given.values if isinstance(given, Array) else given.val
            if not fits_float32(values):
                raise LayerError(f"{param} must hold finite numbers, got {spec.init!r}")
