"""What the handlers that come with skconv have in common."""

from __future__ import annotations

from typing import Any

from ..history import Row


class Handler:
    """A callable ``(net, train_history)`` that can forget what it saw.

    Any function with these two arguments will do as a handler. Those with something to remember
    over the epochs inherit from here, so that a fresh `fit` starts without it.
    """

    def reset(self) -> None:
        """Forget; called when a net starts afresh."""

    def __call__(self, net: Any, train_history: list[Row]) -> None:
        """Act; `StopIteration` ends the training."""
        raise NotImplementedError
