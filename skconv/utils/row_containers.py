"""Arrays, tables and lists that hold rows, and dicts of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

import numpy as np
from scipy import sparse
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import _num_samples

from .late_arrays import fetch_rows, is_late


def has_names(X: Any) -> TypeGuard[Mapping[str, Any]]:
    """Return whether X is a dict of arrays; some sparse matrices are dicts too.

    Examples
    --------
    >>> has_names({'image': [[1], [2]]}), has_names(sparse.dok_matrix((2, 2)))
    (True, False)
    """
    return isinstance(X, Mapping) and not sparse.issparse(X)


def select_rows(values: Any, rows: Any) -> Any:
    """Return some rows in a container of the same kind.

    Parameters
    ----------
    values : array, list, tuple, DataFrame, Series or sparse matrix
        Late arrays, such as those of h5py, are read into an array.
    rows : int array of shape (n,), or slice

    Returns
    -------
    array, list, DataFrame, Series or CSR matrix
        A slice of an array is a view.

    Examples
    --------
    >>> select_rows(['a', 'b', 'c'], np.array([2, 0])), select_rows(['a', 'b', 'c'], slice(1, None))
    (['c', 'a'], ['b', 'c'])
    >>> select_rows(sparse.eye_array(3), np.array([2])).toarray()
    array([[0., 0., 1.]])
    """
    if sparse.issparse(values):
        return values.tocsr()[rows]
    if isinstance(values, np.ndarray):
        return values[rows]
    if is_late(values):
        return fetch_rows(values, rows)
    index = np.arange(_num_samples(values))[rows] if isinstance(rows, slice) else rows
    return _safe_indexing(values, index)


def object_array(elements: Sequence[Any]) -> np.ndarray:
    """Return an array of objects of shape (n,), even if they are arrays of one shape.

    Examples
    --------
    >>> object_array([np.zeros(2), np.ones(2)])
    array([array([0., 0.]), array([1., 1.])], dtype=object)
    """
    array = np.empty(len(elements), object)
    for i, element in enumerate(elements):
        array[i] = element
    return array
