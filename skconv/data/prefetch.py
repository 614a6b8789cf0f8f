"""Make things in a thread while those before them are used."""

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
    """Make one item while the one before it is used.

    The items are made one after the other in a thread of their own, and never more than one that
    was not asked for: how often the iterable was called does not depend on who was faster.

    Parameters
    ----------
    items : iterable

    Yields
    ------
    iterator
        Of the same items. What the iterable raises is raised where the item is asked for. At the
        end of the block the item under way is finished, and the thread is gone.

    Examples
    --------
    >>> with prefetch(range(3)) as numbers:
    ...     print(list(numbers))
    [0, 1, 2]
    """
    source, context = iter(items), copy_context()
    with ThreadPoolExecutor(1, "skconv-ahead") as worker:

        def taken() -> Iterator[T]:
            coming = worker.submit(context.run, next, source, END)
            while (item := coming.result()) is not END:
                coming = worker.submit(context.run, next, source, END)
                yield item

        yield taken()
