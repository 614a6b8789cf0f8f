"""A curve: the times of a task in several sizes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from ..worker import ask


class Point(NamedTuple):
    """What was measured for one size.

    Parameters
    ----------
    seconds : dict
        By the names of the lines in the picture.
    scores : dict
        Further columns of the table, such as the accuracy.
    """

    seconds: dict[str, float]
    scores: dict[str, float]


Probe = Callable[[int], Point]
"""Measures the task in the given size."""


@dataclass(frozen=True)
class Curve:
    """A task in several sizes.

    Parameters
    ----------
    name : str
        Name for ``--only``, and of the picture.
    title : str
        The task in one sentence.
    axis : str
        What grows, in the plural.
    sizes : tuple of int
    probes : tuple of callable
        Each is called in a new process for each size.
    note : str
        What a reader must know to judge the curve.
    """

    name: str
    title: str
    axis: str
    sizes: tuple[int, ...]
    probes: tuple[Probe, ...]
    note: str = ""

    def measure(self, size: int) -> Point:
        """Return the results of all probes for a size."""
        points = [ask(partial(_serve, probe, size)) for probe in self.probes]
        seconds = {name: value for point in points for name, value in point.seconds.items()}
        scores = {name: value for point in points for name, value in point.scores.items()}
        return Point(seconds, scores)


def fastest(points: Sequence[Point]) -> Point:
    """Return the least seconds of several rounds, and the scores, which are the same in each."""
    names = points[0].seconds
    return Point(
        {name: min(point.seconds[name] for point in points) for name in names}, points[0].scores
    )


def _serve(probe: Probe, size: int, _: None) -> Callable[[int], Point]:
    return lambda _: probe(size)
