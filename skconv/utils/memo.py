"""A thread-safe cache of results that several fits share."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Sequence
from typing import Any

from .cache_keys import HashedTuple


class Memo:
    """A cache keyed by what is computed and by the identity of the objects it is computed from.

    Parameters
    ----------
    shares : bool
        Whether several fits use it. Keys that take long to make are not worth it for a single one.

    Examples
    --------
    >>> memo, rows = Memo(), [1, 2]
    >>> memo.get('sum', [rows], lambda: sum(rows))
    3
    >>> memo.get('sum', [rows], lambda: 'not computed again')
    3
    """

    def __init__(self, *, shares: bool = True) -> None:
        self.shares = shares
        self._kept: dict[Hashable, tuple[list[Any], Any]] = {}
        self._lock = threading.RLock()

    def get(self, key: Hashable, objects: Sequence[Any], make: Callable[[], Any]) -> Any:
        """Return a cached result, computed on the first call.

        Parameters
        ----------
        key : hashable
            Name of the result, with all the options it depends on. If a part of it cannot be hashed
            after all, nothing is cached.
        objects : sequence
            Objects that it is computed from, compared by identity. They are kept alive, so that
            their ids stay unique.
        make : callable
            Computes the result, without arguments. If it raises, nothing is cached.

        Returns
        -------
        object
        """
        whole = HashedTuple((key, *map(id, objects)))
        try:
            hash(whole)
        except TypeError:
            return make()
        with self._lock:
            if whole not in self._kept:
                self._kept[whole] = list(objects), make()
            return self._kept[whole][1]
