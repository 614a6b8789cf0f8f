"""Base classes of handlers, and the life cycle of a handler.

A net calls its handlers in this order. An ``on_...`` event calls the handlers in the list of this
parameter, functions included, by ``__call__``. All other events go to each `Handler`, whichever
parameter lists it.

======================== ======================== ==================================================
event                    arguments                when
======================== ======================== ==================================================
``reset``                none                     before a fit that starts afresh
``watches``              none                     before each training; whether to call `step`
``on_training_started``  ``(net, train_history)`` before the first epoch
``begin``                ``(net, train_history)`` after all handlers of ``on_training_started``
``on_batch_finished``    ``(net, train_history)`` after each batch
``step``                 ``(net, progress)``      a few times a second; after ``on_batch_finished``
``on_epoch_finished``    ``(net, train_history)`` after each epoch, with its row in the history
``on_training_finished`` ``(net, train_history)`` after the last epoch, `StopIteration` or Ctrl-C
``end``                  ``(net, train_history)`` at the very end, even after an exception
======================== ======================== ==================================================

`StopIteration` raised at any event from ``on_training_started`` to ``on_epoch_finished`` ends the
training. An epoch that it interrupts gets no row in the history.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Protocol

from ..training.events import Progress
from ..training.history import Row


class HandlerFunction(Protocol):
    """A function or object that a net calls with itself and its history."""

    def __call__(self, net: Any, train_history: list[Row], /) -> object:
        """Handle the event; `StopIteration` ends the training."""


class Handler:
    """Base class of handlers that keep state or need more events than their call.

    A plain function ``(net, train_history)`` is a handler, too. Inherit from this class to forget
    the state of an earlier training in `reset`, to prepare in `begin` and to clean up in `end`.
    """

    measures: ClassVar[tuple[tuple[str, Callable[..., Any]], ...]] = ()
    """Names and functions that map the gradients of a step, ``{'conv1': {'W': array}}``, to a
    scalar. They are traced into the training step and become columns of the history."""

    def reset(self) -> None:
        """Forget the previous training; called when a net starts afresh."""

    def begin(self, net: Any, train_history: list[Row]) -> None:
        """Prepare for a training; called once before it, whichever parameter lists the handler.

        Handlers in ``on_training_started`` have been called by then.
        """

    def __call__(self, net: Any, train_history: list[Row]) -> None:
        """Handle the event; `StopIteration` ends the training."""
        raise NotImplementedError

    def end(self, net: Any, train_history: list[Row]) -> None:
        """Clean up; called once after each training, even after one that failed."""

    def watches(self) -> bool:
        """Return whether `step` is to be called in this training."""
        return False

    def step(self, net: Any, progress: Progress) -> None:
        """Follow the progress; called a few times a second if `watches` returned True."""


class Logger(Handler):
    """Base class of handlers that hold a file, a run or a display open while a net trains.

    What is open is left out of pickles and copies. Subclasses define `open`, `log` and `close`.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget the previous training."""
        self.opened: Any = None

    def begin(self, net: Any, train_history: list[Row]) -> None:
        """Open the log."""
        self.opened = self.open(net, train_history)

    def __call__(self, net: Any, train_history: list[Row]) -> None:
        """Log the last epoch."""
        self.log(net, train_history)

    def end(self, net: Any, train_history: list[Row]) -> None:
        """Close the log."""
        if self.opened is not None:
            self.close()
            self.opened = None

    def open(self, net: Any, train_history: list[Row]) -> Any:
        """Open the log and return it; it is kept as `opened`."""
        raise NotImplementedError

    def log(self, net: Any, train_history: list[Row]) -> None:
        """Log the last epoch."""
        raise NotImplementedError

    def close(self) -> None:
        """Close the log."""
        raise NotImplementedError

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"opened": None}
