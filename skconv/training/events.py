"""When somebody is told of a training, and of what."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .history import Row

EVENTS = ("on_training_started", "on_batch_finished", "on_epoch_finished", "on_training_finished")
"""Parameters of a net that take handlers, in the order in which they are called first."""

Handler = Callable[[Any, list[Row]], Any]


class Progress(NamedTuple):
    """How far a training is.

    Parameters
    ----------
    epoch, epochs : int
        Epochs that are over, and all that there will be.
    step, steps : int
        Steps of this epoch that have begun, and all of them.
    loss : float
        Mean training loss of the steps of this epoch that are known to be over; NaN before.
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    loss: float


Watcher = Callable[[Any, Progress], Any]

TICK = 0.1
"""Seconds that a call may take before calls grow no longer for those who watch the steps."""


@dataclass
class Pace:
    """Steps that go into a call while somebody watches.

    Parameters
    ----------
    steps : int
        Of the next call; it doubles as long as calls take no time to speak of.
    """

    steps: int = 1

    def cut(self, total: int) -> Iterator[tuple[int, int]]:
        """Yield the steps where each call begins and ends, as one call after the other is made."""
        start = 0
        while start < total:
            began, stop = time.perf_counter(), min(start + self.steps, total)
            yield start, stop
            start = stop
            if time.perf_counter() - began < TICK:
                self.steps *= 2


@dataclass
class Handlers:
    """Callables ``(net, train_history)`` by the moment at which they are called."""

    on_batch_finished: list[Handler]
    on_epoch_finished: list[Handler]
    on_training_started: list[Handler]
    on_training_finished: list[Handler]
    begins: list[Handler] = field(default_factory=list)
    """Called before the first epoch, after those of `on_training_started`."""
    ends: list[Handler] = field(default_factory=list)
    """Called in the end, whatever happened."""
    on_rows: list[Handler] = field(default_factory=list)
    """Called where there are new rows in the history; there may be several."""
    on_steps: list[Watcher] = field(default_factory=list)
    """Called a few times a second within an epoch."""

    def add(self, handler: Handler, *, each_epoch: bool) -> None:
        """Add a handler that is called after each epoch, or after one or several epochs."""
        (self.on_epoch_finished if each_epoch else self.on_rows).append(handler)
