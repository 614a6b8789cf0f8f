"""Rows of an array that are not read before they are needed."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from ..utils.late_arrays import dtype_of, fetch_rows, is_late, is_mapped
from ..utils.row_containers import has_names

__all__ = ["RowView"]


def view_rows(X: Any) -> Any:
    """Return X with views in place of arrays in files and other late arrays.

    Parameters
    ----------
    X : object
        Views replace the values of a dict, too.

    Examples
    --------
    >>> view_rows([1, 2])
    [1, 2]
    """
    if has_names(X):
        viewed = {name: view_rows(values) for name, values in X.items()}
        unchanged = all(viewed[name] is X[name] for name in viewed)
        return X if unchanged else cast(Any, type(X))(viewed)
    return RowView(X) if not isinstance(X, RowView) and (is_late(X) or is_mapped(X)) else X


def read_whole(X: Any) -> Any:
    """Return X with arrays in memory in place of late ones, also in a dict, list or tuple."""
    if has_names(X):
        return X if not any(map(is_late, X.values())) else {n: read_whole(v) for n, v in X.items()}
    if isinstance(X, list | tuple):
        return type(X)(map(read_whole, X)) if X and hasattr(X[0], "shape") else X
    return fetch_rows(X, slice(None)) if is_late(X) else X


class RowView:
    """Some rows of an array in a file, which are not read before they are needed.

    Functions of scikit-learn that split X, such as `cross_val_predict` and `learning_curve`, copy
    the rows of each split. Of a `RowView` they make other views, which nets read chunk by chunk;
    other estimators read them into an array. The searches of `skconv.model_selection` do so by
    themselves.

    Parameters
    ----------
    X : array of shape (n, ...)
        Anything with `shape`, `dtype` and ``__getitem__`` by sorted indices and slices, such as an
        array of h5py, zarr, dask, tensorstore or xarray, or a `numpy.memmap`.
    index : int array of shape (rows,), optional
        Positions of the rows in X; by default all.

    Attributes
    ----------
    shape : tuple of int
    dtype : dtype

    Raises
    ------
    TypeError
        If X has no shape, no dtype that NumPy knows, or cannot be indexed.

    Examples
    --------
    >>> import numpy as np
    >>> X = RowView(np.arange(12.0).reshape(6, 2))
    >>> X[[0, 3, 5]]
    RowView(<float64 of shape (3, 2)>)
    >>> np.asarray(X[[0, 3, 5]][1:])
    array([[ 6.,  7.],
           [10., 11.]])
    """

    def __init__(self, X: Any, index: Any = None) -> None:
        if isinstance(X, RowView):
            X, index = X.X, X.positions(slice(None) if index is None else index)
        shape: Any = getattr(X, "shape", None)
        if not isinstance(shape, tuple) or not shape or not hasattr(X, "__getitem__"):
            raise TypeError(
                f"X must be an array with shape, dtype and __getitem__, got {type(X).__name__}"
            )
        dtype = dtype_of(X)
        if dtype is None:
            raise TypeError(
                f"X must have a dtype that NumPy knows, got {getattr(X, 'dtype', None)}"
            )
        self.X: Any = X
        self.index: np.ndarray | None = None if index is None else np.asarray(index)
        self.dtype = dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the rows together."""
        n = self.X.shape[0] if self.index is None else len(self.index)
        return n, *self.X.shape[1:]

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __repr__(self) -> str:
        return f"RowView(<{self.dtype} of shape {self.shape}>)"

    def positions(self, rows: Any) -> Any:
        """Return the positions in X of some rows of this view.

        Parameters
        ----------
        rows : slice, int array-like, or bool array-like of shape (n,)

        Returns
        -------
        int array or slice

        Raises
        ------
        IndexError
            If a row is out of range, or the index is of another kind.
        """
        n = len(self)
        if isinstance(rows, slice):
            if self.index is None and rows == slice(None):
                return None
            rows = np.arange(*rows.indices(n))
        rows = np.asarray(rows)
        if rows.size == 0:
            rows = rows.astype(int)
        if rows.dtype == bool and rows.shape == (n,):
            rows = np.flatnonzero(rows)
        if rows.ndim != 1 or rows.dtype.kind not in "iu":
            raise IndexError(
                f"rows must be a slice, indices or a mask of {n} values, got {rows.dtype} of shape "
                f"{rows.shape}"
            )
        outside = rows[(rows < -n) | (rows >= n)]
        if len(outside):
            raise IndexError(f"row {outside[0]} is out of range for {n} rows")
        rows = np.where(rows < 0, rows + n, rows)
        return rows if self.index is None else self.index[rows]

    def __getitem__(self, key: Any) -> Any:
        """Return a view of some rows, or an array for any other index.

        Parameters
        ----------
        key : slice, int array-like, or bool array-like of shape (n,)
        """
        if isinstance(key, tuple) and len(key) == 2 and key[1] is Ellipsis:  # as scikit-learn does
            key = key[0]
        if isinstance(key, tuple) or (np.ndim(key) == 0 and not isinstance(key, slice)):
            if isinstance(key, int | np.integer):
                return self.read(np.array([key]))[0]
            return np.asarray(self)[key]
        return RowView(self.X, self.positions(key))

    def read(self, rows: Any, dtype: Any = None) -> np.ndarray:
        """Read some rows into an array.

        Parameters
        ----------
        rows : slice, int array-like, or bool array-like of shape (n,)
        dtype : dtype, optional
            What the values are converted to.
        """
        positions = self.positions(rows)
        return fetch_rows(self.X, slice(None) if positions is None else positions, dtype)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if copy is False:
            raise ValueError("a RowView must be read to become an array, got copy=False")
        return self.read(slice(None), dtype)
