"""Cut rows into chunks in their own order, as they are predicted."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from .chunks import chunk_steps, iterate_chunks
from .iterators import BatchIterator, has_transform
from .rows import Rows

PREDICT_FRACTION = 4
"""Factor by which chunks are smaller at prediction than in training.

Predictions are often for few rows, and a chunk is always padded and copied whole: 6 ms for 16 MiB,
more than it takes to predict 300 digits.
"""

FEW_ROWS = (1, 8)
"""Sizes of the batches that fewer rows than a whole batch are predicted in.

A row of 224x224 pixels in a batch of 128 rows takes as long as 128 rows. Each size is a program of
its own.
"""


def predict_shape(n: int, batch_size: int, row_bytes: int) -> tuple[int, int]:
    """Return the number of steps and of rows per batch in a chunk at prediction.

    Parameters
    ----------
    n : int
        Number of rows.
    batch_size : int
        Rows per batch for many rows.
    row_bytes : int
        Size of a row, or of its outputs if these are larger.

    Examples
    --------
    >>> [predict_shape(n, 128, row_bytes=3136) for n in (1, 5, 100, 5000)]
    [(1, 1), (1, 8), (10, 128), (10, 128)]
    """
    for few in FEW_ROWS:
        if n <= few < batch_size:
            return 1, few
    return max(1, chunk_steps(batch_size * row_bytes) // PREDICT_FRACTION), batch_size


def iterate_in_order(
    rows: Rows, iterator: BatchIterator, shape: tuple[int, int]
) -> Iterator[tuple[dict[Any, np.ndarray], int]]:
    """Cut rows into chunks in their own order, without targets and weights.

    Parameters
    ----------
    rows : Rows
    iterator : BatchIterator
    shape : (int, int)
        Number of steps, and of rows per batch.

    Yields
    ------
    X : dict of array of shape (steps, batch, ...)
        By name of the input layer. The last batch is padded with the first rows of its chunk, and
        the chunk with zeros. Without a transform, whole chunks of dense rows are views.
    steps : int
        Number of batches that hold rows.

    Examples
    --------
    >>> rows = Rows({'input': np.arange(5)[:, None]}, {'input': (1,)})
    >>> ((X, steps),) = iterate_in_order(rows, BatchIterator(4), (3, 4))
    >>> X['input'][..., 0].tolist(), steps
    ([[0, 1, 2, 3], [4, 0, 1, 2], [0, 0, 0, 0]], 2)
    """
    if has_transform(iterator):
        for chunk in iterate_chunks(rows, None, None, iterator, keep=True, shape=shape):
            yield chunk.X, chunk.steps
        return
    steps, size = shape
    for start in range(0, len(rows), steps * size):
        flat = rows.take(slice(start, start + steps * size))
        n = min(len(rows) - start, steps * size)
        X = {name: stack_rows(array, shape) for name, array in flat.items()}
        yield X, -(-n // size)


def stack_rows(array: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return rows in batches, padded.

    Parameters
    ----------
    array : array of shape (n, ...)
    shape : (int, int)
        Number of steps, and of rows per batch.

    Returns
    -------
    array of shape (steps, batch, ...)
    """
    n, full, size = len(array), math.prod(shape), shape[1]
    if n < full:
        padded = np.zeros((full, *array.shape[1:]), array.dtype)
        padded[:n] = array
        missing = -n % size
        if missing:
            padded[n : n + missing] = np.resize(array, (missing, *array.shape[1:]))
        array = padded
    return array.reshape(*shape, *array.shape[1:])
