"""Layered layout of a directed acyclic graph, with all arrows pointing down.

The four steps follow Sugiyama, Tagawa and Toda, "Methods for visual understanding of hierarchical
system structures" (1981): assign boxes to rows by the longest path from above, insert dummy nodes
where arrows pass through a row, order each row for few crossings, and center neighbors.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from sklearn.isotonic import isotonic_regression

Name = str | tuple[str, str, int]
"""Name of a box, or of a dummy node: start and end of an arrow, and the row it passes."""

GAP_X, GAP_Y = 24.0, 34.0
"""Space between boxes of a row, and between rows."""

SWEEPS = 12
"""Number of passes that improve the order, alternating downward and upward."""

STIFFNESS = 8.0
"""Weight of the straightness of a passing arrow, relative to the position of a box."""


class Layout(NamedTuple):
    """Positions of boxes and arrows, with x to the right and y down, from zero.

    Parameters
    ----------
    corners : dict of str to (float, float)
        Top left corner of each box.
    paths : dict of (str, str) to list of (float, float)
        Points of each arrow, where it alternates between bends between rows and straight lines
        through rows.
    width, height : float
        Size of the whole diagram.
    """

    corners: dict[str, tuple[float, float]]
    paths: dict[tuple[str, str], list[tuple[float, float]]]
    width: float
    height: float


def place(sizes: Mapping[str, tuple[float, float]], edges: Sequence[tuple[str, str]]) -> Layout:
    """Compute the layout of a graph.

    Parameters
    ----------
    sizes : mapping of str to (float, float)
        Width and height of each box, in topological order.
    edges : sequence of (str, str)
        Boxes at the start and end of each arrow.

    Returns
    -------
    Layout

    Examples
    --------
    >>> layout = place({'a': (10, 8), 'b': (10, 8)}, [('a', 'b')])
    >>> layout.corners
    {'a': (0.0, 0.0), 'b': (0.0, 42.0)}
    >>> layout.paths
    {('a', 'b'): [(5.0, 8.0), (5.0, 42.0)]}
    """
    edges = list(dict.fromkeys(edges))
    rows, chains = _rows(list(sizes), edges)
    above, below = _neighbors(chains)
    _order(rows, above, below)
    centers = _columns(rows, sizes, above, below)
    left = min(centers[name] - size[0] / 2 for name, size in sizes.items())
    centers = {name: float(center - left) for name, center in centers.items()}
    tops, bottoms, height = _levels(rows, sizes)
    corners = {
        name: (centers[name] - size[0] / 2, tops[name] + (bottoms[name] - tops[name] - size[1]) / 2)
        for name, size in sizes.items()
    }
    paths = {}
    for edge, chain in chains.items():
        points = [(centers[one], y[one]) for one in chain[1:-1] for y in (tops, bottoms)]
        start = corners[edge[0]][1] + sizes[edge[0]][1]
        paths[edge] = [(centers[edge[0]], start), *points, (centers[edge[1]], corners[edge[1]][1])]
    right = max(centers[name] + size[0] / 2 for name, size in sizes.items())
    width = max([right, *(x for path in paths.values() for x, _ in path)])
    return Layout(corners, paths, width, height)


def _rows(
    names: list[str], edges: list[tuple[str, str]]
) -> tuple[list[list[Name]], dict[tuple[str, str], list[Name]]]:
    """Assign boxes to rows, and add dummy nodes for arrows to the rows they pass."""
    level = dict.fromkeys(names, 0)
    for name in names:
        for start, end in edges:
            if start == name:
                level[end] = max(level[end], level[start] + 1)
    rows: list[list[Name]] = [[] for _ in range(max(level.values()) + 1)]
    for name in names:
        rows[level[name]].append(name)
    chains: dict[tuple[str, str], list[Name]] = {}
    for start, end in edges:
        passed = range(level[start] + 1, level[end])
        chains[start, end] = [start, *((start, end, i) for i in passed), end]
        for i in passed:
            rows[i].append((start, end, i))
    return rows, chains


def _neighbors(
    chains: Mapping[tuple[str, str], list[Name]],
) -> tuple[dict[Name, list[Name]], dict[Name, list[Name]]]:
    above: dict[Name, list[Name]] = {}
    below: dict[Name, list[Name]] = {}
    for one, other in (pair for chain in chains.values() for pair in itertools.pairwise(chain)):
        above.setdefault(other, []).append(one)
        below.setdefault(one, []).append(other)
    return above, below


def _order(
    rows: list[list[Name]], above: dict[Name, list[Name]], below: dict[Name, list[Name]]
) -> None:
    """Sort rows by the mean position of the neighbors; keep the order with fewest crossings."""
    best, fewest = [list(row) for row in rows], _crossings(rows, below)
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        around = above if down else below
        for i in range(1, len(rows)) if down else range(len(rows) - 2, -1, -1):
            places = {name: j for j, name in enumerate(rows[i - 1 if down else i + 1])}
            own = {name: j for j, name in enumerate(rows[i])}
            rows[i].sort(key=lambda n: np.mean([places[m] for m in around.get(n, ())] or own[n]))
        crossings = _crossings(rows, below)
        if crossings < fewest:
            best, fewest = [list(row) for row in rows], crossings
    rows[:] = best


def _crossings(rows: list[list[Name]], below: dict[Name, list[Name]]) -> int:
    count = 0
    for row, following in itertools.pairwise(rows):
        places = {name: j for j, name in enumerate(following)}
        ends = [place for name in row for place in sorted(places[m] for m in below.get(name, ()))]
        count += sum(one > other for one, other in itertools.combinations(ends, 2))
    return count


def _columns(
    rows: list[list[Name]],
    sizes: Mapping[str, tuple[float, float]],
    above: dict[Name, list[Name]],
    below: dict[Name, list[Name]],
) -> dict[Name, float]:
    """Return the centers: as close to those of the neighbors as widths and order allow."""
    widths = {
        name: sizes[name][0] if isinstance(name, str) else 0.0 for row in rows for name in row
    }
    offsets: list[np.ndarray] = []
    centers: dict[Name, float] = {}
    for row in rows:
        steps = [(widths[a] + widths[b]) / 2 + GAP_X for a, b in itertools.pairwise(row)]
        offsets.append(np.cumsum([0.0, *steps]))
        centers.update(zip(row, offsets[-1] - offsets[-1][-1] / 2, strict=True))
    up, down = range(len(rows) - 1, -1, -1), range(len(rows))
    for order, around in ((up, below), (down, above)):
        for i in order:
            near = [around.get(name, [name]) for name in rows[i]]
            wanted = np.array([np.mean([centers[m] for m in names]) for names in near])
            passing = [
                not any(isinstance(node, str) for node in (name, *names))
                for name, names in zip(rows[i], near, strict=True)
            ]
            weights = np.where(passing, STIFFNESS, 1.0)
            free = isotonic_regression(wanted - offsets[i], sample_weight=weights)
            centers.update(zip(rows[i], free + offsets[i], strict=True))
    return centers


def _levels(
    rows: list[list[Name]], sizes: Mapping[str, tuple[float, float]]
) -> tuple[dict[Name, float], dict[Name, float], float]:
    """Return the top and the bottom of each row, by name, and the height of the diagram."""
    tops: dict[Name, float] = {}
    bottoms: dict[Name, float] = {}
    y = 0.0
    for row in rows:
        height = max(sizes[name][1] for name in row if isinstance(name, str))
        tops.update(dict.fromkeys(row, y))
        bottoms.update(dict.fromkeys(row, y + height))
        y += height + GAP_Y
    return tops, bottoms, y - GAP_Y
