"""Handlers that save, remember and restore the weights."""

from __future__ import annotations

import datetime
import math
import os
import pickle
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ..network.weight_files import check_suffix
from ..ops.processes import is_first
from ..training.history import Row
from ..utils import checks
from ..utils.checks import as_list, flag, one_of, or_none, positive, text, verbosity
from ..utils.files import atomic_write, check_writable
from .base import NO_HASH, Columns, Handler, hash_of
from .monitor import MODES, MonitoringHandler, direction_of
from .terminal import say

__all__ = ["RememberBestWeights", "RestoreBestWeights", "SaveWeights"]


class SaveWeights(MonitoringHandler):
    """Handler that saves the weights to a file.

    Pass it as ``on_epoch_finished``.

    Parameters
    ----------
    path : str or path
        File to write, ending in ``.safetensors`` or ``.npz``; may contain the placeholders
        ``{epoch}``, ``{loss}``, which is the monitored value, ``{timestamp}``, and ``{hash}``,
        twelve characters that differ from training to training, for searches and
        cross-validation.
    every_n_epochs : int
        Epochs from one file to the next.
    only_best : bool
        Whether to save only after epochs that are better than all before.
    pickle : bool
        Whether to pickle the whole net instead, to a path with any ending. Load only pickles that
        you trust, as loading one runs code.
    verbose : int
        Whether to print the path of each file.
    monitor : str
        Column of the history that `only_best` compares; ``'valid_loss'`` stands for the training
        loss without a validation set.
    mode : {'auto', 'min', 'max'}
        Whether smaller or larger values are better. By default the name of the column decides, as
        in `EarlyStopping`.

    Raises
    ------
    ValueError
        For invalid parameters, such as a path with another ending or placeholder; before training,
        if the history will not have the column, or if its direction is not known; and in skconv's
        searches and ensembles, if `path` lacks ``{hash}``.
    OSError
        Before training, if the folder does not exist, or the file may not be written to.

    Examples
    --------
    >>> SaveWeights('weights-{epoch}.npz', only_best=True).path
    'weights-{epoch}.npz'
    """

    allowed_in = ("on_epoch_finished", "on_training_finished")
    _hash = NO_HASH
    parameter_checks = {
        "path": checks.path,
        "every_n_epochs": positive,
        "only_best": flag,
        "pickle": flag,
        "verbose": verbosity,
        "monitor": text,
        "mode": one_of(*MODES),
    }

    def __init__(
        self,
        path: str | os.PathLike[str],
        every_n_epochs: int = 1,
        only_best: bool = False,
        pickle: bool = False,
        verbose: int = 0,
        monitor: str = "valid_loss",
        mode: Literal["auto", "min", "max"] = "auto",
    ) -> None:
        self.path = path
        self.every_n_epochs = every_n_epochs
        self.only_best = only_best
        self.pickle = pickle
        self.verbose = verbose
        self.monitor = monitor
        self.mode = mode
        self.check_parameters()
        self.reset()

    def check_parameters(self) -> None:
        """Raise `ValueError` for invalid parameters, or a path with another ending."""
        super().check_parameters()
        path = self._formatted(0.0, 1)
        if not self.pickle:
            check_suffix(Path(path))

    def check(self, net: Any, columns: Columns) -> None:
        """Find the column; raise `OSError` if the file cannot be written."""
        super().check(net, columns)
        if is_first():
            check_writable(self._formatted(0.0, 1))

    def check_several(self) -> None:
        """Raise `ValueError` if all trainings would write the same files."""
        self.check_path("path", self.path)

    def begin(self, net: Any, train_history: list[Row]) -> None:
        """Note the characters that tell the training from others, before its first step."""
        self._hash = hash_of(net, self.path)

    def _monitored(self) -> tuple[str, str, str]:
        if self.mode == "auto" and not self.only_best:
            return "monitor", self.monitor, "min"  # the file name has the value, nothing compares
        return super()._monitored()

    def _formatted(self, value: float, epoch: int) -> str:
        timestamp = datetime.datetime.now().strftime("%Y-%m-%d-%H-%M-%S")
        path = os.fspath(self.path)
        try:
            return path.format(
                loss=value, timestamp=timestamp, epoch=_Epoch(epoch), hash=self._hash
            )
        except (KeyError, IndexError, ValueError) as error:
            raise ValueError(
                f"{type(self).__name__}: path must have no placeholders but {{epoch}}, {{loss}}, "
                f"{{timestamp}} and {{hash}}, got {path!r}"
            ) from error

    def __call__(self, net: Any, train_history: list[Row]) -> None:
        """Write the file if the epoch asks for it."""
        row = train_history[-1]
        if row["epoch"] % self.every_n_epochs or not is_first():
            return
        value = self.read(row)
        if self.only_best and not self._is_best(value, train_history[:-1]):
            return
        path = self._formatted(value, row["epoch"])
        if self.verbose:
            say(f"Writing {path}")
        if not self.pickle:
            net.save_params_to(path)
            return
        with atomic_write(path) as temporary, open(temporary, "wb") as file:
            pickle.dump(net, file)

    def _is_best(self, value: float, before: list[Row]) -> bool:
        assert self.watched is not None
        values = [row.get(self.watched.column, math.nan) for row in before]
        known = [other for other in values if not math.isnan(other)]
        return all(self.is_better(value, best) for best in known or [None])


