"""An end of training where numbers are no longer finite."""

from __future__ import annotations

import math
from typing import Any

from ..training.history import Row
from .base import Handler

__all__ = ["TerminateOnNaN"]


class TerminateOnNaN(Handler):
    """End training when a number of the history is NaN or infinite.

    Pass it as ``on_epoch_finished``. Training always ends by itself, with a warning and the last
    good weights, where the training loss or a weight is no longer finite; this handler looks at
    the validation loss and the scores as well.

    Parameters
    ----------
    monitor : str, optional
        Key of the history to watch; by default all numbers, but those that were NaN from the
        first epoch on, such as the validation loss where there are no validation rows.
    verbose : int

    Attributes
    ----------
    found : str or None
        Key of the number that ended the training.

    Examples
    --------
    >>> handler = TerminateOnNaN()
    """

    def __init__(self, monitor: str | None = None, verbose: int = 1) -> None:
        self.monitor = monitor
        self.verbose = verbose
        self.reset()

    def reset(self) -> None:
        """Forget what ended the training before."""
        self.found: str | None = None

    def __call__(self, net: Any, train_history: list[Row]) -> None:
        """End the training, if a number is not finite."""
        first, row = train_history[0], train_history[-1]
        watched = [key for key in row if not math.isnan(first.get(key, 0.0))]
        if self.monitor is not None:
            watched = [self.monitor]
        self.found = next((key for key in watched if not math.isfinite(row[key])), None)
        if self.found is None:
            return
        if self.verbose:
            print(f"{self.found} is {row[self.found]} in epoch {row['epoch']}; training ends.")
        raise StopIteration
