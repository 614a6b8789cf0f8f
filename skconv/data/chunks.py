"""Cut rows into batches, and batches into chunks of one fixed shape."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import jax
import numpy as np

from .host_transform import TransformedBatch, transform_batch
from .inputs import Rows
from .iterators import BatchIterator, has_transform

CHUNK_BYTES = 16 * 2**20
"""Size that a chunk may have; of larger data two are in memory at a time.

Rows that fit one chunk stay on the device: an epoch of 3,200 digits takes a dense network of
784-500-50-10 units 44 ms so, and 53 in two chunks of 8 MiB; the memory of the process peaks lower.
"""

PREDICT_FRACTION = 4
"""How many times smaller chunks are where nothing is learnt.

Few rows are more often asked for than many, and a chunk is filled up and copied whole: 6 ms for one
of 16 MiB, more than it takes to predict 300 digits.
"""

MAX_STEPS = 64

MAX_EPOCHS = 16
"""Epochs that one call may go through where nobody looks on."""

ORDER_BYTES = 2**20
"""Size that their orders may have."""


class Chunk(NamedTuple):
    """Batches stacked to a fixed number of steps, of which the first `steps` are real.

    `rows` tells which rows they hold.
    """

    X: dict[str, np.ndarray]
    y: Any
    weights: np.ndarray
    rows: np.ndarray
    steps: int


def chunk_steps(batch_bytes: int) -> int:
    """Steps in a chunk, from the size of a batch alone, so that all data share a program."""
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
    part: int = 1,
) -> Iterator[Chunk]:
    """Cut rows into chunks of one shape.

    Parameters
    ----------
    rows : Rows
    y : array of shape (n, ...), tuple of arrays, or None
        Encoded targets.
    weights : array of shape (n,) or None
        Weight of each row in the loss; None for one.
    iterator : BatchIterator
    seed, epoch : int
        Decide the order.
    keep : bool
        Whether each row must stay one, as for predictions.
    part : int
        How many times smaller a chunk is than in training.

    Yields
    ------
    Chunk
        Arrays of shape ``(chunk_steps, batch_size, ...)``, or with another number of rows in a
        batch where the iterator's transform makes that. The last batch wraps around to the
        first rows, so that statistics see real rows only; those copies have weight zero.
    """
    size = iterator.batch_size
    index, live = cut_batches(len(rows), weights, iterator, seed=seed, epoch=epoch)
    length = max(1, chunk_steps(size * rows.row_bytes()) // part)
    gather = _gather(rows, y, iterator, keep=keep)
    for start in range(0, len(index), length):
        part = slice(start, start + length)
        X, targets, found, numbers = gather(index[part], live[part])
        yield Chunk(
            {name: _fill(array, length) for name, array in X.items()},
            jax.tree.map(lambda array: _fill(array, length), targets),
            _fill(found, length),
            _fill(numbers.astype(np.int32), length),
            len(found),
        )


def first_batch(rows: Rows, y: Any, iterator: BatchIterator) -> tuple[dict[Any, np.ndarray], Any]:
    """Take the first batch in the order of the rows, as it enters the network.

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
    made = _gather(rows, y, iterator, keep=False)(index, np.ones((1, size), np.float32))
    return jax.tree.map(lambda array: array[0], (made.X, made.y))


