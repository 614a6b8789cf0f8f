"""Codes of the categories of a column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any, Self

import numpy as np

from .column_kinds import is_missing


@dataclass(frozen=True)
class CategoryCodes:
    """Codes of the categories of a column: 0 for those that are not known, then 1, 2, ...

    Parameters
    ----------
    categories : tuple of object
        Those that have codes of their own, from 1.
    missing : bool
        Whether missing values have a code of their own, the last one.
    rare : frozenset of object
        Categories that are known, but share the code 0.
    """

    categories: tuple[Any, ...]
    missing: bool
    rare: frozenset[Any] = frozenset()

    @classmethod
    def of(cls, values: Sequence[Any], at_least: int = 1, at_most: int | None = None) -> Self:
        """Return codes for the categories among values.

        Parameters
        ----------
        values : sequence of object
            Hashable values, or missing ones.
        at_least : int
            Number of values from which a category has a code of its own.
        at_most : int, optional
            Number of categories with codes of their own, those that are most frequent.

        Examples
        --------
        >>> codes = CategoryCodes.of(['red', 'blue', None, 'red', 'green'], at_most=2)
        >>> codes.categories, codes.missing
        (('blue', 'red'), True)
        >>> codes.encode(['red', 'green', 'pink', None])[0].tolist()
        [2, 0, 0, 3]
        """
        counts = Counter(values)
        missing = [value for value in counts if is_missing(value)]
        for value in missing:
            del counts[value]
        known = _sorted(counts)
        by_count = sorted(known, key=lambda value: -counts[value])  # ties in order
        kept = {value for value in by_count[:at_most] if counts[value] >= at_least}
        categories = tuple(value for value in known if value in kept)
        return cls(categories, bool(missing), frozenset(known) - kept)

    @property
    def size(self) -> int:
        """Number of codes."""
        return 1 + len(self.categories) + self.missing

    def encode(self, values: Sequence[Any]) -> tuple[np.ndarray, list[Any], bool]:
        """Return the codes of values, those that were not known, and whether some are missing.

        Returns
        -------
        codes : int32 array of shape (n,)
        unknown : list of object
            Other values than `categories`, `rare` and missing ones, each once.
        missing : bool
        """
        table: dict[Any, int] = dict.fromkeys(self.rare, 0)
        table |= {value: code for code, value in enumerate(self.categories, start=1)}
        found = map(table.get, values, repeat(-1))
        codes = np.fromiter(found, np.int32, count=len(values))
        others = np.flatnonzero(codes < 0).tolist()
        gone = [place for place in others if is_missing(values[place])]
        codes[others] = 0
        codes[gone] = self.size - 1 if self.missing else 0
        rest = (values[place] for place in others if not is_missing(values[place]))
        return codes, list(dict.fromkeys(rest)), bool(gone)


def _sorted(values: Iterable[Any]) -> list[Any]:
    """Return values in order, or by type first if they cannot be compared."""
    try:
        return sorted(values)
    except TypeError:
        return sorted(values, key=lambda value: (type(value).__name__, str(value)))
