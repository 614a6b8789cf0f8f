"""What the `transform` of a `BatchIterator` makes of batches, checked row by row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np

RowsAndTargets = tuple[dict[str, np.ndarray], Any]
"""Rows by name of the input layer, and their targets: an array, a tuple of arrays, or None."""


class TransformedBatch(NamedTuple):
    """A batch after its change.

    Parameters
    ----------
    X : dict of str to array
    y : array, tuple of array, or None
    weights : array of shape (rows,)
    index : int array of shape (rows,)
        Numbers of the rows. Where there are more or fewer than before, they are those before, in
        turn: right for whole copies of a batch one after the other, and for its first rows.
    """

    X: dict[str, np.ndarray]
    y: Any
    weights: np.ndarray
    index: np.ndarray


def transform_batch(
    transform: Callable[[Any, Any], tuple[Any, Any]],
    take: Callable[[np.ndarray], RowsAndTargets],
    index: np.ndarray,
    weights: np.ndarray,
    rows: int | None = None,
) -> TransformedBatch:
    """Take rows and change them.

    Where there are more or fewer rows after it, nobody knows which is which. So a batch in which
    some only fill up, with weight zero, is then changed without those, and filled up afterwards.

    Parameters
    ----------
    transform : callable
        ``(Xb, yb) -> (Xb, yb)``; Xb is an array, or a dict where there are several inputs.
    take : callable
        From numbers of rows to copies of them and of their targets.
    index : int array of shape (size,)
        Numbers of the rows.
    weights : float32 array of shape (size,)
    rows : int, optional
        Number of rows that a batch has after its change, where that is known.

    Returns
    -------
    TransformedBatch

    Raises
    ------
    ValueError
        For rows without targets, targets of another shape, rows of different weights that were
        mixed up, and another number of rows than that.
    """
    alike = bool((weights == weights[0]).all())
    if alike or rows in (None, len(index)):
        X, y = _changed(transform, *take(index))
        found = _count(X)
        if rows not in (None, found):
            raise ValueError(
                f"transform makes {found} rows of {len(index)}, where {rows} are needed"
            )
        if alike or found == len(index):
            return TransformedBatch(X, y, np.resize(weights, found), np.resize(index, found))
        rows = found
    real = weights > 0
    weight = weights[real][0]
    if (weights[real] != weight).any():
        raise ValueError(
            f"transform makes {rows} rows of {len(index)}, and which of them has which weight, by "
            "sample_weight or class_weight, is lost; let it keep the number of rows"
        )
    X, y = _changed(transform, *take(index[real]))
    found = _count(X)
    if found > rows:
        raise ValueError(
            f"transform makes {found} rows of {real.sum()}, but {rows} of a batch of {len(index)}"
        )
    order = np.resize(np.arange(found), rows)
    numbers = np.resize(index[real], found)
    X, y, numbers = jax.tree.map(lambda array: array[order], (X, y, numbers))
    return TransformedBatch(X, y, np.where(np.arange(rows) < found, weight, np.float32(0)), numbers)


def _changed(transform: Callable[..., Any], X: dict[str, np.ndarray], y: Any) -> RowsAndTargets:
    """Call the transform and check that rows and targets belong together."""
    names, given = list(X), y
    made = transform(X[names[0]] if len(names) == 1 else X, y)
    if not isinstance(made, tuple) or len(made) != 2:
        raise ValueError(f"transform must return Xb and yb, it returned {type(made).__name__}")
    found = {names[0]: made[0]} if len(names) == 1 else made[0]
    Xb = {name: _as_input(np.asarray(found[name])) for name in names}
    yb = None if given is None else jax.tree.map(_as_target, given, made[1])
    rows = {len(array) for array in jax.tree.leaves((Xb, yb))}
    if len(rows) > 1 or 0 in rows:
        shapes = [array.shape for array in jax.tree.leaves((Xb, yb))]
        raise ValueError(
            f"transform must return one target for each row, and a row at least; it returned "
            f"{', '.join(map(str, shapes))}"
        )
    return Xb, yb


def _as_input(array: np.ndarray) -> np.ndarray:
    return array if array.dtype == np.uint8 else array.astype(np.float32, copy=False)


def _as_target(given: np.ndarray, made: Any) -> np.ndarray:
    """Keep the type of the targets, unless classes became probabilities."""
    made = np.asarray(made)
    if made.ndim != given.ndim:
        return made.astype(np.float32, copy=False)
    if made.shape[1:] != given.shape[1:]:
        raise ValueError(
            f"transform makes targets of shape {made.shape[1:]} a row from {given.shape[1:]}; "
            "the loss takes the latter"
        )
    return made.astype(given.dtype, copy=False)


def _count(X: dict[str, np.ndarray]) -> int:
    return len(next(iter(X.values())))
