"""Training events and the handlers called at each of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .history import Row

EVENTS = ("on_training_started", "on_batch_finished", "on_epoch_finished", "on_training_finished")
"""Parameters of a net that take handlers, in the order of their first call."""

Handler = Callable[[Any, list[Row]], Any]


class Progress(NamedTuple):
    """The progress of a training.

    Parameters
    ----------
    epoch, epochs : int
        Number of completed epochs, and of all epochs.
    step, steps : int
        Number of started steps of this epoch, and of all its steps.
    loss : float
        Mean training loss of the completed steps of this epoch; NaN before the first.
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    loss: float


Watcher = Callable[[Any, Progress], Any]

TICK = 0.1
"""Seconds; after a shorter call, the next one runs twice as many steps."""


@dataclass
class Pace:
    """The number of steps per call while handlers watch single steps.

    Parameters
    ----------
    steps : int
        Number of steps of the next call; it doubles after each call shorter than `TICK`.
    """

    steps: int = 1

    def cut(self, total: int, agree: Callable[[float], float] = float) -> Iterator[tuple[int, int]]:
        """Yield the first step and the end of each call, whose duration sets the next length.

        Parameters
        ----------
        total : int
        agree : callable, optional
            From the seconds that a call took to those that count.
        """
        start = 0
        while start < total:
            began, stop = time.perf_counter(), min(start + self.steps, total)
            yield start, stop
            start = stop
            if agree(time.perf_counter() - began) < TICK:
                self.steps *= 2


@dataclass
class Handlers:
    """The handlers of a training, callables ``(net, train_history)``, by event."""

    on_batch_finished: list[Handler]
    on_epoch_finished: list[Handler]
    on_training_started: list[Handler]
    on_training_finished: list[Handler]
    begins: list[Handler] = field(default_factory=list)
    """Called before the first epoch, after those of `on_training_started`."""
    begun: list[Handler] = field(default_factory=list)
    """Called before the first epoch, after those of `begins`."""
    finishes: list[Handler] = field(default_factory=list)
    """Called after the last epoch, before those of `on_training_finished`."""
    ends: list[Handler] = field(default_factory=list)
    """Called at the end, even after an exception."""
    on_rows: list[Handler] = field(default_factory=list)
    """Called when the history has one or more new rows."""
    on_steps: list[Watcher] = field(default_factory=list)
    """Called with a `Progress` a few times per second within an epoch."""
    statistics: list[Any] = field(default_factory=list)
    """Handlers whose statistic of the weights is computed in the training step."""
    catches_sigterm: bool = False
    """Whether SIGTERM interrupts the training as Ctrl-C does."""

    def add(self, handler: Handler, *, each_epoch: bool) -> None:
        """Add a handler to be called after each epoch, or after each call of several epochs."""
        (self.on_epoch_finished if each_epoch else self.on_rows).append(handler)
