"""The layer whose output describes the rows: the last hidden one, or one that is chosen."""

from __future__ import annotations

from typing import Any

from ..errors import did_you_mean
from ..utils.checks import is_integer
from .graph import Network
from .node import Node


def find_hidden_layer(network: Network, layer: Any = None) -> str:
    """Return the name of the layer whose output describes the rows.

    Parameters
    ----------
    network : Network
    layer : str, int or None
        Name or index of the layer. By default the last hidden layer: the one that feeds the units
        of the first output, or what feeds it if it only adds noise in training, as dropout does.

    Raises
    ------
    ValueError
        If the network has no such layer; with the nearest name.
    """
    nodes = network.nodes
    if layer is None:
        return _last_hidden(network).name
    if is_integer(layer, -len(nodes), len(nodes) - 1):
        return nodes[int(layer)].name
    names = [node.name for node in nodes]
    if isinstance(layer, str) and layer in names:
        return layer
    hint = f"; indices are {-len(nodes)} to {len(nodes) - 1}"
    if not is_integer(layer):
        hint = f".{did_you_mean(layer, names)}"
    raise ValueError(
        f"transform_layer must be the name or the index of a layer, got {layer!r}{hint}"
    )


def _last_hidden(network: Network) -> Node:
    node = network.node(next(iter(network.outputs)))
    while not _has_weights(node) and len(node.incomings) == 1:
        node = network.node(node.incomings[0])
    if not node.incomings:
        return node
    node = network.node(node.incomings[0])
    while node.layer.only_noise and node.incomings:
        node = network.node(node.incomings[0])
    return node


def _has_weights(node: Node) -> bool:
    return any(spec.trainable for spec in node.specs.values())
