"""Input sizes that are left open: the same weights in a network for rows of another size."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ..errors import LayerError, Problems, describe_layer
from ..layers.shapes import Shape
from ..utils.image_shapes import channels_hint, describe_rows, move_channels_first
from .graph import Network
from .head import SCALE, scale_specs
from .node import Node

Row = tuple[int, ...]
"""Shape of a row."""

FREE = "any"
"""How a free size reads in messages."""


def is_free(shape: Any) -> bool:
    """Return whether the shape of an input layer leaves sizes of its rows open.

    Examples
    --------
    >>> is_free((None, 3, None, None)), is_free((None, 3, 32, 32))
    (True, False)
    """
    return isinstance(shape, tuple) and any(size is None for size in shape[1:])


def fits(row: Row, shape: Shape) -> bool:
    """Return whether a row has the axes and the known sizes of an input layer.

    Examples
    --------
    >>> fits((3, 24, 20), (None, 3, None, None)), fits((1, 24, 20), (None, 3, None, None))
    (True, False)
    """
    sizes = shape[1:]
    return len(row) == len(sizes) and all(
        size in (None, given) for given, size in zip(row, sizes, strict=True)
    )


def misfit(what: str, name: str, row: Row, shape: Shape) -> str:
    """Return the message on rows that do not have the known sizes of an input layer.

    Parameters
    ----------
    what, name : str
        Names of the rows and of the input layer.
    row : tuple of int
    shape : tuple of int or None
        Shape of the input layer.

    Examples
    --------
    >>> misfit('X', 'input', (20, 7), (None, None, 8))
    "X must have shape (n, any, 8) for the input layer 'input', got (n, 20, 7)"
    """
    wanted = tuple(FREE if size is None else size for size in shape[1:])
    hint = ""
    if len(row) >= 2 and fits(move_channels_first(row), shape):
        hint = channels_hint(row)
    elif len(row) == len(wanted) - 1:
        hint = "give a single sample as X[None]"
        hint += ", and images a channel axis, X[:, None]" if wanted[0] == 1 else ""
    message = f"{what} must have shape {describe_rows(wanted)} for the input layer {name!r}, "
    return f"{message}got {describe_rows(row)}" + (f"; {hint}" if hint else "")


def network_for(network: Network, shapes: Mapping[Any, Row], what: str = "X") -> Network:
    """Return the network for rows of other sizes, with the same parameters.

    Parameters
    ----------
    network : Network
    shapes : mapping of str to tuple of int
        Shape of a row of each input; the key None stands for the only input layer.
    what : str
        Name of the rows, for messages.

    Returns
    -------
    Network
        The network itself if its inputs have no free sizes, or have these sizes already.

    Raises
    ------
    ValueError
        If rows do not fit an input layer or are too small for a layer, or naming each layer that
        would have parameters of another shape.
    """
    if not network.free:
        return network
    given = _by_input(network, shapes)
    changed = {name: row for name, row in given.items() if row != network.rows()[name]}
    if not changed:
        return network
    problems = Problems()
    for name, row in changed.items():
        if name in network.free and not fits(row, network.free[name]):
            problems.add(misfit(what, name, row, network.free[name]))
    problems.raise_any()
    rows = network.rows() | {name: row for name, row in given.items() if name in network.free}
    resized = resize(network, rows, what)
    _check_parameters(network, resized, what)
    return resized


def _by_input(network: Network, shapes: Mapping[Any, Row]) -> dict[str, Row]:
    """Return the shapes of rows by input layer, without those of other names."""
    inputs = network.rows()
    if len(inputs) == len(shapes) == 1 and None in shapes:
        return dict(zip(inputs, shapes.values(), strict=True))
    return {name: tuple(shapes[name]) for name in inputs if name in shapes}


def resize(network: Network, rows: Mapping[str, Row], what: str = "X") -> Network:
    """Return the network with input layers for rows of other shapes, and other parameter shapes.

    Parameters
    ----------
    network : Network
    rows : mapping of str to tuple of int
        Shape of a row of each input layer.
    what : str
        Name of the rows, for messages.

    Raises
    ------
    ValueError
        If a layer does not take them.
    """
    nodes: dict[str, Node] = {}
    scaled = {head.name for head in network.heads if head.scaled}
    for node in network.nodes:
        layer = node.layer
        if not node.incomings:
            layer = _with_shape(layer, (None, *rows[node.name]))
        shapes = tuple(nodes[name].output_shape for name in node.incomings)
        try:
            shape, specs = layer.output_shape(*shapes), layer.param_specs(*shapes)
        except LayerError as error:
            listed = " and ".join(describe_rows(rows[name]) for name in network.inputs)
            raise ValueError(
                f"{what} must have rows of a size that all layers take, got {listed}: "
                f"{describe_layer(node.name, layer)}: {error}"
            ) from error
        if node.name in scaled:
            specs = specs | scale_specs(shape)
        nodes[node.name] = node._replace(
            layer=layer, input_shapes=shapes, output_shape=shape, specs=specs
        )
    return replace(network, nodes=tuple(nodes.values()))


def _with_shape(layer: Any, shape: Shape) -> Any:
    """Return an input layer of another shape."""
    return replace(layer, shape=shape)


def _check_parameters(network: Network, resized: Network, what: str) -> None:
    """Check that all parameters keep their shapes."""
    problems, before = Problems(), network.parameter_shapes()
    rows, old_rows = (
        " and ".join(map(describe_rows, one.rows().values())) for one in (resized, network)
    )
    reported: set[str] = set()
    for (name, param), shape in resized.parameter_shapes().items():
        old = before[name, param]
        if old != shape and name not in reported:
            reported.add(name)
            hint = (
                "put a layer before it that pools any size to one, such as GlobalPoolLayer, or "
                "bring the rows to one size"
            )
            if param in SCALE:
                hint = "set normalize_y=False"
            problems.add(
                f"{what} must have shape {old_rows}, got {rows}, because "
                f"{describe_layer(name, network.node(name).layer)} has {param} of shape {old}, but "
                f"would need {shape}; {hint}"
            )
    problems.raise_any()


class FreeSizesHint:
    """Add to a `ValueError` of the block that the sizes of the inputs could be free, if so.

    Parameters
    ----------
    network : Network
    shapes : callable
        Returns the shape of a row of each input; the key None stands for the only input layer.
    """

    def __init__(self, network: Network, shapes: Callable[[], Mapping[Any, Row]]) -> None:
        self._network = network
        self._shapes = shapes

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if not isinstance(error, ValueError):
            return
        hint = _hint(self._network, self._shapes())
        if hint:
            raise ValueError(f"{error}; {hint}") from error


def _hint(network: Network, shapes: Mapping[Any, Row]) -> str:
    """Return how to leave sizes open if the network could take rows of these shapes."""
    inputs, given = network.inputs, _by_input(network, shapes)
    open_inputs = {
        name: (None, *(n if n == m else None for n, m in zip(row, inputs[name][1:], strict=True)))
        for name, row in given.items()
        if len(row) == len(inputs[name]) - 1 and row != inputs[name][1:]
    }
    if not open_inputs or network.free:
        return ""
    try:
        network_for(replace(network, free=open_inputs), given)
    except ValueError:
        return ""
    settings = ", ".join(f"{name}_shape={shape}" for name, shape in open_inputs.items())
    return f"set {settings} for a net that takes any size, as its parameters allow"


def open_shapes(network: Network) -> dict[str, Shape]:
    """Return the output shape of each layer by name, with None where it follows the free sizes.

    Parameters
    ----------
    network : Network

    Returns
    -------
    dict of str to tuple of int or None
        The shapes themselves if nothing is free, or if a layer does not take other sizes.
    """
    shapes = {node.name: node.output_shape for node in network.nodes}
    if not network.free:
        return shapes
    larger = {
        name: tuple(
            2 * n if size is None else n
            for n, size in zip(row, network.free.get(name, (None, *row))[1:], strict=True)
        )
        for name, row in network.rows().items()
    }
    try:
        other = resize(network, larger)
        _check_parameters(network, other, "X")
    except ValueError:
        return shapes
    return {
        node.name: tuple(
            n if n == m else None for n, m in zip(shapes[node.name], node.output_shape, strict=True)
        )
        for node in other.nodes
    }


def open_nodes(network: Network) -> list[Node]:
    """Return the nodes of a network with None for sizes that follow the free sizes."""
    if not network.free:
        return list(network.nodes)
    shapes = open_shapes(network)

    def opened(node: Node) -> Node:
        layer = node.layer
        if node.name in network.free:
            layer = _with_shape(layer, shapes[node.name])
        fed = tuple(shapes[name] for name in node.incomings)
        return node._replace(layer=layer, input_shapes=fed, output_shape=shapes[node.name])

    return list(map(opened, network.nodes))
