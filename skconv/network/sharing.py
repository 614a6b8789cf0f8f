"""Parameters that several layers share, transposed or not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from .. import init
from ..errors import describe_layer, did_you_mean
from ..layers.subgraph import Subgraph
from ..utils.owned_values import OwnedValue, TransposedValue
from .graph import Place
from .layer_list import LayerEntry
from .node import Node


class Source(NamedTuple):
    """The parameter that holds the array of another one.

    Parameters
    ----------
    place : (str, str)
        Names of layer and parameter.
    transposed : bool
        Whether the axes are reversed.
    """

    place: Place
    transposed: bool


class ParameterNames:
    """Names of the parameters that initial values of layers stand for.

    Parameters
    ----------
    given : iterable of (str, mapping)
        Names of the layers, in order, and their fields. The first layer with a parameter owns it.
    """

    def __init__(self, given: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        self._places: dict[int, Place] = {}
        for layer, fields in given:
            for name, value in _initial_values(fields):
                if isinstance(value, OwnedValue):
                    self._places.setdefault(id(value), (layer, name))

    def resolve(self, layer: LayerEntry, field: str, value: Any) -> Any:
        """Return the initial value of a field, or the name of the parameter that it stands for.

        Raises
        ------
        ValueError
            For a transposed parameter of a layer that is not in the network.
        """
        if isinstance(value, TransposedValue):
            owner = self._places.get(id(value.parameter))
            if owner is None:
                raise ValueError(
                    f"{describe_layer(layer.name, layer.cls)}: {field} must be the transposed "
                    "parameter of a layer of the same net, got that of another, with the initial "
                    f"value {value.parameter!r}"
                )
            return f"{'.'.join(owner)}.T"
        if not isinstance(value, OwnedValue):
            return value
        owner = self._places.get(id(value), (layer.name, field))
        return value.start if owner == (layer.name, field) else ".".join(owner)

    def check_keyword(self, layer: LayerEntry, field: str, value: Any) -> None:
        """Raise `ValueError` for a parameter of an instance as keyword of a net.

        Copies of the net, such as those of a search, would not share it.
        """
        if not isinstance(value, OwnedValue | TransposedValue):
            return
        transposed = isinstance(value, TransposedValue)
        parameter = value.parameter if isinstance(value, TransposedValue) else value
        owner = self._places.get(id(parameter))
        hint = f"write the initial value itself, {parameter!r}, or the name, as in 'hidden.W'"
        if owner is not None:
            hint = (
                f"write {layer.name}_{field}={'.'.join([*owner, 'T'] if transposed else owner)!r}"
            )
        raise ValueError(
            f"{describe_layer(layer.name, layer.cls)}: {field} must be the name of a parameter if "
            f"it is a keyword, got the parameter of a layer; {hint}"
        )


def _initial_values(fields: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield fields by name, and the initial values of layers within them."""
    for name, value in fields.items():
        if isinstance(value, Subgraph):
            yield from value.initial_values(name)
        else:
            yield name, value


def is_reference(value: Any, layers: Iterable[str]) -> bool:
    """Return whether an initial value is the name of a layer or of its parameter."""
    return isinstance(value, str) and value.partition(".")[0] in layers


def find_source(node: Node, param: str, nodes: Mapping[str, Node]) -> Source:
    """Return the parameter whose array a parameter shares, at whatever remove.

    Parameters
    ----------
    node : Node
    param : str
        Name of a parameter with the name of a layer as initial value, ``'conv1'``, or that of a
        parameter, ``'conv1.W'``, or of one to transpose, ``'conv1.W.T'``.
    nodes : mapping of str to Node

    Raises
    ------
    ValueError
        If the parameter does not exist, if it has another shape, or for parameters that share one
        another in a cycle.
    """
    spec = node.specs[param]
    where, visited = describe_layer(node.name, node.layer), [(node.name, param)]
    kept, transposed = spec, False
    while isinstance(kept.init, str):
        name, *rest = kept.init.split(".")
        turned = rest[-1:] == ["T"]
        other, *more = (rest[:-1] if turned else rest) or [visited[-1][1]]
        if more or name not in nodes or other not in nodes[name].specs:
            names = [*(n.name for n in nodes.values() if param in n.specs), *init.NAMED]
            raise ValueError(
                f"{where}: {param} must be the name of a layer with a parameter {other!r} or "
                f"of an initializer, got {kept.init!r}.{did_you_mean(kept.init, names)}"
            )
        if (name, other) in visited:
            steps = [*visited, (name, other)]
            one_name = len({own for _, own in steps}) == 1
            cycle = " -> ".join(place[0] if one_name else ".".join(place) for place in steps)
            raise ValueError(f"{where}: {param} is shared in a cycle: {cycle}")
        visited.append((name, other))
        kept, transposed = nodes[name].specs[other], transposed != turned
    owner, shape = visited[-1], kept.shape[::-1] if transposed else kept.shape
    if shape != spec.shape:
        what = repr(owner[0]) if owner[1] == param else f"{owner[0]!r}, {owner[1]},"
        raise ValueError(
            f"{where}: {param} must have the shape {shape} of the "
            f"{'transposed ' if transposed else ''}parameter of {what} that it is shared with, "
            f"got {spec.shape}"
        )
    return Source(owner, transposed)