def cut_batches(
    n: int, weights: np.ndarray | None, iterator: BatchIterator, *, seed: int = 0, epoch: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Cut rows into batches, of which the last is filled up from the first rows.

    Parameters
    ----------
    n : int
        Number of rows.
    weights : array of shape (n,) or None
    iterator : BatchIterator
    seed, epoch : int
        Decide the order.

    Returns
    -------
    index : int array of shape (batches, batch_size)
    weights : float32 array of that shape
        Zero for the rows that fill up.
    """
    index = _batches(iterator.order(n, seed, epoch), iterator.batch_size)
    live = np.ones(index.shape, np.float32) if weights is None else weights[index]
    live.ravel()[n:] = 0
    return index, live


def fits_one_chunk(rows: Rows, iterator: BatchIterator) -> bool:
    """Whether the rows of all epochs are those of one chunk, and only their order changes."""
    size = iterator.batch_size
    return not has_transform(iterator) and len(rows) <= size * chunk_steps(size * rows.row_bytes())


def epoch_orders(
    n: int, iterator: BatchIterator, shape: tuple[int, int, int], seed: int, epochs: range
) -> np.ndarray:
    """Places of the rows in a chunk that holds them as they are given.

    Parameters
    ----------
    n : int
        Number of rows.
    iterator : BatchIterator
    shape : (int, int, int)
        Epochs, steps and rows in a batch that there is room for.
    seed : int
    epochs : range

    Returns
    -------
    int32 array of that shape
        As in `iterate_chunks` the last batch wraps around to the first rows.
    """
    found = np.zeros(shape, np.int32)
    for order, epoch in zip(found, epochs, strict=False):
        batches = _batches(iterator.order(n, seed, epoch), shape[2])
        order[: len(batches)] = batches
    return found


def epochs_per_call(shape: tuple[int, int]) -> int:
    """Epochs that one call may go through, from the shape of a chunk alone."""
    return int(np.clip(ORDER_BYTES // (4 * math.prod(shape)), 1, MAX_EPOCHS))


@functools.cache
def identity_order(shape: tuple[int, int]) -> np.ndarray:
    """The order of a chunk whose rows lie in the order of the epoch already, as of `epoch_orders`."""
    found = np.zeros((epochs_per_call(shape), *shape), np.int32)
    found[0] = np.arange(found[0].size).reshape(shape)
    return found


def _batches(order: np.ndarray, size: int) -> np.ndarray:
    """Cut an order into batches, and fill up the last one from its start."""
    batches = -(-len(order) // size)
    return np.resize(order, batches * size).reshape(batches, size)


def take_targets(y: Any, index: np.ndarray) -> Any:
    """Copy the targets of some rows, whatever the number of outputs."""
    return jax.tree.map(lambda array: array[index], y)


def _gather(
    rows: Rows, y: Any, iterator: BatchIterator, *, keep: bool
) -> Callable[[np.ndarray, np.ndarray], TransformedBatch]:
    """Make a function from numbers and weights of rows, batch by batch, to batches."""
    if has_transform(iterator):
        return _changing(rows, y, iterator, keep=keep)

    def gather(index: np.ndarray, live: np.ndarray) -> TransformedBatch:
        flat = rows.take(index.ravel())
        X = {name: array.reshape(*index.shape, *array.shape[1:]) for name, array in flat.items()}
        return TransformedBatch(X, take_targets(y, index), live, index)

    return gather


def _changing(
    rows: Rows, y: Any, iterator: BatchIterator, *, keep: bool
) -> Callable[[np.ndarray, np.ndarray], TransformedBatch]:
    """Make a function that gathers batches one after the other and changes them."""
    done, count = 0, iterator.batch_size if keep else None

    def taken(index: np.ndarray) -> tuple[dict[str, np.ndarray], Any]:
        return rows.take(index), take_targets(y, index)

    def one(batch: np.ndarray, live: np.ndarray) -> TransformedBatch:
        nonlocal done, count
        done += 1
        with _numbered(done, iterator):
            made = transform_batch(iterator.transform, taken, batch, live, count)
            count = len(made.weights)
            return made._replace(X=rows.enter(made.X))

    def gather(index: np.ndarray, live: np.ndarray) -> TransformedBatch:
        batches = [one(*pair) for pair in zip(index, live, strict=True)]
        return jax.tree.map(lambda *arrays: np.stack(arrays), *batches)

    return gather


@contextmanager
def _numbered(number: int, iterator: BatchIterator) -> Iterator[None]:
    """Say in which batch an exception arose."""
    try:
        yield
    except Exception as error:
        error.add_note(f"in batch {number}, changed by {type(iterator).__name__}.transform")
        raise


def _fill(array: np.ndarray, length: int) -> np.ndarray:
    if len(array) == length:
        return array
    full = np.zeros((length, *array.shape[1:]), array.dtype)
    full[: len(array)] = array
    return full
