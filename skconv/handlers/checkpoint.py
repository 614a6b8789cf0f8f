"""Checkpoints from which a training that was cut off goes on."""

from __future__ import annotations

import os
from typing import Any

from ..checkpoints import load_checkpoint, save_checkpoint
from ..history import Row
from .base import Handler

__all__ = ["Checkpoint"]


class Checkpoint(Handler):
    """Write all that training needs to go on, and go on from there.

    Pass it as ``on_epoch_finished``, before other handlers. A `fit` that finds the file goes on
    from it, up to `max_epochs` in all, and ends with the same weights, bit for bit, as one that was
    never cut off. `SaveWeights` writes weights alone.

    Parameters
    ----------
    path : str or path
        File to write, which ends in ``.safetensors`` or ``.npz``. It is replaced whole, so that
        there is always a good one.
    every_n_epochs : int
    resume : bool
        Whether a fresh `fit` goes on from the file where there is one.
    verbose : int

    Raises
    ------
    ValueError
        By `fit`, where the file belongs to another network, another update or another
        `random_state`; that has to be a whole number.

    Examples
    --------
    >>> handler = Checkpoint('training.safetensors', every_n_epochs=5)
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        every_n_epochs: int = 1,
        resume: bool = True,
        verbose: int = 1,
    ) -> None:
        self.path = path
        self.every_n_epochs = every_n_epochs
        self.resume = resume
        self.verbose = verbose

    def begin(self, net: Any, train_history: list[Row]) -> None:
        """Go on from the file, unless training goes on from something else."""
        if not self.resume or train_history or not os.path.exists(self.path):
            return
        train_history += load_checkpoint(net._model, self.path)
        if self.verbose:
            print(f"Going on from epoch {len(train_history)} in {os.fspath(self.path)}.")

    def __call__(self, net: Any, train_history: list[Row]) -> None:
        """Write the file, if it is time to."""
        if train_history[-1]["epoch"] % self.every_n_epochs == 0:
            save_checkpoint(net._model, train_history, self.path)
