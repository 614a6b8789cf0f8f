"""Handlers that save, remember, restore and log the weights."""

from __future__ import annotations

import csv
import datetime
import math
import os
import pickle
from typing import Any

import numpy as np

from ..training.history import Row, monitored
from ..utils.files import atomic_write
from .base import Handler

__all__ = ["RememberBestWeights", "RestoreBestWeights", "SaveWeights", "WeightLog"]


class SaveWeights(Handler):
    """Handler that saves the weights to a file.

    Pass it as ``on_epoch_finished``.

    Parameters
    ----------
    path : str or path
        File to write, ending in ``.safetensors`` or ``.npz``; may contain the placeholders
        ``{epoch}``, ``{loss}`` and ``{timestamp}``.
    every_n_epochs : int
        Epochs from one file to the next.
    only_best : bool
        Whether to save only after epochs with the lowest loss so far.
    pickle : bool
        Whether to pickle the whole net instead, to a path with any ending.
    verbose : int
        Whether to print the path of each file.

    Examples
    --------
    >>> SaveWeights('weights-{epoch}.npz', only_best=True).path
    'weights-{epoch}.npz'
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        every_n_epochs: int = 1,
        only_best: bool = False,
        pickle: bool = False,
        verbose: int = 0,
    ) -> None:
        self.path = path
        self.every_n_epochs = every_n_epochs
        self.only_best = only_best
        self.pickle = pickle
        self.verbose = verbose

    def __call__(self, net: Any, train_history: list[Row]) -> None:
        """Write the file if the epoch asks for it."""
        row = train_history[-1]
        if row["epoch"] % self.every_n_epochs:
            return
        loss = monitored(row)
        if self.only_best and loss > min(map(monitored, train_history)):
            return
        path = os.fspath(self.path).format(
            loss=loss,
            timestamp=datetime.datetime.now().strftime("%Y-%m-%d-%H-%M-%S"),
            epoch=f"{row['epoch']:04d}",
        )
        if self.verbose:
            print(f"Writing {path}")
        if not self.pickle:
            net.save_params_to(path)
            return
        with atomic_write(path) as temporary, open(temporary, "wb") as file:
            pickle.dump(net, file)


class RememberBestWeights(Handler):
    """Handler that keeps the weights of the best epoch in memory.

    Pass it as ``on_epoch_finished``, and its attribute `restore` as ``on_training_finished`` to
    restore these weights at the end.

    Parameters
    ----------
    loss : str
        Key of the history to minimize; ``'valid_loss'`` stands for the training loss if there is
        no validation set.
    score : str, optional
        Key of the history to maximize instead.
    verbose : int
        Whether `restore` prints the best epoch.

    Examples
    --------
    >>> remember = RememberBestWeights(score='valid_accuracy')
    >>> handlers = dict(on_epoch_finished=[remember], on_training_finished=[remember.restore])
    """

    def __init__(
        self, loss: str = "valid_loss", score: str | None = None, verbose: int = 1
    ) -> None:
        self.loss = loss
        self.score = score
        self.verbose = verbose
        self.restore = RestoreBestWeights(self)
        self.reset()

    def reset(self) -> None:
        """Forget the weights."""
        self.best_weights: Any = None
        self.best_weights_loss = math.inf
        self.best_weights_epoch: int | None = None

    def __call__(self, net: Any, train_history: list[Row]) -> None:
        """Keep the weights if the epoch is the best so far."""
        row = train_history[-1]
        loss = monitored(row, self.loss) if self.score is None else -row[self.score]
        if loss < self.best_weights_loss:
            self.best_weights = net.get_all_params_values()
            self.best_weights_loss = loss
            self.best_weights_epoch = row["epoch"]


class RestoreBestWeights(Handler):
    """Handler that loads the weights kept by a `RememberBestWeights`.

    Pass it as ``on_training_finished``.

    Parameters
    ----------
    remember : RememberBestWeights
    """

    def __init__(self, remember: RememberBestWeights) -> None:
        self.remember = remember

    def __call__(self, net: Any, train_history: list[Row]) -> None:
        """Load the weights into the net, if any were kept."""
        best = self.remember
        if best.best_weights is None:
            return
        net.load_params_from(best.best_weights)
        if best.verbose:
            value = best.best_weights_loss * (-1 if best.score else 1)
            print(
                f"Loaded best weights from epoch {best.best_weights_epoch} "
                f"where {best.score or best.loss} was {value:.6f}"
            )


class WeightLog(Handler):
    """Handler that records the size of the weights and of their changes.

    Pass it as ``on_batch_finished`` or ``on_epoch_finished``.

    Parameters
    ----------
    save_to : str or path, optional
        CSV file for the records.
    write_every : int
        Number of records to write at a time.

    Attributes
    ----------
    history : list of dict
        For the i-th parameter of each layer, ``'<layer>_<i> wdiff'`` (mean absolute change since
        the previous record), ``'<layer>_<i> wabsmean'`` (mean absolute value) and
        ``'<layer>_<i> wmean'`` (mean).
    """

    def __init__(self, save_to: str | os.PathLike[str] | None = None, write_every: int = 8) -> None:
        self.save_to = save_to
        self.write_every = write_every
        self.reset()

    def reset(self) -> None:
        """Start with an empty list of records."""
        self.history: list[dict[str, float]] = []
        self.last_weights: dict[str, Any] | None = None

    def __call__(self, net: Any, train_history: list[Row]) -> None:
        """Record the current weights."""
        weights = net.get_all_params_values()
        before = weights if self.last_weights is None else self.last_weights
        entry = {}
        for layer in weights:
            for i, (old, new) in enumerate(zip(before[layer], weights[layer], strict=True)):
                entry[f"{layer}_{i} wdiff"] = float(np.abs(new - old).mean())
                entry[f"{layer}_{i} wabsmean"] = float(np.abs(new).mean())
                entry[f"{layer}_{i} wmean"] = float(new.mean())
        self.history.append(entry)
        self.last_weights = weights
        if self.save_to is not None and len(self.history) % self.write_every == 0:
            self._write(self.history[-self.write_every :], self.save_to)

    def _write(self, entries: list[dict[str, float]], path: str | os.PathLike[str]) -> None:
        first = len(self.history) == len(entries)
        with open(path, "w" if first else "a", newline="") as file:
            writer = csv.DictWriter(file, list(entries[0]))
            if first:
                writer.writeheader()
            writer.writerows(entries)
