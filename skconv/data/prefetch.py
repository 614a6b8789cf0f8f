"""Compute the next item of an iterable in a thread while the current one is in use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from typing import Any, TypeVar

T = TypeVar("T")

END: Any = object()


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
        the end of the block the item in progress is completed and the thread ends.

    Examples
    --------
    >>> with prefetch(range(3)) as numbers:
    ...     print(list(numbers))
    [0, 1, 2]
    """
    source, context = iter(items), copy_context()

    def next_item() -> T:
        return context.run(next, source, END)

    with ThreadPoolExecutor(1, "skconv-ahead") as worker:

        def taken() -> Iterator[T]:
            coming = worker.submit(next_item)
            while (item := coming.result()) is not END:
                coming = worker.submit(next_item)
                yield item

        yield taken()
