"""Deferred calls of `fit`: recorded first, then trained together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

from ..data.fit_data import FitArguments

_calls: ContextVar[list[DeferredFit] | None] = ContextVar("_calls", default=None)


class DeferredFit(NamedTuple):
    """A recorded call of `fit` or `partial_fit`.

    Parameters
    ----------
    net : NeuralNet
    arguments : FitArguments
    epochs : int
    continues : bool
        Whether to continue from the current weights.
    """

    net: Any
    arguments: FitArguments
    epochs: int
    continues: bool


def defer(call: DeferredFit) -> bool:
    """Record a call if fits are deferred, and return whether they are."""
    calls = _calls.get()
    if calls is not None:
        calls.append(call)
    return calls is not None


@contextmanager
def deferring() -> Iterator[list[DeferredFit]]:
    """Defer all fits of nets in the block, and yield the list of their calls."""
    calls: list[DeferredFit] = []
    token = _calls.set(calls)
    try:
        yield calls
    finally:
        _calls.reset(token)
