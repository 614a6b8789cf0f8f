"""What the handlers that come with skconv have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from ..training.events import Progress
from ..training.history import Row


class Handler:
    """A callable ``(net, train_history)`` that can forget what it saw.

    Any function with these two arguments will do as a handler. Those with something to remember
    over the epochs inherit from here, so that a fresh `fit` starts without it.
    """

    measures: ClassVar[tuple[tuple[str, Callable[..., Any]], ...]] = ()
    """Names and functions from the gradients of a step to a number, as ``{'conv1': {'W': array}}``
    to a scalar; traced into the step, they become columns of the history."""

    def reset(self) -> None:
        """Forget; called when a net starts afresh."""

    def begin(self, net: Any, train_history: list[Row]) -> None:
        """Get ready; called once before each training, wherever the handler is listed.

        Those in ``on_training_started`` have been called by then.
        """

    def __call__(self, net: Any, train_history: list[Row]) -> None:
        """Act; `StopIteration` ends the training."""
        raise NotImplementedError

    def end(self, net: Any, train_history: list[Row]) -> None:
        """Clean up; called once after each training, also after one that failed."""

    def watches(self) -> bool:
        """Tell whether `step` shall be called in this training."""
        return False

    def step(self, net: Any, progress: Progress) -> None:
        """Look on; called a few times a second within an epoch, wherever the handler is listed."""


class Logger(Handler):
    """A handler that keeps something open while a net trains: a file, a run, a window.

    It does not enter pickles and copies. Subclasses say `open`, `log` and `close`.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget the training before."""
        self.opened: Any = None

    def begin(self, net: Any, train_history: list[Row]) -> None:
        """Open it."""
        self.opened = self.open(net, train_history)

    def __call__(self, net: Any, train_history: list[Row]) -> None:
        """Log the last epoch."""
        self.log(net, train_history)

    def end(self, net: Any, train_history: list[Row]) -> None:
        """Close it."""
        if self.opened is not None:
            self.close()
            self.opened = None

    def open(self, net: Any, train_history: list[Row]) -> Any:
        """Return what is kept open."""
        raise NotImplementedError

    def log(self, net: Any, train_history: list[Row]) -> None:
        """Log the last epoch."""
        raise NotImplementedError

    def close(self) -> None:
        """Close what was opened."""
        raise NotImplementedError

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"opened": None}
