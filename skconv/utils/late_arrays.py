"""Arrays whose values are elsewhere, such as in a file, and are read when they are indexed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from scipy import sparse

from .aligned_arrays import aligned_zeros
from .allocator import trim
from .foreign_arrays import is_tensor
from .single_rows import SingleRows

PIECE_BYTES = 2**21
"""Size of what is read at a time, in the dtype of the array."""

MAX_GAP = 4
"""Number of rows that are read along, rather than skipped, between two rows that are wanted."""

MIN_RUN = 8
"""Mean number of rows in a row from which slices are read, rather than single rows."""

IN_MEMORY = ("iloc", "__array_interface__", "__cuda_array_interface__", "__dlpack__", "to_numpy")
"""Attributes of arrays and tables that are in memory."""


def is_late(X: Any) -> bool:
    """Return whether X is an array of another library that is read when it is indexed.

    These are arrays with `shape`, `dtype` and ``__getitem__``, such as those of h5py, zarr, dask,
    tensorstore and xarray; arrays in memory, tables and sparse matrices are not.

    Parameters
    ----------
    X : object

    Examples
    --------
    >>> is_late(np.zeros((2, 3))), is_late([[1, 2]])
    (False, False)
    """
    shape = getattr(X, "shape", None)
    if isinstance(X, np.ndarray | Mapping) or not isinstance(shape, tuple) or not shape:
        return False
    if sparse.issparse(X) or is_tensor(X) or not hasattr(X, "__getitem__"):
        return False
    in_memory = any(hasattr(X, name) for name in IN_MEMORY)
    return (not in_memory or hasattr(X, "isel")) and dtype_of(X) is not None  # isel: of xarray


def dtype_of(X: Any) -> np.dtype | None:
    """Return the dtype of an array as NumPy has it; None if NumPy has no such dtype."""
    given = getattr(X, "dtype", None)
    try:
        return None if given is None else np.dtype(getattr(given, "numpy_dtype", given))
    except TypeError:
        return None


def is_mapped(X: Any) -> bool:
    """Return whether an array is a `numpy.memmap`, or a view of one.

    Examples
    --------
    >>> is_mapped(np.zeros(3))
    False
    """
    while isinstance(X, np.ndarray):
        if isinstance(X, np.memmap):
            return True
        X = X.base
    return False


def fetch_rows(X: Any, index: Any, dtype: Any = None) -> np.ndarray:
    """Read some rows of an array, sorted and in pieces.

    Libraries read sorted rows faster, or take no others, and rows next to each other as a slice.

    Parameters
    ----------
    X : array of shape (n, ...)
    index : int array of shape (rows,), or slice
    dtype : dtype, optional
        What the values are converted to, piece by piece; by default they are not.

    Returns
    -------
    array of shape (rows, ...)

    Raises
    ------
    ValueError
        If values are masked.

    Examples
    --------
    >>> fetch_rows(np.arange(8).reshape(4, 2), np.array([3, 0, 3]), np.float32)
    array([[6., 7.],
           [0., 1.],
           [6., 7.]], dtype=float32)
    """
    n = X.shape[0]
    index = np.arange(*index.indices(n)) if isinstance(index, slice) else np.asarray(index)
    out = aligned_zeros((len(index), *X.shape[1:]), dtype_of(X) if dtype is None else dtype)
    if isinstance(X, SingleRows):
        X.read_into(out, index)
    else:
        _read_into(out, X, index)
    if out.nbytes >= PIECE_BYTES and not isinstance(X, np.ndarray):
        trim()  # as libraries read in threads, each of which keeps what they free
    return out


def _read_into(out: np.ndarray, X: Any, index: np.ndarray) -> None:
    """Write rows into an array, read in the order in which they are stored."""
    order = None if (index[1:] >= index[:-1]).all() else np.argsort(index, kind="stable")
    ordered = index if order is None else index[order]
    with np.errstate(over="ignore"):
        size = max(1, PIECE_BYTES // _row_bytes(X))
        for start, stop in _pieces(ordered, size):
            rows = _read(X, ordered[start:stop], size)
            out[slice(start, stop) if order is None else order[start:stop]] = rows
            del rows  # before others are read


def _row_bytes(X: Any) -> int:
    dtype = dtype_of(X)
    assert dtype is not None
    return max(1, dtype.itemsize * int(np.prod(X.shape[1:], dtype=np.int64)))


def _pieces(index: np.ndarray, size: int) -> Iterator[tuple[int, int]]:
    """Yield start and stop of parts of a sorted index that span at most `size` rows each.

    If rows are far apart, a part has at most `size` of them.
    """
    cuts = np.flatnonzero(np.diff(index) > MAX_GAP) + 1
    if len(index) < MIN_RUN * (len(cuts) + 1) and len(cuts):
        yield from ((i, min(i + size, len(index))) for i in range(0, len(index), size))
        return
    for start, stop in zip([0, *cuts], [*cuts, len(index)], strict=True):
        while start < stop:
            end = int(np.searchsorted(index[start:stop], index[start] + size)) + start
            yield start, end
            start = end


def _read(X: Any, index: np.ndarray, size: int) -> np.ndarray:
    """Return the rows of a sorted index, which may repeat; as a slice of at most `size` rows."""
    first, last = index[0], index[-1]
    if last - first < min((MAX_GAP + 1) * len(index), size):
        rows = _as_array(X[int(first) : int(last) + 1])
        return rows if len(rows) == len(index) else rows[index - first]
    if isinstance(X, np.ndarray):
        return X[index]
    wanted, places = np.unique(index, return_inverse=True)
    rows = _as_array(X[wanted])
    return rows if len(wanted) == len(index) else rows[places]


def _as_array(rows: Any) -> np.ndarray:
    graph = getattr(rows, "__dask_graph__", None)
    if graph is not None and graph() is not None:
        rows = _computed_here(rows)
    if np.ma.is_masked(rows):
        raise ValueError("X must not have masked values; fill them first")
    return np.asarray(rows)


def _computed_here(rows: Any) -> Any:
    """Compute a dask array in this thread, unless a scheduler is set.

    By default, dask computes in a thread for each core, which hold blocks that are not wanted yet.
    """
    from dask.base import get_scheduler

    return rows if get_scheduler() else rows.compute(scheduler="synchronous")
