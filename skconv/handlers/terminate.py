"""Termination of training at NaN or infinity."""

from __future__ import annotations

import math
from typing import Any

from ..errors import did_you_mean
from ..training.history import Row
from ..utils.checks import or_none, text, verbosity
from .base import Columns, Handler
from .terminal import say

__all__ = ["TerminateOnNaN"]


class TerminateOnNaN(Handler):
    """Handler that ends training when a value in the history is NaN or infinite.

    Pass it as ``on_epoch_finished``. Even without it, training ends with a warning and the last
    good weights when the training loss or a weight is NaN or infinite; this handler also checks
    the validation loss and the scores.

    Parameters
    ----------
    monitor : str, optional
        Key of the history to check; by default all keys except those that were NaN in the first
        epoch, such as the validation loss without a validation set.
    verbose : int
        Whether to print a message at the end.

    Attributes
    ----------
    found : str or None
        Key of the value that ended the training.

    Examples
    --------
    >>> handler = TerminateOnNaN()
    """

    allowed_in = ("on_epoch_finished",)
    parameter_checks = {"monitor": or_none(text), "verbose": verbosity}

    def __init__(self, monitor: str | None = None, verbose: int = 1) -> None:
        self.monitor = monitor
        self.verbose = verbose
        self.check_parameters()
        self.reset()

    def reset(self) -> None:
        """Forget the value that ended the previous training."""
        self.found: str | None = None

    def check(self, net: Any, columns: Columns) -> None:
        """Check that the history will have the column."""
        super().check(net, columns)
        if self.monitor is not None and self.monitor not in columns:
            raise ValueError(
                f"{type(self).__name__}: monitor must be a column of the history, got "
                f"{self.monitor!r}.{did_you_mean(self.monitor, columns)}"
            )

    def __call__(self, net: Any, train_history: list[Row]) -> None:
        """End the training if a value is not finite."""
        first, row = train_history[0], train_history[-1]
        keys = [key for key in row if not math.isnan(first.get(key, 0.0))]
        if self.monitor is not None:
            keys = [self.monitor]
        self.found = next((key for key in keys if not math.isfinite(row[key])), None)
        if self.found is None:
            return
        if self.verbose:
            say(f"{self.found} is {row[self.found]} in epoch {row['epoch']}; ending training.")
        raise StopIteration
