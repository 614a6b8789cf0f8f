"""Compute the next item of an iterable in a thread while the current one is in use."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from typing import Any, TypeVar

T = TypeVar("T")

END: Any = object()

_failed: ContextVar[threading.Event | None] = ContextVar("failed", default=None)


@contextmanager
def prefetch(items: Iterable[T]) -> Iterator[Iterator[T]]:
    """Compute each item while the previous one is in use.

    The items are computed in order in a separate thread, never more than one ahead, so that the
    number of items computed does not depend on timing.

    Parameters
    ----------
    items : iterable

    Yields
    ------
    iterator
        Of the same items. An exception of the iterable is raised when its item is requested. At
        the end of the block the item in progress is completed and the thread ends. After an
        exception in the block, such as Ctrl-C, the item is given up where it calls `may_give_up`.

    Examples
    --------
    >>> with prefetch(range(3)) as numbers:
    ...     print(list(numbers))
    [0, 1, 2]
    """
    source, context, failed = iter(items), copy_context(), threading.Event()
    context.run(_failed.set, failed)

    def next_item() -> T:
        return context.run(next, source, END)

    with ThreadPoolExecutor(1, "skconv-ahead") as worker:

        def taken() -> Iterator[T]:
            coming = worker.submit(next_item)
            while (item := coming.result()) is not END:
                coming = worker.submit(next_item)
                yield item

        try:
            yield taken()
        except (StopIteration, GeneratorExit):  # ends in order, whose count of items is fixed
            raise
        except BaseException:
            failed.set()
            raise


def may_give_up() -> None:
    """Raise `CancelledError` in an item of `prefetch` that is no longer wanted."""
    failed = _failed.get()
    if failed is not None and failed.is_set():
        raise CancelledError
