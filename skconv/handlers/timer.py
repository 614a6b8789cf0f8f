"""A limit on the time that training may take."""

from __future__ import annotations

import time
from typing import Any

from ..training.history import Row
from .base import Handler

__all__ = ["Timer"]


class Timer(Handler):
    """End training when its time is up.

    Pass it as ``on_epoch_finished``, or as ``on_batch_finished`` to look at the clock after each
    batch; the epoch that is interrupted then has no row in the history.

    Parameters
    ----------
    seconds : float
        Time for a call of `fit`, compiling included.
    verbose : int

    Examples
    --------
    >>> handler = Timer(3600)
    """

    def __init__(self, seconds: float, verbose: int = 1) -> None:
        if not seconds > 0:
            raise ValueError(f"seconds={seconds!r} is no number above 0")
        self.seconds = seconds
        self.verbose = verbose
        self.reset()

    def reset(self) -> None:
        """Stop the clock."""
        self.began: float | None = None

    def begin(self, net: Any, train_history: list[Row]) -> None:
        """Start the clock."""
        self.began = time.perf_counter()

    def __call__(self, net: Any, train_history: list[Row]) -> None:
        """End the training, if it is time to."""
        if time.perf_counter() - self.began < self.seconds:
            return
        if self.verbose:
            print(f"Time is up after {len(train_history)} epochs.")
        raise StopIteration

    def end(self, net: Any, train_history: list[Row]) -> None:
        """Stop the clock."""
        self.reset()
