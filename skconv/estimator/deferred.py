"""Calls of `fit` that wait for each other, to be trained together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

from ..data.dataset import FitArguments

_waiting: ContextVar[list[DeferredFit] | None] = ContextVar("_waiting", default=None)


class DeferredFit(NamedTuple):
    """A call of `fit`.

    Parameters
    ----------
    net : NeuralNet
    arguments : FitArguments
    epochs : int
    goes_on : bool
        Whether it goes on from the weights that are there.
    """

    net: Any
    arguments: FitArguments
    epochs: int
    continues: bool


def defer(call: DeferredFit) -> bool:
    """Let a call wait, and tell whether it does."""
    waiting = _waiting.get()
    if waiting is not None:
        waiting.append(call)
    return waiting is not None


@contextmanager
def deferring() -> Iterator[list[DeferredFit]]:
    """Let all nets wait that are fitted within, and list their calls."""
    calls: list[DeferredFit] = []
    token = _waiting.set(calls)
    try:
        yield calls
    finally:
        _waiting.reset(token)
