"""The parts of a benchmark: cases, contenders and samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class Setting(NamedTuple):
    """The device and the data of a run.

    Parameters
    ----------
    platform : str
        JAX's name for the device: 'cpu', 'gpu' or 'tpu'. Other libraries use the same if they can.
    folder : str
        Folder with the prepared data.
    """

    platform: str
    folder: str


@dataclass(frozen=True)
class Sample:
    """The result of one round of a contender.

    Parameters
    ----------
    values : list of float
        The measured values, such as the seconds of each epoch after the first.
    first : float, optional
        Seconds of the first call in this round; in the warm-up round it includes compiling.
    scores : mapping
        Training results, such as the test accuracy.
    """

    values: list[float]
    first: float | None = None
    scores: Mapping[str, float] = field(default_factory=dict)


Measure = Callable[[int], Sample]
"""Runs one round; the argument is a seed."""


@dataclass(frozen=True)
class Contender:
    """An implementation to compare.

    Parameters
    ----------
    name : str
    make : callable
        ``(setting) -> Measure``, called once in the contender's own process.
    bar : float, optional
        Target for the ratio of skconv's median to this contender's; lower is better.
    needs : tuple of str
        Modules that the contender requires.
    ours : bool
        Whether this is skconv. Ratios refer to the first such contender.
    before : bool
        Whether this is an earlier skconv.
    """

    name: str
    make: Callable[[Setting], Measure]
    bar: float | None = None
    needs: tuple[str, ...] = ()
    ours: bool = False
    before: bool = False


@dataclass(frozen=True)
class Case:
    """A task and its contenders.

    Parameters
    ----------
    name : str
        Name for ``--only``.
    title : str
        The task in one sentence.
    contenders : tuple of Contender
    unit : str
        Unit of the values.
    rounds : int
        Number of measured rounds, unless given by ``--n``.
    fresh : bool
        Whether each round starts a new process.
    bar : float, optional
        Target for skconv's median itself, where no peer does the same.
    """

    name: str
    title: str
    contenders: tuple[Contender, ...]
    unit: str = "s"
    rounds: int = 3
    fresh: bool = False
    bar: float | None = None
