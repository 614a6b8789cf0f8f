"""Rows of an array that is read, converted and checked chunk by chunk."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..ops.processes import own_range, reads_together
from ..preprocessing.row_view import RowView
from ..utils.late_arrays import PIECE_BYTES, is_late, is_mapped
from .sound_values import SAMPLE

KEPT = (np.float32, np.uint8)
"""Dtypes that rows keep; others become the first."""

FEW = 4
"""Number of rows that are read to learn what they are."""

PLACES = 8
"""Number of places from which a sample of the rows is read."""


@dataclass(frozen=True, eq=False)
class LateRows:
    """Flattened rows of an array elsewhere, as float32 or uint8.

    Parameters
    ----------
    view : RowView
    what : str
        Name of the array for messages.
    check : bool
        Whether values are checked when they are read.
    """

    view: RowView
    what: str = "X"
    check: bool = False

    @property
    def shape(self) -> tuple[int, int]:
        """Number of rows and of values in each."""
        n, *row = self.view.shape
        return n, math.prod(row)

    @property
    def dtype(self) -> np.dtype:
        """Dtype of the rows once they are read."""
        return np.dtype(self.view.dtype if self.view.dtype in KEPT else KEPT[0])

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: Any) -> np.ndarray:
        rows = self.view.read(index, self.dtype).reshape(-1, self.shape[1])
        if self.check:
            self._check(rows, index)
        return rows

    def check_values(self) -> None:
        """Raise `ValueError` if values are not finite.

        It reads all rows, or those that fall to this process where several read them.
        """
        if self.view.dtype.kind in "biu":
            return
        own, step = own_range(len(self)), max(1, PIECE_BYTES // max(1, 4 * self.shape[1]))
        for start in own[::step]:
            rows = slice(start, min(start + step, own.stop))
            self._check(self[rows], rows)

    def _check(self, rows: np.ndarray, index: Any) -> None:
        if rows.dtype.kind != "f" or np.isfinite(rows).all():
            return
        row, column = np.argwhere(~np.isfinite(rows))[0]
        places = range(*index.indices(len(self))) if isinstance(index, slice) else index
        n = int(places[row])
        value = self.view[n].ravel()[column]
        large = " or too large for float32" if np.isfinite(value) else ""
        raise ValueError(
            f"{self.what} must hold finite numbers, got {value}{large} in row {n}, value {column}; "
            "fill missing values first"
        )

    def sample(self) -> tuple[np.ndarray, np.ndarray]:
        """Return some rows as they are and as they become, the first ones included."""
        n, values = self.shape
        count = max(1, SAMPLE // max(values, 1))
        length = max(1, count // PLACES)
        starts = np.linspace(0, max(0, n - length), PLACES, dtype=int)
        places = np.unique(np.minimum(starts[:, None] + np.arange(length), n - 1))
        given = self.view.read(places).reshape(len(places), values)
        with np.errstate(over="ignore"):
            return given, given.astype(self.dtype)


def as_late(what: str, X: Any) -> RowView | None:
    """Return a view of an array that is not read as a whole; None for one that is in memory.

    A mapped file is in memory where its values serve as they are: as float32 or uint8, in the order
    of rows. It is not where each of several processes reads its share.

    Parameters
    ----------
    what : str
        Name of X for messages.
    X : object

    Raises
    ------
    ValueError
        If the number of rows is not known.
    """
    if isinstance(X, RowView):
        return X if X.ndim > 1 else None
    if isinstance(X, np.ndarray):
        serves = X.dtype in KEPT and X.flags.c_contiguous and not reads_together()
        numbers = X.ndim > 1 and X.dtype.kind in "biuf"
        return RowView(X) if numbers and not serves and is_mapped(X) else None
    if not is_late(X) or len(X.shape) < 2:
        return None
    if any(size != size for size in X.shape):  # of dask
        raise ValueError(
            f"{what} must have a known shape, got {X.shape}; call {what}.compute_chunk_sizes()"
        )
    return RowView(X)


def late_rows(what: str, view: RowView, *, check: bool, ahead: bool) -> LateRows:
    """Return flattened rows of a view.

    Parameters
    ----------
    what : str
        Name of X for messages.
    view : RowView
    check : bool
        Whether values are checked.
    ahead : bool
        Whether they are checked now, rather than when they are read.

    Raises
    ------
    ValueError
        If values are not finite.
    """
    rows = LateRows(view, what, check=check and not ahead)
    if check and ahead:
        rows.check_values()
    return rows
