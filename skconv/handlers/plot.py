"""Live plot of the losses in a notebook."""

from __future__ import annotations

import math
import time
from typing import Any

from ..training.events import Progress
from ..training.history import Row
from ..utils.checks import between
from .base import Logger
from .terminal import Cell, in_notebook

__all__ = ["PlotLoss"]


class PlotLoss(Logger):
    """Handler that plots the losses in a notebook and updates the plot during training.

    Pass it as ``on_training_started``. Outside notebooks it does nothing.

    Parameters
    ----------
    seconds : float
        Minimum time between two updates.

    Examples
    --------
    >>> handler = PlotLoss()
    """

    parameter_checks = {"seconds": between(0.0, math.inf)}

    def __init__(self, seconds: float = 0.5) -> None:
        self.seconds = seconds
        self.check_parameters()
        super().__init__()

    def reset(self) -> None:
        """Start a new plot at the next training."""
        super().reset()
        self.drawn = -math.inf

    def watches(self) -> bool:
        """Return whether training runs in a notebook."""
        return in_notebook()

    def open(self, net: Any, train_history: list[Row]) -> Any:
        """Reserve a place for the plot; return None outside notebooks."""
        self.drawn = -math.inf
        if not in_notebook():
            return None
        cell = Cell()
        cell.draw("")
        return cell

    def step(self, net: Any, progress: Progress) -> None:
        """Update the plot, at most every `seconds`."""
        if time.perf_counter() - self.drawn >= self.seconds:
            self.log(net, net.train_history_)

    def log(self, net: Any, train_history: list[Row]) -> None:
        """Plot the losses."""
        from ..visualize.html import losses  # here, so that importing skconv loads no plots

        if self.opened is not None and train_history:
            self.opened.draw(f"{len(train_history)} epochs", losses(train_history))
            self.drawn = time.perf_counter()

    def end(self, net: Any, train_history: list[Row]) -> None:
        """Plot the losses of all epochs."""
        self.log(net, train_history)
        super().end(net, train_history)

    def __call__(self, net: Any, train_history: list[Row]) -> None:
        """Do nothing; `step` updates the plot."""

    def close(self) -> None:
        """Leave the plot in the notebook."""
