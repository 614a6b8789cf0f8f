"""Apply the `transform` of a `BatchIterator` to batches on the host and check what it returns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np

from ..targets.weighted_targets import WeightedTargets

RowsAndTargets = tuple[dict[Any, np.ndarray], Any]
"""Rows by name of the input layer, and their targets: an array, a tuple of arrays, or None."""


class TransformedBatch(NamedTuple):
    """A batch after the transform.

    Parameters
    ----------
    X : dict of str to array
    y : array, tuple of array, or None
    weights : array of shape (rows,)
    rows : int array of shape (rows,)
        Positions of the rows in the data. If the transform changes the number of rows, the
        original positions repeat or end early: right for whole copies of the batch one after the
        other, and for its first rows.
    """

    X: dict[Any, np.ndarray]
    y: Any
    weights: np.ndarray
    rows: np.ndarray


def transform_batch(
    transform: Callable[[Any, Any], tuple[Any, Any]],
    take: Callable[[np.ndarray], RowsAndTargets],
    index: np.ndarray,
    weights: np.ndarray,
    rows: int | None = None,
) -> TransformedBatch:
    """Take rows and transform them.

    A transform that changes the number of rows loses the link between rows and weights. A batch
    with padding, which has weight zero, is then transformed without it and padded afterwards.

    Parameters
    ----------
    transform : callable
        ``(Xb, yb) -> (Xb, yb)``; Xb is an array, or a dict if there are several inputs.
    take : callable
        Returns copies of the rows at some positions, and of their targets.
    index : int array of shape (size,)
        Positions of the rows.
    weights : float32 array of shape (size,)
    rows : int, optional
        Number of rows of a transformed batch, if known.

    Returns
    -------
    TransformedBatch

    Raises
    ------
    ValueError
        If rows lack targets, targets have another shape, rows of different weights cannot be told
        apart, or the number of rows is not `rows`.
    """
    uniform = bool((weights == weights[0]).all())
    if uniform or rows in (None, len(index)):
        X, y = _transformed(transform, *take(index))
        n = _count(X)
        if rows not in (None, n):
            raise ValueError(
                f"transform must return {rows} rows for a batch of {len(index)}, got {n}"
            )
        if uniform or n == len(index):
            return TransformedBatch(X, y, np.resize(weights, n), np.resize(index, n))
        rows = n
    assert rows is not None
    real = weights > 0
    weight = weights[real][0]
    if (weights[real] != weight).any():
        raise ValueError(
            "transform must keep the number of rows if sample_weight or class_weight gives them "
            f"different weights, got {rows} for a batch of {len(index)}"
        )
    X, y = _transformed(transform, *take(index[real]))
    n = _count(X)
    if n > rows:
        raise ValueError(
            f"transform must not return more rows for a smaller batch, got {n} for {real.sum()} "
            f"rows and {rows} for {len(index)}"
        )
    order = np.resize(np.arange(n), rows)
    positions = np.resize(index[real], n)
    X, y, positions = jax.tree.map(lambda array: array[order], (X, y, positions))
    return TransformedBatch(X, y, np.where(np.arange(rows) < n, weight, np.float32(0)), positions)


def weigh_targets(
    batch: TransformedBatch, weights: tuple[np.ndarray, ...], index: np.ndarray
) -> TransformedBatch:
    """Give the targets of a transformed batch the weights of the targets of its rows.

    Parameters
    ----------
    batch : TransformedBatch
    weights : tuple of array of shape (n, ...)
        Weights of the targets of all rows of the data, by output.
    index : int array of shape (size,)
        Positions of the rows before the transform.

    Returns
    -------
    TransformedBatch

    Raises
    ------
    ValueError
        If the transform changed the number of rows, whose weights differ.
    """
    n, size = len(batch.weights), len(index)
    if n != size and any((own[index] != own[index[:1]]).any() for own in weights):
        raise ValueError(
            "transform must keep the number of rows if sample_weight gives their targets different "
            f"weights, got {n} for a batch of {size}"
        )
    own = tuple(one[np.resize(index, n)] for one in weights)
    return batch._replace(y=WeightedTargets(batch.y, own))


def _transformed(transform: Callable[..., Any], X: dict[Any, np.ndarray], y: Any) -> RowsAndTargets:
    """Call the transform and check that rows and targets belong together."""
    names, given = list(X), y
    result = transform(X[names[0]] if len(names) == 1 else X, y)
    if not isinstance(result, tuple) or len(result) != 2:
        raise ValueError(f"transform must return (Xb, yb), got {type(result).__name__}")
    arrays = {names[0]: result[0]} if len(names) == 1 else result[0]
    Xb = {name: _as_input(np.asarray(arrays[name])) for name in names}
    yb = None if given is None else jax.tree.map(_as_target, given, result[1])
    rows = {len(array) for array in jax.tree.leaves((Xb, yb))}
    if len(rows) > 1 or 0 in rows:
        shapes = [array.shape for array in jax.tree.leaves((Xb, yb))]
        raise ValueError(
            "transform must return at least one row, and one target for each row, got arrays of "
            f"shape {', '.join(map(str, shapes))}"
        )
    return Xb, yb


def _as_input(array: np.ndarray) -> np.ndarray:
    if array.dtype == np.uint8:
        return array
    return _numbers("Xb", array).astype(np.float32, copy=False)


def _as_target(given: np.ndarray, returned: Any) -> np.ndarray:
    """Keep the dtype of the given targets, unless classes became probabilities."""
    returned = _numbers("yb", np.asarray(returned))
    if returned.ndim != given.ndim:
        return returned.astype(np.float32, copy=False)
    if returned.shape[1:] != given.shape[1:]:
        raise ValueError(
            f"transform must return targets with rows of shape {given.shape[1:]}, "
            f"got {returned.shape[1:]}"
        )
    if given.dtype.kind == "i" and returned.dtype.kind == "f":
        broken = returned[returned != np.floor(returned)]  # NaN included
        if broken.size:
            raise ValueError(
                "transform must return classes as integers, or as probabilities with an axis for "
                f"the classes, got {broken.flat[0]} in yb"
            )
    return returned.astype(given.dtype, copy=False)


def _numbers(name: str, array: np.ndarray) -> np.ndarray:
    """Return an array of numbers, also of numbers as objects or text."""
    if array.dtype.kind in "iufb" and array.ndim:
        return array
    try:
        if array.ndim:
            return array.astype(np.float64)
    except (ValueError, TypeError):
        pass
    got = f"dtype {array.dtype}" if array.ndim else repr(array.item())
    raise ValueError(f"transform must return an array of numbers as {name}, got {got}")


def _count(X: dict[Any, np.ndarray]) -> int:
    return len(next(iter(X.values())))
