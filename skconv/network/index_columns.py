"""Find the values of X that layers look up in a table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from ..errors import describe_layer
from ..layers.base import Context
from .node import Node


class IndexColumns(NamedTuple):
    """Values of an input that must be integers from 0.

    Parameters
    ----------
    positions : int array
        Positions in the flattened row.
    size : int
        Number of integers that they may hold.
    layer : str
        The layer that looks them up, for messages.
    hint : str
        What else the layer can do about other values, for messages.
    """

    positions: np.ndarray
    size: int
    layer: str
    hint: str


def find_index_columns(nodes: Sequence[Node]) -> dict[str, list[IndexColumns]]:
    """Find the values of each input that reach a layer with an `index_size` unchanged.

    Parameters
    ----------
    nodes : sequence of Node
        In topological order.

    Returns
    -------
    dict of str to list of IndexColumns
        By name of the input layer. Values that other layers compute cannot be known.
    """
    if all(node.layer.index_size is None for node in nodes):
        return {}
    sizes = {node.name: math.prod(node.output_shape[1:]) for node in nodes if not node.incomings}
    total, start = sum(sizes.values()), 0
    starts: dict[str, int] = {}
    # Two rows go through the layers: the second holds numbers that are larger by `total`, so that
    # values which differ otherwise are constants.
    moved: dict[str, np.ndarray] = {}
    found: dict[str, list[IndexColumns]] = {}
    for node in nodes:
        if not node.incomings:
            starts[node.name] = start
            row = np.arange(start, start + sizes[node.name], dtype=np.int32)
            moved[node.name] = np.stack([row, row + total]).reshape(2, *node.output_shape[1:])
            start += sizes[node.name]
            continue
        arrays = [moved.get(name) for name in node.incomings]
        first = arrays[0]
        if first is not None and node.layer.index_size is not None:
            numbers = first[0][first[1] - first[0] == total]
            for name, low in starts.items():
                own = np.unique(numbers[(numbers >= low) & (numbers < low + sizes[name])]) - low
                if own.size:
                    found.setdefault(name, []).append(_columns(node, own))
        elif node.layer.moves_values and all(array is not None for array in arrays):
            given = [jnp.asarray(array) for array in arrays]
            moved[node.name] = np.asarray(node.layer.apply({}, {}, *given, ctx=Context(False))[0])
    return found


def _columns(node: Node, positions: np.ndarray) -> IndexColumns:
    size = node.layer.index_size
    assert size is not None
    hint = ""
    if hasattr(node.layer, "unknown"):
        hint = f", or set {node.name}_unknown=True, which gives all other values one vector"
    return IndexColumns(positions, size, describe_layer(node.name, node.layer), hint)
