"""The rows of an epoch in the order that a `BatchIterator` gives them."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
from scipy import sparse
from sklearn.utils.validation import _num_samples

from ..targets.ragged_array import RaggedArray, read_rows
from ..targets.weighted_targets import unpack_targets
from ..utils.row_containers import has_names, object_array, select_rows
from ..utils.signatures import signature_of


def row_order(
    iterator: Any,
    n: int,
    seed: int,
    epoch: int,
    y: Any = None,
    positions: np.ndarray | None = None,
) -> np.ndarray:
    """Return the indices of the rows that an epoch trains on.

    Parameters
    ----------
    iterator : BatchIterator
    n : int
        Number of rows.
    seed, epoch : int
    y : array of shape (n, ...), tuple of arrays, WeightedTargets, or None
        Targets of the rows, for an `order` with a parameter `y`.
    positions : int array of shape (n,), optional
        Where the rows are in the arrays that hold them, for an `order` with that parameter; by
        default they are the first ones.

    Returns
    -------
    int array of shape (n,)
        Indices may repeat and be left out.

    Raises
    ------
    ValueError
        If an overridden `order` returns something else.

    Examples
    --------
    >>> from skconv import BatchIterator
    >>> row_order(BatchIterator(2), 3, seed=0, epoch=0)
    array([0, 1, 2])
    """
    asked = signature_of(iterator.order).parameters
    options = {"y": _targets(y)} if "y" in asked else {}
    options |= {"positions": positions} if "positions" in asked else {}
    given = iterator.order(n, seed, epoch, **options)
    index, name = np.asarray(given), type(iterator).__name__
    if index.shape != (n,) or index.dtype.kind not in "iu":
        raise ValueError(
            f"{name}.order must return an array of {n} row indices, as many as there are rows to "
            f"train on, got {index.dtype} of shape {index.shape}; indices may repeat, and rows may "
            "be left out"
        )
    outside = index[(index < 0) | (index >= n)]
    if len(outside):
        raise ValueError(
            f"{name}.order must return row indices from 0 to {n - 1}, got {outside[0]} in epoch "
            f"{epoch + 1}"
        )
    return index


def _targets(y: Any) -> Any:
    """Return targets without weights, with one axis if rows have one value."""
    values = unpack_targets(y)[0]
    return jax.tree.map(lambda own: own.ravel() if own.size == len(own) else own, values)


def take_rows(values: Any, index: np.ndarray) -> Any:
    """Return some rows of X or y as arrays, of objects if they differ in shape.

    Parameters
    ----------
    values : array-like, DataFrame, sparse matrix, or a dict or tuple of them; or None
    index : int array

    Examples
    --------
    >>> from scipy import sparse
    >>> take_rows({'table': sparse.eye(3), 'label': ['a', 'b', 'c']}, np.array([2, 0]))
    {'table': array([[0., 0., 1.],
           [1., 0., 0.]]), 'label': array(['c', 'a'], dtype='<U1')}
    """
    if values is None:
        return None
    if has_names(values):
        return {name: take_rows(own, index) for name, own in values.items()}
    if isinstance(values, tuple):
        return tuple(take_rows(own, index) for own in values)
    rows = select_rows(values, index)
    if isinstance(read_rows(rows), RaggedArray):
        return object_array(list(rows))
    return rows.toarray() if sparse.issparse(rows) else np.asarray(rows)


def count_rows(values: Any, name: str) -> int:
    """Return the number of rows of X or y.

    Raises
    ------
    ValueError
        If the arrays of a dict or tuple differ in their numbers.
    """
    if has_names(values) or isinstance(values, tuple):
        parts = list(values.values() if has_names(values) else values)
        counts = {count_rows(part, name) for part in parts}
        if len(counts) != 1:
            raise ValueError(f"{name} must have arrays of one length, got {sorted(counts)}")
        return counts.pop()
    return int(_num_samples(values))
