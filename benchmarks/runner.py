"""Measure the contenders of a case in turn."""

from __future__ import annotations

import importlib.util
import statistics
from dataclasses import dataclass, field

from .case import Case, Contender, Sample, Setting
from .worker import Worker, WorkerError


@dataclass
class Row:
    """The results of a contender."""

    contender: Contender
    missing: tuple[str, ...] = ()
    error: str | None = None
    first: float | None = None
    values: list[float] = field(default_factory=list)
    scores: dict[str, list[float]] = field(default_factory=dict)

    def add(self, sample: Sample) -> None:
        """Add the results of a round."""
        self.values += sample.values
        for name, score in sample.scores.items():
            self.scores.setdefault(name, []).append(score)

    @property
    def runs(self) -> bool:
        """Whether the contender is installed and has not failed."""
        return not self.missing and self.error is None

    @property
    def median(self) -> float | None:
        """The median of all values, or None if there are none."""
        return statistics.median(self.values) if self.runs and self.values else None


def run(case: Case, setting: Setting, rounds: int) -> list[Row]:
    """Run a warm-up round of each contender, then measure in turn: A B C A B C ...

    Parameters
    ----------
    case : Case
    setting : Setting
    rounds : int

    Returns
    -------
    list of Row
        One per contender, including those that are not installed or failed.
    """
    rows = [Row(contender, _missing(contender)) for contender in case.contenders]
    workers: dict[str, Worker] = {}
    try:
        for row in rows:
            sample = _round(row, case, setting, workers, seed=0)
            row.first = sample.first if sample else None
        for seed in range(1, rounds + 1):
            for row in rows:
                if sample := _round(row, case, setting, workers, seed):
                    row.add(sample)
    finally:
        for worker in workers.values():
            worker.close()
    return rows


def _missing(contender: Contender) -> tuple[str, ...]:
    return tuple(name for name in contender.needs if importlib.util.find_spec(name) is None)


def _round(
    row: Row, case: Case, setting: Setting, workers: dict[str, Worker], seed: int
) -> Sample | None:
    name = row.contender.name
    if not row.runs:
        return None
    if name not in workers:
        workers[name] = Worker(row.contender.make, setting)
    try:
        return workers[name].measure(seed)
    except WorkerError as error:
        row.error = str(error).strip()
    finally:
        if case.fresh or row.error:
            workers.pop(name).close()
    return None
