"""Cut rows into batches, and batches into chunks of one fixed shape."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np

from ..ops.platform import spare_memory
from ..targets.weighted_targets import take_targets, unpack_targets
from ..utils.aligned_arrays import aligned_zeros
from .host_transform import TransformedBatch, transform_batch, weigh_targets
from .iterators import BatchIterator, has_transform
from .prefetch import may_give_up
from .row_order import row_order
from .rows import Rows

CHUNK_BYTES = 16 * 2**20
"""Maximum size of a chunk; of larger data, two chunks are in memory at a time.

Rows that fit into one chunk stay on the device: a dense network of 784-500-50-10 units then takes
44 ms for an epoch of 3,200 digits, against 53 ms in two chunks of 8 MiB, with a lower memory peak.
More rows stay there only if the device has memory of its own. On the CPU, an epoch with all rows in
one array took between 0.7 (30,000 digits as uint8) and 1.2 (60,000 rows of 20 numbers) of the time
in chunks, and a copy of the data.
"""

MAX_STEPS = 64
"""Maximum number of batches in a chunk."""

MAX_EPOCHS = 16
"""Maximum number of epochs per call of a program."""

ORDER_BYTES = 2**20
"""Maximum size of the orders of these epochs."""


class Chunk(NamedTuple):
    """Batches stacked to a fixed number of steps, of which only the first `steps` hold rows.

    Parameters
    ----------
    X : dict of array of shape (chunk_steps, batch, ...)
    y : array of shape (chunk_steps, batch, ...), tuple of arrays, WeightedTargets, or None
    weights : float32 array of shape (chunk_steps, batch)
        Weight of each row in the loss; zero for padding.
    rows : int32 array of shape (chunk_steps, batch)
        Position of each row in the data.
    steps : int
    """

    X: dict[str, np.ndarray]
    y: Any
    weights: np.ndarray
    rows: np.ndarray
    steps: int


def chunk_steps(batch_bytes: int) -> int:
    """Return the number of steps in a chunk.

    It depends on the size of a batch alone, so that all data sets share a program.
    """
    return int(np.clip(CHUNK_BYTES // max(batch_bytes, 1), 1, MAX_STEPS))


def iterate_chunks(
    rows: Rows,
    y: Any,
    weights: np.ndarray | None,
    iterator: BatchIterator,
    *,
    seed: int = 0,
    epoch: int = 0,
    keep: bool = False,
    shape: tuple[int, int] | None = None,
    share: tuple[int, int] = (0, 1),
) -> Iterator[Chunk]:
    """Cut rows into chunks of one shape.

    Parameters
    ----------
    rows : Rows
    y : array of shape (n, ...), tuple of arrays, WeightedTargets, or None
        Encoded targets.
    weights : array of shape (n,) or None
        Weight of each row in the loss; None for equal weights.
    iterator : BatchIterator
    seed, epoch : int
        Determine the order.
    keep : bool
        Whether rows keep their order and the transform their number, as for predictions.
    shape : (int, int), optional
        Number of steps and of rows per batch; by default those of training.
    share : (int, int)
        Which part of the rows of each batch to return, and of how many. The other rows are not
        read, unless a transform needs the whole batch.

    Yields
    ------
    Chunk
        Arrays of shape ``(steps, batch_size, ...)``; a transform may change the number of
        rows per batch. The last batch is padded with the first rows at weight zero, so that batch
        statistics come from real rows only.
    """
    n, (length, size) = len(rows), shape or chunk_shape(rows, iterator)
    gather = _gather(rows, y, iterator, count=size if keep else None)
    order = np.arange(n) if keep else row_order(iterator, n, seed, epoch, y, rows.index)
    index, weights = cut_batches(order, weights, size)
    part = partial(_part, share)
    whole = has_transform(iterator)
    if not whole:
        index, weights = part(index), part(weights)
    for start in range(0, len(index), length):
        steps = slice(start, start + length)
        batches = gather(index[steps], weights[steps])
        if whole:
            batches = jax.tree.map(part, batches)
        yield Chunk(
            {name: _pad(array, length) for name, array in batches.X.items()},
            jax.tree.map(lambda array: _pad(array, length), batches.y),
            _pad(batches.weights, length),
            _pad(batches.rows.astype(np.int32), length),
            len(batches.weights),
        )


def _part(share: tuple[int, int], array: np.ndarray) -> np.ndarray:
    """Return a part of the rows of each batch."""
    number, count = share
    rows = array.shape[1] // count
    return array[:, number * rows : (number + 1) * rows]


def count_chunks(rows: Rows, iterator: BatchIterator, shape: tuple[int, int] | None = None) -> int:
    """Return the number of chunks that `iterate_chunks` cuts rows into."""
    length, size = shape or chunk_shape(rows, iterator)
    return -(-len(rows) // (length * size))


def chunk_shape(rows: Rows, iterator: BatchIterator) -> tuple[int, int]:
    """Return the number of steps and of rows per batch of a chunk in training."""
    size = iterator.batch_size
    return chunk_steps(size * rows.row_bytes()), size


def first_batch(rows: Rows, y: Any, iterator: BatchIterator) -> tuple[dict[Any, np.ndarray], Any]:
    """Return the first batch in row order, as it enters the network.

    Parameters
    ----------
    rows : Rows
    y : array of shape (n, ...), or tuple of arrays
        Encoded targets.
    iterator : BatchIterator

    Returns
    -------
    X : dict of array of shape (batch, ...)
        By name of the input layer.
    y : array of shape (batch, ...), or tuple of arrays
    """
    size = iterator.batch_size
    index = np.resize(np.arange(len(rows)), (1, size))
    batches = _gather(rows, y, iterator)(index, np.ones((1, size), np.float32))
    return jax.tree.map(lambda array: array[0], (batches.X, batches.y))


def cut_batches(
    order: np.ndarray, weights: np.ndarray | None, size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Cut rows into batches and pad the last one with the first rows.

    Parameters
    ----------
    order : int array of shape (n,)
        Indices of the rows.
    weights : array of shape (n,) or None
        Weights of the rows, by index.
    size : int
        Number of rows per batch.

    Returns
    -------
    index : int array of shape (batches, size)
    weights : float32 array of that shape
        Zero for padding.
    """
    index = _batches(order, size)
    padded = np.ones(index.shape, np.float32) if weights is None else weights[index]
    padded.ravel()[len(order) :] = 0
    return index, padded


