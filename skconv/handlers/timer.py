"""Time limit on training."""

from __future__ import annotations

import time
from typing import Any

from ..training.history import Row
from ..utils.checks import above_zero, verbosity
from .base import Handler
from .terminal import say

__all__ = ["Timer"]


class Timer(Handler):
    """Handler that ends training after a time limit.

    Pass it as ``on_epoch_finished``, or as ``on_batch_finished`` to check the time after each
    batch; an epoch interrupted that way gets no row in the history.

    Parameters
    ----------
    seconds : float
        Time limit of a call to `fit`, including compilation.
    verbose : int
        Whether to print a message at the end.

    Examples
    --------
    >>> handler = Timer(3600)
    """

    allowed_in = ("on_batch_finished", "on_epoch_finished")
    parameter_checks = {"seconds": above_zero, "verbose": verbosity}

    def __init__(self, seconds: float, verbose: int = 1) -> None:
        self.seconds = seconds
        self.verbose = verbose
        self.check_parameters()
        self.reset()

    def reset(self) -> None:
        """Stop the clock."""
        self.began: float | None = None

    def get_state(self) -> dict[str, Any]:
        """Return nothing: the time limit is that of one call to `fit`."""
        return {}

    def begin(self, net: Any, train_history: list[Row]) -> None:
        """Start the clock."""
        self.began = time.perf_counter()

    def __call__(self, net: Any, train_history: list[Row]) -> None:
        """End the training if the time limit is reached."""
        assert self.began is not None
        if time.perf_counter() - self.began < self.seconds:
            return
        if self.verbose:
            say(f"Reached the time limit after {len(train_history)} epochs.")
        raise StopIteration

    def end(self, net: Any, train_history: list[Row]) -> None:
        """Stop the clock."""
        self.reset()
