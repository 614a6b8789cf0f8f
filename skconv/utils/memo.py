"""What several trainings have in common, made once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Sequence
from typing import Any


class Memo:
    """Keep what was made of the same objects.

    Examples
    --------
    >>> memo, rows = Memo(), [1, 2]
    >>> memo.get('sum', [rows], lambda: sum(rows))
    3
    >>> memo.get('sum', [rows], lambda: 'is not made again')
    3
    """

    def __init__(self) -> None:
        self._kept: dict[Hashable, tuple[list[Any], Any]] = {}
        self._lock = threading.RLock()

    def get(self, key: Hashable, objects: Sequence[Any], make: Callable[[], Any]) -> Any:
        """Make something, unless it is there.

        Parameters
        ----------
        key : hashable
            What is made, with all that decides how.
        objects : sequence
            What it is made of, told apart by identity.
        make : callable
            Without arguments. Where it raises, nothing is kept.

        Returns
        -------
        object
        """
        whole = key, *map(id, objects)
        with self._lock:
            if whole not in self._kept:
                self._kept[whole] = list(objects), make()
            return self._kept[whole][1]
