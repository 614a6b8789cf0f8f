"""Interrupt trainings at moments at which Ctrl-C may come, function by function."""

from __future__ import annotations

import signal
import sys
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import skconv
from skconv import NeuralNet
from skconv.handlers import Checkpoint, EarlyStopping, RememberBestWeights, RestoreBestWeights
from skconv.training.checkpoint_files import read_checkpoint

from .children import temporary_files
from .figures import Figures, figure
from .full_disk import LAYERS, X, y

ROOT = str(Path(skconv.__file__).parent)


@dataclass
class InterruptFigures(Figures):
    """What came of interrupting trainings."""

    interrupts: int = figure("interrupts", at_least=1)
    returned: int = figure("of them ended the training with a warning")
    errors: int = figure("other errors", at_most=0)
    disagreeing: int = figure("nets that disagree with their history", at_most=0)
    useless: int = figure("nets that neither predict nor train on", at_most=0)
    unreadable: int = figure("unreadable files", at_most=0)
    leftovers: int = figure("temporary files left", at_most=0)
    signals: int = figure("trainings that left SIGTERM as they had set it", at_most=0)


class Interrupt:
    """A function for `sys.setprofile` that raises `KeyboardInterrupt` once.

    Python handles signals where functions are called and return, as it calls this.

    Parameters
    ----------
    left : int
        Number of such moments in skconv's files until then.
    """

    def __init__(self, left: int) -> None:
        self.left = left
        self.place = ""

    def __call__(self, frame: Any, event: str, argument: Any) -> None:
        if not frame.f_code.co_filename.startswith(ROOT):
            return
        self.left -= 1
        if self.left == 0:
            name = frame.f_code.co_filename.removeprefix(ROOT)
            self.place = f"{event} in {frame.f_code.co_name}, {name}, line {frame.f_lineno}"
            sys.setprofile(None)
            raise KeyboardInterrupt


def make_net(path: Path) -> NeuralNet:
    """Return a net that goes on at each fit, with handlers that restore weights at the end."""
    return NeuralNet(
        layers=LAYERS,
        hidden_num_units=8,
        batch_iterator_train=16,
        random_state=0,
        max_epochs=2,
        warm_start=True,
        on_epoch_finished=[
            Checkpoint(path, verbose=0),  # begins first, which takes long
            *(RememberBestWeights(verbose=0), EarlyStopping(verbose=0)),
        ],
        on_training_finished=RestoreBestWeights(),
    )


def interrupts(count: int, seed: int) -> InterruptFigures:
    """Interrupt first and second trainings, at moments that are spread evenly."""
    rng, figures = np.random.default_rng(seed), InterruptFigures()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        moments = [_moments(fits) for fits in (0, 1)]
        for number in range(count):
            fits = number % 2
            moment = int((number + rng.random()) * moments[fits] / count) + 1
            with tempfile.TemporaryDirectory() as folder:
                _interrupt(figures, Path(folder) / "training.npz", fits, moment)
    return figures


def _moments(fits: int) -> int:
    """Return the number of moments of a training."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "training.npz"
        make_net(path).fit(X, y).fit(X, y)  # so that all is compiled
        path.unlink()
        net = make_net(path)
        for _ in range(fits):
            net.fit(X, y)
        most = sys.maxsize
        interrupt = Interrupt(most)
        sys.setprofile(interrupt)
        try:
            net.fit(X, y)
        finally:
            sys.setprofile(None)
    return most - interrupt.left


def _interrupt(figures: InterruptFigures, path: Path, fits: int, moment: int) -> None:
    """Interrupt a training, and look at the net and its file."""
    net = make_net(path)
    for _ in range(fits):
        net.fit(X, y)
    interrupt = Interrupt(moment)
    sys.setprofile(interrupt)
    try:
        net.fit(X, y)
        figures.returned += 1
    except KeyboardInterrupt:
        pass
    except BaseException as error:
        figures.errors += 1
        figures.note(f"{interrupt.place}: {type(error).__name__}: {error}")
    finally:
        sys.setprofile(None)
    figures.interrupts += bool(interrupt.place)
    handler = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    problems = {
        "signals": handler != signal.SIG_DFL,
        "leftovers": bool(temporary_files(path.parent)),
        "unreadable": path.exists() and not _is_readable(path),
        "disagreeing": hasattr(net, "_model") and net._model.epoch != len(net.train_history_),
        "useless": not _is_useful(net, fits),
    }
    for name, found in problems.items():
        if found:
            setattr(figures, name, getattr(figures, name) + 1)
            figures.note(f"{interrupt.place}: {name}")


def _is_readable(path: Path) -> bool:
    try:
        return bool(read_checkpoint(path).history)
    except (ValueError, OSError):
        return False


def _is_useful(net: NeuralNet, fits: int) -> bool:
    """Return whether a net that was fitted predicts, and whether it trains on."""
    try:
        if fits and not np.isfinite(net.predict_proba(X)).all():
            return False
        before = len(net.train_history_) if hasattr(net, "_model") else 0
        return len(net.fit(X, y).train_history_) > before
    except Exception:
        return False
