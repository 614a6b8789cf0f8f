"""What the handlers that come with skconv have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from ..history import Row


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
