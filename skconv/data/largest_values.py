"""Find the largest values of X, by which layers are sized that look values up in a table."""

from __future__ import annotations

from typing import Any

import numpy as np

from .ragged_rows import groups_of
from .rows import Rows, dense_rows

BLOCK = 2**20
"""Number of values that are read at a time."""


def largest_values(rows: Rows) -> dict[Any, np.ndarray]:
    """Return the largest value at each position of a row.

    Parameters
    ----------
    rows : Rows

    Returns
    -------
    dict of str to array
        By input, for flattened rows. Rows of several shapes have a single value for all positions.
        NaN is left out.

    Examples
    --------
    >>> found = largest_values(Rows({None: np.array([[1, 7], [3, 2]])}, {None: (2,)}))
    >>> found[None].tolist()
    [3.0, 7.0]
    """
    groups = [group for _, group in groups_of(rows)]
    found = {}
    for name in rows.arrays:
        own = [_largest(group.arrays[name], group.index) for group in groups]
        found[name] = own[0] if len(own) == 1 else np.array([max(each.max() for each in own)])
    return found


def _largest(array: Any, index: np.ndarray | None) -> np.ndarray:
    rows, values = array.shape[0] if index is None else len(index), array.shape[1]
    best = np.zeros(values)
    step = max(1, BLOCK // max(values, 1))
    for start in range(0, rows, step):
        part = slice(start, start + step)
        read = dense_rows(array, part if index is None else index[part])
        best = np.fmax(best, np.fmax.reduce(read, axis=0))
    return best
