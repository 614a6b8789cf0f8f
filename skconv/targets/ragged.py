"""Targets and predictions whose rows differ in shape."""

from __future__ import annotations

from typing import Any

import numpy as np

from .ragged_array import RaggedArray


def is_ragged(values: Any) -> bool:
    """Return whether values are rows of several shapes, in an array of objects."""
    return isinstance(values, np.ndarray) and values.dtype == object and np.ndim(values.flat[0]) > 0


def flatten_positions(
    true: Any, predicted: np.ndarray, weights: Any = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Flatten targets and predictions whose rows differ in shape, for a score of all positions.

    Parameters
    ----------
    true : RaggedArray
    predicted : object array of shape (n,)
        Arrays of the same shapes, or with further axes.
    weights : array-like of shape (n,), or RaggedArray, optional
        Weight of each row, which all of its positions get, or of each position.

    Raises
    ------
    ValueError
        If a row of `true` has another shape than that of `predicted`.

    Examples
    --------
    >>> predicted = np.array([np.ones(1), np.zeros(2)], object)
    >>> from skconv.targets.ragged_array import read_rows
    >>> flatten_positions(read_rows([[1], [2, 3]]), predicted, [5, 7])
    (array([1, 2, 3]), array([1., 0., 0.]), array([5, 7, 7]))
    """
    if not isinstance(true, RaggedArray):
        raise ValueError(
            f"y must have rows of the shapes of the predictions, which differ, got "
            f"{np.shape(true)[1:]} in all rows"
        )
    rows = true.rows()
    for i, (row, own) in enumerate(zip(rows, predicted, strict=True)):
        if row.shape != own.shape[: row.ndim]:
            raise ValueError(
                f"y must have rows of the shapes of the predictions, got {row.shape} instead of "
                f"{own.shape} in row {i}"
            )
    pairs = list(zip(rows, predicted, strict=True))
    flat = [
        np.concatenate([row.ravel() for row in rows]),
        np.concatenate([own.reshape(-1, *own.shape[row.ndim :]) for row, own in pairs]),
    ]
    if isinstance(weights, RaggedArray):
        weights = np.concatenate([row.ravel() for row in weights.rows()])
    elif weights is not None:
        weights = np.repeat(np.asarray(weights), [row.size for row in rows])
    return flat[0], flat[1], weights
