"""What a benchmark is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class Setting(NamedTuple):
    """Where a contender runs.

    Parameters
    ----------
    platform : str
        JAX's name of the device: 'cpu', 'gpu' or 'tpu'. The peers follow it where they can.
    folder : str
        Where the prepared data lie.
    """

    platform: str
    folder: str


@dataclass(frozen=True)
class Sample:
    """What one round of a contender gave.

    Parameters
    ----------
    values : list of float
        What is compared, such as the seconds of each warm epoch.
    first : float, optional
        Seconds of the first call in this round; the warm-up's tells the time to compile.
    scores : mapping
        What was learnt, such as the accuracy on the test rows.
    """

    values: list[float]
    first: float | None = None
    scores: Mapping[str, float] = field(default_factory=dict)


Measure = Callable[[int], Sample]
"""One round; the argument is a seed."""


@dataclass(frozen=True)
class Contender:
    """One of those who are compared.

    Parameters
    ----------
    name : str
    make : callable
        ``(setting) -> measure``, called once in the contender's own process.
    bar : float, optional
        The ratio, ours to theirs, that skconv means to stay under.
    needs : tuple of str
        Modules without which this contender is missing.
    ours : bool
        Whether this is skconv itself. The first such contender is the one the ratios are of.
    """

    name: str
    make: Callable[[Setting], Measure]
    bar: float | None = None
    needs: tuple[str, ...] = ()
    ours: bool = False


@dataclass(frozen=True)
class Case:
    """A task, and those who do it.

    Parameters
    ----------
    name : str
        For ``--only``.
    title : str
        What is done, in a sentence.
    contenders : tuple of Contender
    unit : str
        Of the values.
    rounds : int
        How often each contender is measured, unless ``--n`` says.
    fresh : bool
        Whether each round has a new process.
    """

    name: str
    title: str
    contenders: tuple[Contender, ...]
    unit: str = "s"
    rounds: int = 3
    fresh: bool = False
