"""Measure the contenders of a case in turn."""

from __future__ import annotations

import importlib.util
import statistics
from dataclasses import dataclass, field

from .case import Case, Contender, Sample, Setting
from .worker import Worker, WorkerError


@dataclass
class Row:
    """What a contender has shown."""

    contender: Contender
    missing: tuple[str, ...] = ()
    error: str | None = None
    first: float | None = None
    values: list[float] = field(default_factory=list)
    scores: dict[str, list[float]] = field(default_factory=dict)

    def add(self, sample: Sample) -> None:
        """Take in a round."""
        self.values += sample.values
        for name, score in sample.scores.items():
            self.scores.setdefault(name, []).append(score)

    @property
    def runs(self) -> bool:
        """Whether the contender is here and well."""
        return not self.missing and self.error is None

    @property
    def median(self) -> float | None:
        """Of all values, or None without any."""
        return statistics.median(self.values) if self.runs and self.values else None


def run(case: Case, setting: Setting, rounds: int) -> list[Row]:
    """Warm everybody up, then measure A B C A B C ...

    Parameters
    ----------
    case : Case
    setting : Setting
    rounds : int

    Returns
    -------
    list of Row
        One for each contender; those that are missing or failed say so.
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
