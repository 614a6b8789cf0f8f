"""Check that X holds integers in range where layers look them up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from scipy import sparse

from ..errors import Problems

IndexColumns: TypeAlias = tuple[np.ndarray, int, str, str]
"""Positions in a flattened row, the number of integers that they may hold, the layer that looks
them up, and what else it can do about other values."""

BLOCK = 2**20
"""Number of values that are checked at a time."""


def check_indices(
    what: str,
    array: Any,
    taken: Sequence[IndexColumns],
    row_shape: tuple[int, ...],
    *,
    index: np.ndarray | None = None,
    columns: Sequence[str] | None = None,
) -> None:
    """Check values that layers look up in a table, such as word indices.

    Parameters
    ----------
    what : str
        Name of the array for messages.
    array : array, CSR matrix or ChannelsLast, of shape (n, values)
    taken : sequence of IndexColumns
    row_shape : tuple of int
        Shape of a row, to tell positions.
    index : int array of shape (n,), optional
        The rows to check; by default all.
    columns : sequence of str, optional
        Names of the columns.

    Raises
    ------
    ValueError
        For each layer with values that are negative, too large or not whole, naming the first of
        them with its row and column.
    """
    problems = Problems()
    for positions, size, layer, hint in taken:
        count, first = _invalid(array, index, np.unique(positions), size)
        if first is None:
            continue
        row, position, value = first
        others = f" (and {count - 1} more such values)" if count > 1 else ""
        problems.add(
            f"{what} must hold integers from 0 to {size - 1} where {layer} looks them up, "
            f"got {_text(value)} in row {row}, {_place(position, row_shape, columns)}{others}; "
            f"number the values from 0, as OrdinalEncoder does{hint}"
        )
    problems.raise_any()


def _invalid(
    array: Any, index: np.ndarray | None, positions: np.ndarray, size: int
) -> tuple[int, tuple[int, int, float] | None]:
    """Return the number of invalid values, and row, position and value of the first of them."""
    count, first = 0, None
    rows = array.shape[0] if index is None else len(index)
    step = max(1, BLOCK // max(array.shape[1], 1))
    for start in range(0, rows, step):
        part = slice(start, start + step)
        values = array[part if index is None else index[part]][:, positions]
        values = values.toarray() if sparse.issparse(values) else values
        valid = (values >= 0) & (values < size) & (values == np.floor(values))
        if valid.all():
            continue
        count += int((~valid).sum())
        if first is None:
            i, j = np.argwhere(~valid)[0]
            row = start + i if index is None else index[start + i]
            first = int(row), int(positions[j]), float(values[i, j])
    return count, first


def _text(value: float) -> str:
    return np.format_float_positional(np.float32(value), trim="-")


def _place(position: int, row_shape: tuple[int, ...], columns: Sequence[str] | None) -> str:
    if columns is not None:
        return f"column {columns[position]!r}"
    if len(row_shape) < 2:
        return f"column {position}"
    where = ", ".join(map(str, np.unravel_index(position, row_shape)))
    return f"position ({where})"
