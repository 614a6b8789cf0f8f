"""Rows of several shapes, grouped by shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, Self

import numpy as np

from ..targets.ragged_array import select_groups
from .rows import Inputs, Rows


@dataclass(frozen=True)
class RaggedRows(Rows):
    """Rows of several shapes, as groups of one shape each.

    They have the arrays and shapes of the group with the largest rows.

    Parameters
    ----------
    groups : tuple of Rows
    positions : tuple of int array
        Where the rows of each group are among all rows.
    refusal : str
        Error for a net that does not take rows of several shapes.
    """

    groups: tuple[Rows, ...] = ()
    positions: tuple[np.ndarray, ...] = ()
    refusal: str = ""

    @classmethod
    def of(cls, groups: Sequence[Rows], positions: Sequence[np.ndarray], refusal: str = "") -> Self:
        """Return rows of these groups.

        Examples
        --------
        >>> small, large = (Rows({None: np.zeros((2, n))}, {None: (n,)}) for n in (3, 5))
        >>> rows = RaggedRows.of([small, large], [np.array([0, 3]), np.array([1, 2])])
        >>> len(rows), rows.shapes
        (4, {None: (5,)})
        >>> [group.shapes[None] for group in rows.subset(np.array([3, 0])).groups]
        [(3,)]
        """
        largest = groups[_largest(groups)]
        own = {name: getattr(largest, name) for name in ("arrays", "shapes", "into", "reading")}
        return cls(
            **own,
            indices=largest.indices,
            groups=tuple(groups),
            positions=tuple(positions),
            refusal=refusal,
        )

    def __len__(self) -> int:
        return sum(map(len, self.positions))

    def subset(self, index: np.ndarray) -> Self:
        """Return a subset of the rows, without the groups that it leaves empty."""
        parts = select_groups(self.positions, index)
        groups = [self.groups[number].subset(places) for number, places, _ in parts]
        return self.of(groups, [positions for *_, positions in parts], self.refusal)

    def largest(self) -> np.ndarray:
        """Return the positions of the rows of the group with the largest rows."""
        return self.positions[_largest(self.groups)]

    def arrange(self, inputs: Inputs, *, changed: bool = False) -> Self:
        """Give the rows of each group the shapes of the input layers, as `Rows.arrange` does."""
        arranged = [rows.arrange(inputs, changed=changed) for rows in self.groups]
        return self.of(arranged, self.positions, self.refusal)

    def whole(self) -> Self:
        """Return all rows."""
        return self

    def take(self, index: np.ndarray | slice) -> NoReturn:
        """Raise `ValueError`, because the rows are not one array."""
        raise ValueError(
            "X must have rows of one shape here, got rows of "
            f"{len(self.groups)} shapes; bring them to one size, or pad them"
        )

    def like(self, X: Any) -> NoReturn:
        """Raise `ValueError`, as `take` does."""
        self.take(slice(None))


def _largest(groups: Sequence[Rows]) -> int:
    """Return the number of the group with the largest rows."""
    sizes = [rows.row_bytes() for rows in groups]
    return sizes.index(max(sizes))


def groups_of(rows: Rows) -> list[tuple[np.ndarray, Rows]]:
    """Return the positions and the rows of each group of one shape."""
    if isinstance(rows, RaggedRows):
        return list(zip(rows.positions, rows.groups, strict=True))
    return [(np.arange(len(rows)), rows)]
