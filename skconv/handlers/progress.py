"""A bar that shows how far training is."""

from __future__ import annotations

import math
import time
from typing import Any

from ..training.events import Progress
from ..training.history import Row
from .base import Logger
from .terminal import Cell, Line, in_notebook, is_seen

__all__ = ["PrintProgress"]

EVERY = 0.1
"""Seconds between two drawings."""

CELLS = 24
"""Width of the bar."""


class PrintProgress(Logger):
    """Show epochs, steps, the current loss and the time left in a line that redraws in place.

    ``verbose=1`` does so; or pass it as ``on_training_started``. It is there in terminals and in
    notebooks, and quiet where the output goes to a file. To be told of the steps, training goes
    through them in parts, whose losses are summed up: the last digit of a loss may differ.

    Examples
    --------
    >>> handler = PrintProgress()
    """

    def reset(self) -> None:
        """Forget the training before."""
        super().reset()
        self.first: tuple[float, int] | None = None
        self.drawn = -math.inf

    def watches(self) -> bool:
        """Tell whether there is somebody to see the bar."""
        return is_seen()

    def open(self, net: Any, train_history: list[Row]) -> Any:
        """Find a place for the bar, and start the clock."""
        self.reset()
        return Cell() if in_notebook() else Line()

    def __call__(self, net: Any, train_history: list[Row]) -> None:
        """Do nothing; the bar follows the steps."""

    def step(self, net: Any, progress: Progress) -> None:
        """Draw the bar, or take it away at the end of an epoch where others will print."""
        now, done = time.perf_counter(), progress.epoch * progress.steps + progress.step
        if self.first is None:  # compiling took the time until here
            self.first = now, done
        if progress.step == progress.steps and net.verbose:
            self.opened.clear()
        elif now - self.drawn >= EVERY:
            self.opened.draw(self._line(progress, now, done))
            self.drawn = now

    def close(self) -> None:
        """Take the bar away."""
        self.opened.close()

    def _line(self, progress: Progress, now: float, done: int) -> str:
        filled = CELLS * progress.step // progress.steps
        parts = [
            f"epoch {progress.epoch + 1}/{progress.epochs}",
            "━" * filled + "─" * (CELLS - filled),
            f"step {progress.step}/{progress.steps}",
        ]
        if math.isfinite(progress.loss):
            parts.append(f"loss {progress.loss:.4f}")
        began, before = self.first
        if done > before:
            left = progress.epochs * progress.steps - done
            parts.append(f"{_duration((now - began) / (done - before) * left)} left")
        return "  ".join(parts)


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
