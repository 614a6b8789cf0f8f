"""Kill processes in training, half of them while they write a checkpoint, and resume."""

from __future__ import annotations

import signal
import tempfile
import time
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from skconv.network.weight_files import SUFFIXES
from skconv.training.checkpoint_files import read_checkpoint

from .children import Child, run_in_two, temporary_files
from .figures import Figures, figure
from .trainings import CASES, differences, train

KILLS = 4
"""Most kills of a training before it is resumed to its end."""


@dataclass
class KillFigures(Figures):
    """What came of killing trainings."""

    kills: int = figure("kills", at_least=1)
    during_writes: int = figure("of them while a checkpoint was written")
    trainings: int = figure("trainings", at_least=1)
    unreadable: int = figure("unreadable files", at_most=0)
    lost: int = figure("epochs lost beyond the last checkpoint", at_most=0)
    ignored: int = figure("epochs of a file not resumed", at_most=0)
    different: int = figure("trainings that ended otherwise than without kills", at_most=0)
    leftovers: int = figure("temporary files left after the next write", at_most=0)
    errors: int = figure("errors", at_most=0)


def kills(count: int, seed: int) -> KillFigures:
    """Kill trainings with all handlers and both formats, and compare them with whole ones."""
    cases = list(product(CASES, SUFFIXES))
    each = min(KILLS, -(-count // len(SUFFIXES)))
    seeds = np.random.SeedSequence(seed).spawn(-(-count // each))
    chosen = [cases[i % len(cases)] for i in range(len(seeds))]
    figures = KillFigures()
    arguments = [(*case, each, own) for case, own in zip(chosen, seeds, strict=True)]
    for found in run_in_two(_kill_several_times, arguments):
        figures.add(found)
    return figures


def _kill_several_times(
    case: str, suffix: str, kills: int, seed: np.random.SeedSequence
) -> KillFigures:
    """Train once without kills, and once with some."""
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as folder:
        training = _Training(case, Path(folder) / f"killed{suffix}", rng)
        whole = training.train_whole()
        while training.figures.kills < kills and not training.figures.errors:
            training.kill()
        training.compare(whole)
    return training.figures


class _Training:
    """A training that is killed and resumed.

    Parameters
    ----------
    case : str
        Of `CASES`.
    path : Path
        Of the checkpoint.
    rng : numpy.random.Generator
    """

    def __init__(self, case: str, path: Path, rng: np.random.Generator) -> None:
        self.case, self.path, self.rng = case, path, rng
        self.first = bool(rng.integers(2))
        self.figures = KillFigures()
        self.saved = 0

    def train_whole(self) -> dict[str, Any] | None:
        """Train in another folder without kills; return what is left at the end."""
        path = self.path.with_name("whole") / self.path.name
        path.parent.mkdir()
        return self._follow_to_the_end(self._start(path))

    def kill(self) -> None:
        """Start or resume the training, kill it after a few epochs, and read its file."""
        figures, rng, before = self.figures, self.rng, self.saved
        child = self._start(self.path)
        reports = [child.receive() for _ in range(int(rng.integers(1, 7)))]
        if figures.during_writes * 2 <= figures.kills:
            while child.process.is_alive() and not temporary_files(self.path.parent):
                time.sleep(5e-5)
            time.sleep(rng.exponential(0.001))
        else:
            time.sleep(rng.uniform(0, 0.05 if len(reports) > 1 else 2.0))
        child.signal(signal.SIGKILL)
        left, status = child.end()
        epochs = self._epochs([*reports, *left])
        if status == 0:  # it was faster
            self.path.unlink()
            self.saved = 0
            return
        temporary = temporary_files(self.path.parent)
        figures.kills += 1
        figures.during_writes += bool(temporary)
        if epochs:
            figures.ignored += max(before, 1) - min(epochs)
            if max(epochs) > before:
                figures.leftovers += max(len(temporary) - 1, 0)
        self._read(max(epochs, default=before))

    def compare(self, whole: dict[str, Any] | None) -> None:
        """Resume the training to its end, and compare it with one that was not killed."""
        found = self._follow_to_the_end(self._start(self.path))
        self.figures.trainings += 1
        self.figures.leftovers += len(temporary_files(self.path.parent))
        if found is None or whole is None:
            return
        differing = differences(whole, found)
        if differing:
            self.figures.different += 1
            self.figures.note(f"{self._name()}: {', '.join(differing)}")

    def _start(self, path: Path) -> Child:
        return Child(train, self.case, path, self.first)

    def _follow_to_the_end(self, child: Child) -> dict[str, Any] | None:
        reports, status = child.end()
        self._epochs(reports)
        if status == 0 and isinstance(reports[-1], dict):
            return reports[-1]
        self._note_error(f"exit status {status}")
        return None

    def _epochs(self, reports: list[Any]) -> list[int]:
        """Return the numbers of epochs among reports, and count errors."""
        for report in reports:
            if isinstance(report, str):
                self._note_error(report)
        return [report for report in reports if isinstance(report, int) and report]

    def _read(self, reported: int) -> None:
        """Read the file, which must have all epochs that were reported."""
        self.saved = 0
        if self.path.exists():
            try:
                self.saved = len(read_checkpoint(self.path).history)
            except (ValueError, OSError) as error:
                self.figures.unreadable += 1
                self.figures.note(f"{self._name()}: {error}")
        self.figures.lost += max(reported - self.saved, 0)

    def _note_error(self, text: str) -> None:
        self.figures.errors += 1
        self.figures.note(f"{self._name()}: {text}")

    def _name(self) -> str:
        place = "first" if self.first else "last"
        return f"{self.case}, {self.path.suffix}, checkpoint {place}"
