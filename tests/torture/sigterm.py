"""Interrupt processes in training by SIGTERM and Ctrl-C, and resume what they have saved."""

from __future__ import annotations

import signal
import tempfile
import time
import warnings
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from skconv.network.weight_files import SUFFIXES
from skconv.training.checkpoint_files import read_checkpoint

from .children import Child, Report, run_in_two, temporary_files
from .figures import Figures, figure
from .trainings import CASES, STEPS, differences, train

SIGNALS = (signal.SIGTERM, signal.SIGINT)

UNCHANGED = ("no handler", "AdjustVariable", "ReduceLROnPlateau", "own callable")
"""Cases whose handlers leave the weights alone at the end of a training."""


@dataclass
class SigtermFigures(Figures):
    """What came of interrupting trainings."""

    signals: int = figure("signals", at_least=1)
    during_writes: int = figure("of them while a checkpoint was written")
    killed: int = figure("processes that did not end as if trained", at_most=0)
    unreadable: int = figure("unreadable files", at_most=0)
    lost: int = figure("epochs lost beyond the last checkpoint", at_most=0)
    disagreeing: int = figure("nets that disagree with their history or file", at_most=0)
    different: int = figure("trainings that ended otherwise than without signals", at_most=0)
    leftovers: int = figure("temporary files left", at_most=0)


def sigterm(count: int, seed: int) -> SigtermFigures:
    """Interrupt trainings with all handlers and both formats, and compare them with whole ones."""
    cases = list(product(CASES, SUFFIXES))
    seeds = np.random.SeedSequence(seed).spawn(count)
    figures = SigtermFigures()
    arguments = [(*cases[i % len(cases)], i % 2, own) for i, own in enumerate(seeds)]
    for found in run_in_two(_interrupt, arguments):
        figures.add(found)
    return figures


def _train(report: Report, case: str, path: Path, first: bool) -> None:
    """Train, and report what was warned of and how SIGTERM is handled afterwards."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        train(report, case, path, first)
    # an interrupt between opening a file and its use leaves it to Python to close it
    seen = [one for one in caught if not issubclass(one.category, ResourceWarning)]
    report([str(warning.message) for warning in seen])
    report(signal.getsignal(signal.SIGTERM) == signal.SIG_DFL)


def _interrupt(case: str, suffix: str, kind: int, seed: np.random.SeedSequence) -> SigtermFigures:
    """Interrupt a training once, resume it, and compare it with one that was not interrupted."""
    rng, figures = np.random.default_rng(seed), SigtermFigures()
    first, during_write = bool(rng.integers(2)), bool(rng.integers(2))
    name = f"{case}, {suffix}, {SIGNALS[kind].name}, checkpoint {'first' if first else 'last'}"
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as other:
        path = Path(folder) / f"interrupted{suffix}"
        found: list[Any] = []
        while not found or len(found[-2]) == 0:  # it was faster than the signal
            path.unlink(missing_ok=True)
            child = Child(_train, case, path, first)
            # the first report comes before the training, and the second after its first epoch
            reports = [child.receive() for _ in range(int(rng.integers(2, 12)))]
            while during_write and child.process.is_alive() and not temporary_files(path.parent):
                time.sleep(5e-5)
            time.sleep(rng.exponential(0.001) if during_write else rng.uniform(0, 0.05))
            in_write = bool(temporary_files(path.parent))
            child.signal(SIGNALS[kind])
            left, status = child.end()
            found = [*reports, *left]
            if status != 0 or len(found) < 3 or not isinstance(found[-3], dict):
                figures.killed += 1
                figures.note(f"{name}: exit status {status} after {found}")
                return figures
        figures.signals += 1
        figures.during_writes += in_write
        figures.leftovers += len(temporary_files(path.parent))
        *epochs, net, warned, is_default = found
        _check(figures, name, path, max(epochs), net, warned, case)
        figures.killed += not is_default
        whole, resumed = (
            Child(train, case, where, first).end()[0][-1]
            for where in (Path(other) / path.name, path)
        )
        if not isinstance(resumed, dict) or differences(whole, resumed):
            figures.different += 1
            figures.note(f"{name}: {resumed if isinstance(resumed, str) else 'resumed otherwise'}")
    return figures


def _check(
    figures: SigtermFigures,
    name: str,
    path: Path,
    reported: int,
    net: dict[str, Any],
    warned: list[str],
    case: str,
) -> None:
    """Compare what a net has learned with its history, its file and its warning."""
    epoch, step, rows = net["counts"]
    told = f"training was interrupted after {rows} epochs; the weights learned so far are kept"
    agree = warned == [told] and epoch == rows
    agree &= step // STEPS in (epoch, epoch + 1) and bool(np.isfinite(net["predictions"]).all())
    saved = 0
    if path.exists():
        try:
            file = read_checkpoint(path)
        except (ValueError, OSError) as error:
            figures.unreadable += 1
            figures.note(f"{name}: {error}")
            return
        saved = len(file.history)
        weights = [array for key, array in file.arrays.items() if key.startswith("params")]
        if case in UNCHANGED and step == file.arrays["step"]:
            kept = {one.tobytes() for one in net["weights and states"]}
            agree &= {one.tobytes() for one in weights} <= kept
    agree &= saved in (rows - 1, rows)
    figures.lost += max(reported - saved, 0)
    if not agree:
        figures.disagreeing += 1
        figures.note(f"{name}: {net['counts']} with {saved} epochs in the file, warned {warned}")
