"""Blocks of layers whose outputs are computed again for the gradients, rather than kept."""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from typing import Any

from ..errors import Problems, did_you_mean
from ..utils.checks import as_list
from .node import Node

Blocks = tuple[tuple[str, ...], ...]
"""Names of the layers of each block."""


def find_blocks(nodes: Sequence[Node], remat: Any) -> Blocks:
    """Return the blocks of layers to compute again.

    Parameters
    ----------
    nodes : sequence of Node
        In topological order.
    remat : True, list of str, or None
        As passed to `NeuralNet`. True cuts the network where least is kept.

    Returns
    -------
    tuple of tuple of str
        A layer is in one block at most.

    Raises
    ------
    ValueError
        With all names that no layer has.
    """
    names = [node.name for node in nodes]
    if remat is None or remat is False:
        return ()
    if remat is True:
        return _cut(nodes)
    problems, blocks, taken = Problems(), [], set[str]()
    for entry in as_list(remat):
        found = [name for name in names if _matches(name, entry)]
        if not found:
            problems.add(
                "remat must list names of layers, the start of several names before '_', or "
                f"patterns such as 'conv*', got {entry!r}.{did_you_mean(entry, names)}"
            )
        blocks.append(tuple(name for name in found if name not in taken))
        taken.update(found)
    problems.raise_any()
    return tuple(block for block in blocks if block)


def _matches(name: str, entry: str) -> bool:
    return name == entry or name.startswith(f"{entry}_") or fnmatch.fnmatchcase(name, entry)


MOST_BLOCKS = 24
"""Number of blocks of equal size up to which budgets are tried."""


def _cut(nodes: Sequence[Node]) -> Blocks:
    """Return consecutive blocks for which least is in memory.

    That is what is kept between the blocks, and the outputs of the largest block; see Chen et al.
    (2016), "Training deep nets with sublinear memory cost". The last block is left out, as its
    gradients are computed first.
    """
    sizes, names = list(map(_size, nodes)), [node.name for node in nodes]
    last_use = {name: i for i, node in enumerate(nodes) for name in node.incomings}
    last = [last_use.get(name, 0) for name in names]
    budgets = [sum(sizes) / count for count in range(1, min(len(nodes), MOST_BLOCKS) + 1)]
    _, starts = min(_within(sizes, last, budget) for budget in budgets)
    pairs = pairwise(starts)
    return tuple(tuple(names[start:end]) for start, end in pairs)


def _within(sizes: Sequence[int], last: Sequence[int], budget: float) -> tuple[float, list[int]]:
    """Cut a network into blocks of at most a size, or of one layer, between which least is kept.

    Parameters
    ----------
    sizes : sequence of int
        Size of the output of each layer.
    last : sequence of int
        Position of the last layer that each one feeds.
    budget : float

    Returns
    -------
    memory : float
        Size of what is kept, and of the largest block.
    starts : list of int
        Positions of the first layers of the blocks.
    """
    best: list[tuple[float, int]] = [(0, 0)]
    for end in range(1, len(sizes) + 1):
        options, kept, size = [], 0, 0
        for start in range(end - 1, -1, -1):
            size += sizes[start]
            if size > budget and start < end - 1:
                break
            kept += sizes[start] if last[start] >= end else 0
            options.append((best[start][0] + kept, start))
        best.append(min(options))
    starts, end, largest = [], len(sizes), 0
    while end:
        start = best[end][1]
        starts.append(start)
        largest = max(largest, sum(sizes[start:end]))
        end = start
    return best[-1][0] + largest, starts[::-1]


def _size(node: Node) -> int:
    """Return the number of values in the output of a layer for one row."""
    return math.prod(n or 1 for n in node.output_shape[1:]) * math.prod(node.copies)


def in_blocks(names: Sequence[str], blocks: Blocks) -> Iterator[tuple[list[str], bool]]:
    """Cut the layers of a network into runs that are computed together.

    Parameters
    ----------
    names : sequence of str
        In topological order.
    blocks : tuple of tuple of str

    Yields
    ------
    names : list of str
        Layers of the same block, or of none, that follow each other.
    again : bool
        Whether they are to be computed again for the gradients.
    """
    numbers = {name: i for i, block in enumerate(blocks) for name in block}
    for number, run in groupby(names, numbers.get):
        yield list(run), number is not None