def resident_steps(rows: Rows, iterator: BatchIterator) -> int | None:
    """Return the number of steps of arrays that hold all rows on the device, in any order.

    It is that of a chunk, or twice, four times, ... as many, so that data sets of similar sizes
    share a program.

    Returns
    -------
    int or None
        None if rows are transformed on the host, or are too many to stay on the device.
    """
    if has_transform(iterator):
        return None
    size = iterator.batch_size
    batch_bytes = size * rows.row_bytes()
    unit = chunk_steps(batch_bytes)
    steps = unit
    while steps * size < len(rows):
        steps *= 2
    return steps if steps == unit or steps * batch_bytes <= spare_memory() else None


def epoch_orders(
    n: int,
    iterator: BatchIterator,
    shape: tuple[int, int, int],
    seed: int,
    epochs: range,
    y: Any = None,
    positions: np.ndarray | None = None,
) -> np.ndarray:
    """Return the positions of the rows in a chunk for each epoch.

    The chunk holds the rows in their original order.

    Parameters
    ----------
    n : int
        Number of rows.
    iterator : BatchIterator
    shape : (int, int, int)
        Number of epochs, steps and rows per batch to allocate.
    seed : int
    epochs : range
    y : array of shape (n, ...), tuple of arrays, or None
        Encoded targets, as of `row_order`.
    positions : int array of shape (n,), optional
        Where the rows are in the arrays that hold them, as of `row_order`.

    Returns
    -------
    int32 array of that shape
        The last batch of an epoch is padded with its first rows, as in `iterate_chunks`.
    """
    orders = np.zeros(shape, np.int32)
    for order, epoch in zip(orders, epochs, strict=False):
        batches = _batches(row_order(iterator, n, seed, epoch, y, positions), shape[2])
        order[: len(batches)] = batches
    return orders


def epochs_per_call(shape: tuple[int, int]) -> int:
    """Return the number of epochs per call, which depends on the shape of a chunk alone."""
    return int(np.clip(ORDER_BYTES // (4 * math.prod(shape)), 1, MAX_EPOCHS))


@functools.cache
def identity_order(epochs: int, shape: tuple[int, int]) -> np.ndarray:
    """Return the order of a chunk whose rows are in the order of the epoch, like `epoch_orders`."""
    orders = np.zeros((epochs, *shape), np.int32)
    orders[0] = np.arange(orders[0].size).reshape(shape)
    return orders


def _batches(order: np.ndarray, size: int) -> np.ndarray:
    """Cut an order into batches and pad the last one from the start of the order."""
    batches = -(-len(order) // size)
    return np.resize(order, batches * size).reshape(batches, size)


def _gather(
    rows: Rows, y: Any, iterator: BatchIterator, *, count: int | None = None
) -> Callable[[np.ndarray, np.ndarray], TransformedBatch]:
    """Return a function from the positions and weights of rows, by batch, to batches.

    A transform must return `count` rows per batch; by default as many as for the first batch.
    """
    if has_transform(iterator):
        return _gather_transformed(rows, y, iterator, count=count)

    def gather(index: np.ndarray, weights: np.ndarray) -> TransformedBatch:
        flat = rows.take(index.ravel())
        X = {name: array.reshape(*index.shape, *array.shape[1:]) for name, array in flat.items()}
        return TransformedBatch(X, take_targets(y, index), weights, index)

    return gather


def _gather_transformed(
    rows: Rows, y: Any, iterator: BatchIterator, *, count: int | None
) -> Callable[[np.ndarray, np.ndarray], TransformedBatch]:
    """Return a function like that of `_gather`, which transforms each batch."""
    number = 0
    y, target_weights = unpack_targets(y)

    def take(index: np.ndarray) -> tuple[dict[str, np.ndarray], Any]:
        return rows.take(index), take_targets(y, index)

    def transform(batch: np.ndarray, weights: np.ndarray) -> TransformedBatch:
        nonlocal number, count
        number += 1
        with _numbered(number, iterator):
            transformed = transform_batch(iterator.transform, take, batch, weights, count)
            count = len(transformed.weights)
            if target_weights is not None:
                transformed = weigh_targets(transformed, target_weights, batch)
            return transformed._replace(X=rows.enter(transformed.X))

    def gather(index: np.ndarray, weights: np.ndarray) -> TransformedBatch:
        batches: list[TransformedBatch] = []
        for pair in zip(index, weights, strict=True):
            if batches:
                may_give_up()
            batches.append(transform(*pair))
        return jax.tree.map(lambda *arrays: np.stack(arrays), *batches)

    return gather


@contextmanager
def _numbered(number: int, iterator: BatchIterator) -> Iterator[None]:
    """Add the number of the batch to exceptions raised in the block."""
    try:
        yield
    except Exception as error:
        error.add_note(f"in batch {number}, transformed by {type(iterator).__name__}.transform")
        raise


def _pad(array: np.ndarray, length: int) -> np.ndarray:
    if len(array) == length:
        return array
    full = aligned_zeros((length, *array.shape[1:]), array.dtype)
    full[: len(array)] = array
    return full
