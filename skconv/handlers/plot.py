"""A plot of the losses that grows while a net trains."""

from __future__ import annotations

import math
import time
from typing import Any

from ..training.events import Progress
from ..training.history import Row
from ..visualize.html import losses
from .base import Logger
from .terminal import Cell, in_notebook

__all__ = ["PlotLoss"]


class PlotLoss(Logger):
    """Draw the losses in a notebook, in place, while the net trains.

    Pass it as ``on_training_started``; it is quiet outside of notebooks.

    Parameters
    ----------
    seconds : float
        Least time between two drawings.

    Examples
    --------
    >>> handler = PlotLoss()
    """

    def __init__(self, seconds: float = 0.5) -> None:
        self.seconds = seconds
        super().__init__()

    def reset(self) -> None:
        """Begin a new plot at the next training."""
        super().reset()
        self.drawn = -math.inf

    def watches(self) -> bool:
        """Tell whether there is somebody to see the plot."""
        return in_notebook()

    def open(self, net: Any, train_history: list[Row]) -> Any:
        """Find a place for the plot."""
        self.drawn = -math.inf
        if not in_notebook():
            return None
        place = Cell()
        place.draw("")
        return place

    def step(self, net: Any, progress: Progress) -> None:
        """Draw what is new since the last time."""
        if time.perf_counter() - self.drawn >= self.seconds:
            self.log(net, net.train_history_)

    def log(self, net: Any, train_history: list[Row]) -> None:
        """Draw the losses."""
        if self.opened is not None and train_history:
            self.opened.draw(f"{len(train_history)} epochs", losses(train_history))
            self.drawn = time.perf_counter()

    def end(self, net: Any, train_history: list[Row]) -> None:
        """Draw all losses."""
        self.log(net, train_history)
        super().end(net, train_history)

    def __call__(self, net: Any, train_history: list[Row]) -> None:
        """Do nothing; the plot follows the steps."""

    def close(self) -> None:
        """Leave the plot where it is."""