class _Epoch(int):
    """The number of an epoch, by default with four digits, so that files are listed in order."""

    def __format__(self, spec: str) -> str:
        return super().__format__(spec or "04d")


class RememberBestWeights(MonitoringHandler):
    """Handler that keeps the weights of the best epoch in memory.

    Pass it as ``on_epoch_finished``, and its attribute `restore` as ``on_training_finished`` to
    restore these weights at the end. It remembers across trainings that continue one another, until
    other weights are loaded.

    Parameters
    ----------
    loss : str
        Column of the history to minimize; ``'valid_loss'`` stands for the training loss if there is
        no validation set.
    score : str, optional
        Column of the history to maximize instead.
    verbose : int
        Whether `restore` prints the best epoch.
    monitor : str, optional
        Column of the history to minimize or maximize, as `mode` says, in place of `loss` and
        `score`.
    mode : {'auto', 'min', 'max'}
        Whether smaller or larger values of `monitor` are better. By default the name of the column
        decides, as in `EarlyStopping`.

    Attributes
    ----------
    best_weights : dict or None
        Weights after the best epoch.
    best_weights_loss : float or None
        Loss or score of this epoch.
    best_weights_epoch : int or None

    Raises
    ------
    ValueError
        For invalid parameters; and before training, if the history will not have the column, if its
        direction is not known, or if `loss` is the name of a score or `score` that of a loss.

    Examples
    --------
    >>> remember = RememberBestWeights(score='valid_accuracy')
    >>> handlers = dict(on_epoch_finished=[remember], on_training_finished=[remember.restore])
    """

    allowed_in = ("on_epoch_finished",)
    parameter_checks = {
        "loss": text,
        "score": or_none(text),
        "verbose": verbosity,
        "monitor": or_none(text),
        "mode": one_of(*MODES),
    }

    def __init__(
        self,
        loss: str = "valid_loss",
        score: str | None = None,
        verbose: int = 1,
        monitor: str | None = None,
        mode: Literal["auto", "min", "max"] = "auto",
    ) -> None:
        self.loss = loss
        self.score = score
        self.verbose = verbose
        self.monitor = monitor
        self.mode = mode
        self.restore = RestoreBestWeights(self)
        self.check_parameters()
        self.reset()

    def check_parameters(self) -> None:
        """Raise `ValueError` for invalid parameters."""
        super().check_parameters()
        if self.monitor is None and self.mode != "auto":
            raise ValueError(
                f"{type(self).__name__}: mode must be 'auto' without monitor, got {self.mode!r}; "
                f"write monitor={self.score or self.loss!r}, mode={self.mode!r}"
            )
        wrong, other = ("min", "loss") if self.score is not None else ("max", "score")
        argument, name, _ = self._monitored()
        if argument != "monitor" and direction_of(name) == wrong:
            raise ValueError(
                f"{type(self).__name__}: {argument} must be a column to "
                f"{'minimize' if argument == 'loss' else 'maximize'}, got {name!r}; "
                f"write {other}={name!r}"
            )

    def reset(self) -> None:
        """Forget the weights."""
        super().reset()
        self._forget()

    def _forget(self) -> None:
        self.best_weights: Any = None
        self.best_weights_loss: float | None = None
        self.best_weights_epoch: int | None = None

    def _monitored(self) -> tuple[str, str, str]:
        if self.monitor is not None:
            return super()._monitored()
        return ("loss", self.loss, "min") if self.score is None else ("score", self.score, "max")

    def check(self, net: Any, columns: Columns) -> None:
        """Find the column; forget the weights if it is another one than before."""
        before = self.watched
        super().check(net, columns)
        if before not in (None, self.watched):
            self._forget()

    def begin(self, net: Any, train_history: list[Row]) -> None:
        """Forget the weights if the net has got others by `load_params_from`."""
        if self.best_weights is None or not net._fitted().model.loaded:
            return
        if not _equal(self.best_weights, net.get_all_params_values()):
            self._forget()

    def __call__(self, net: Any, train_history: list[Row]) -> None:
        """Keep the weights if the epoch is the best so far."""
        row = train_history[-1]
        value = self.read(row)
        if self.is_better(value, self.best_weights_loss):
            self.best_weights = net.get_all_params_values()
            self.best_weights_loss = value
            self.best_weights_epoch = row["epoch"]


