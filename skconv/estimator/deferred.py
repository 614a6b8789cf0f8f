"""Deferred calls of `fit`: recorded first, then trained together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

from ..data.fit_arguments import FitArguments

_deferred: ContextVar[tuple[Any, list[DeferredFit]] | None] = ContextVar("_deferred", default=None)


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
    """Record a call if fits of its net are deferred, and return whether they are."""
    net, calls = _deferred.get() or (None, [])
    if net is None or call.net is not net:
        return False
    calls.append(call)
    return True


@contextmanager
def deferring(net: Any) -> Iterator[list[DeferredFit]]:
    """Defer all fits of a net in the block, and yield the list of their calls.

    Other nets, such as earlier steps of a pipeline, are fitted at once.
    """
    calls: list[DeferredFit] = []
    token = _deferred.set((net, calls))
    try:
        yield calls
    finally:
        _deferred.reset(token)
