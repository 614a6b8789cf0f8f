"""A bar that shows how far training is."""

from __future__ import annotations

import math
import shutil
import sys
import time
from typing import Any

from ..consoles import is_seen
from ..history import Row
from ..moments import Progress
from .base import Handler

__all__ = ["PrintProgress"]

EVERY = 0.1
"""Seconds between two drawings."""

CELLS = 24
"""Width of the bar."""


class PrintProgress(Handler):
    """Show epochs, steps, the current loss and the time left in a line that redraws in place.

    ``verbose=1`` does so; or pass it as ``on_training_started``. It is there in terminals and in
    notebooks, and quiet where the output goes to a file. To be told of the steps, training goes
    through them in parts, whose losses are summed up: the last digit of a loss may differ.

    Examples
    --------
    >>> handler = PrintProgress()
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget the training before."""
        self.first: tuple[float, int] | None = None
        self.drawn = -math.inf
        self.width = 0

    def watches(self) -> bool:
        """Tell whether there is somebody to see the bar."""
        return is_seen()

    def begin(self, net: Any, train_history: list[Row]) -> None:
        """Start the clock."""
        self.reset()

    def __call__(self, net: Any, train_history: list[Row]) -> None:
        """Do nothing; the bar follows the steps."""

    def step(self, net: Any, progress: Progress) -> None:
        """Draw the bar, or take it away at the end of an epoch where others will print."""
        now, done = time.perf_counter(), progress.epoch * progress.steps + progress.step
        if self.first is None:  # compiling took the time until here
            self.first = now, done
        if progress.step == progress.steps and net.verbose:
            self._clear()
        elif now - self.drawn >= EVERY:
            self._draw(self._line(progress, now, done))
            self.drawn = now

    def end(self, net: Any, train_history: list[Row]) -> None:
        """Take the bar away."""
        self._clear()

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

    def _draw(self, line: str) -> None:
        line = line[: shutil.get_terminal_size().columns - 1]
        sys.stdout.write("\r" + line.ljust(self.width))
        sys.stdout.flush()
        self.width = len(line)

    def _clear(self) -> None:
        if self.width:
            sys.stdout.write("\r" + " " * self.width + "\r")
            sys.stdout.flush()
            self.width = 0


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