class RestoreBestWeights(Handler):
    """Handler that loads the weights kept by a `RememberBestWeights`.

    Pass it as ``on_training_finished``.

    Parameters
    ----------
    remember : RememberBestWeights, optional
        By default the only one in ``on_epoch_finished`` of the net.

    Raises
    ------
    ValueError
        If `remember` is something else; and before training, if it is omitted, and
        ``on_epoch_finished`` does not have exactly one.

    Examples
    --------
    >>> handlers = dict(
    ...     on_epoch_finished=[RememberBestWeights()], on_training_finished=[RestoreBestWeights()]
    ... )
    """

    allowed_in = ("on_training_finished",)
    resumes = False

    def __init__(self, remember: RememberBestWeights | None = None) -> None:
        if not isinstance(remember, RememberBestWeights | None):
            raise ValueError(
                f"{type(self).__name__}: remember must be a RememberBestWeights, got {remember!r}"
            )
        self.remember = remember

    def check(self, net: Any, columns: Columns) -> None:
        """Raise `ValueError` if the net does not have the handler that remembers."""
        super().check(net, columns)
        self._source(net)

    def _source(self, net: Any) -> RememberBestWeights:
        if self.remember is not None:
            return self.remember
        given = as_list(net.get_params(deep=False)["on_epoch_finished"])
        found = [handler for handler in given if isinstance(handler, RememberBestWeights)]
        if len(found) != 1:
            raise ValueError(
                f"{type(self).__name__}: remember must be given unless on_epoch_finished has one "
                f"RememberBestWeights, got {len(found)} of them"
            )
        return found[0]

    def __call__(self, net: Any, train_history: list[Row]) -> None:
        """Load the weights into the net, if any were kept."""
        best = self._source(net)
        if best.best_weights is None:
            return
        net._fitted().model.load(best.best_weights)
        if best.verbose:
            name = best.monitor or best.score or best.loss
            say(
                f"Loaded best weights from epoch {best.best_weights_epoch} "
                f"where {name} was {best.best_weights_loss:.6f}"
            )


def _equal(weights: dict[str, Any], others: dict[str, Any]) -> bool:
    return weights.keys() == others.keys() and all(
        np.array_equal(one, other)
        for layer in weights
        for one, other in zip(weights[layer], others[layer], strict=True)
    )
