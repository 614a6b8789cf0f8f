"""Progress bar of a training."""

from __future__ import annotations

import math
import time
from typing import Any

from ..training.events import Progress
from ..training.history import Row
from .base import Logger
from .terminal import Cell, Line, in_notebook, is_interactive

__all__ = ["PrintProgress"]

INTERVAL = 0.1
"""Minimum number of seconds between two updates."""

WIDTH = 24
"""Characters of the bar."""


class PrintProgress(Logger):
    """Handler that shows epoch, step, loss and remaining time in a line updated in place.

    Pass it as ``on_training_started``; ``verbose=1`` adds it. It is active in terminals and
    notebooks, and silent if the output goes to a file, or while bars of rich are shown, such as
    those of `sklearn.callback.ProgressBar`. To report the steps, an epoch is split into several
    compiled calls whose losses are added up, so the last digit of a loss may differ.

    Examples
    --------
    >>> handler = PrintProgress()
    """

    def reset(self) -> None:
        """Forget the previous training."""
        super().reset()
        self.first: tuple[float, int] | None = None
        self.drawn = -math.inf

    def watches(self) -> bool:
        """Return whether the output goes to a terminal or notebook."""
        return is_interactive()

    def open(self, net: Any, train_history: list[Row]) -> Any:
        """Reserve a place for the bar, and start the clock."""
        self.reset()
        return Cell() if in_notebook() else Line()

    def __call__(self, net: Any, train_history: list[Row]) -> None:
        """Do nothing; `step` draws the bar."""

    def step(self, net: Any, progress: Progress) -> None:
        """Draw the bar; clear it at the end of an epoch if the net prints a row there."""
        now, done = time.perf_counter(), progress.epoch * progress.steps + progress.step
        if self.first is None:  # the time until here went into compiling
            self.first = now, done
        if progress.step == progress.steps and net.verbose:
            self.opened.clear()
        elif now - self.drawn >= INTERVAL:
            self.opened.draw(self._line(progress, now, done, *self.first))
            self.drawn = now

    def close(self) -> None:
        """Remove the bar."""
        self.opened.close()

    def _line(
        self, progress: Progress, now: float, done: int, began: float, done_before: int
    ) -> str:
        filled = WIDTH * progress.step // progress.steps
        parts = [
            f"epoch {progress.epoch + 1}/{progress.epochs}",
            "━" * filled + "─" * (WIDTH - filled),
            f"step {progress.step}/{progress.steps}",
        ]
        if math.isfinite(progress.loss):
            parts.append(f"loss {progress.loss:.4f}")
        if done > done_before:
            left = progress.epochs * progress.steps - done
            parts.append(f"{_duration((now - began) / (done - done_before) * left)} left")
        return "  ".join(parts)


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
