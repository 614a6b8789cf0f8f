"""Where the rows of a training lie on the device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ..utils.memo import Memo
from .chunks import Chunk, iterate_chunks
from .dataset import Dataset
from .inputs import Rows
from .iterators import BatchIterator


class StackedBatches(NamedTuple):
    """Rows cut into batches, as `skconv.data.chunks.Chunk` holds them.

    Parameters
    ----------
    X : dict of array of shape (steps, batch, ...)
    y : array of shape (steps, batch, ...)
    weights : array of shape (steps, batch)
        Weight of each row in the loss; zero for rows that only fill up.
    rows : int32 array of shape (steps, batch)
        Number of each row in the data.
    """

    X: dict[str, Any]
    y: Any
    weights: Any
    rows: Any

    def batch(self, i: Any) -> tuple[dict[str, Any], Any, Any]:
        """X, y and weights of a batch."""
        return batch_at(self.X, i), targets_at(self.y, i), self.weights[i]


class IndexedBatches(NamedTuple):
    """Batches that lie anywhere in the data.

    Parameters
    ----------
    X : dict of array of shape (1, n, ...)
    y : array of shape (1, n, ...)
    index : int32 array of shape (steps, batch)
        Rows of each batch.
    weights : array of shape (steps, batch)
    """

    X: dict[str, Any]
    y: Any
    index: Any
    weights: Any

    def batch(self, i: Any) -> tuple[dict[str, Any], Any, Any]:
        """X, y and weights of a batch."""
        places = 0, self.index[i]
        return batch_at(self.X, places), targets_at(self.y, places), self.weights[i]


def flatten_batches(batches: Any) -> Any:
    """Take arrays of batches for arrays of rows."""
    return jax.tree.map(lambda array: array.reshape(-1, *array.shape[2:]), batches)


def batch_at(X: dict[str, jax.Array], i: Any) -> dict[str, jax.Array]:
    """Take a batch, or the rows at some places, as float32."""
    return {name: array[i].astype(jnp.float32) for name, array in X.items()}


def targets_at(y: Any, i: Any) -> Any:
    """Take the targets of a batch, or at some places."""
    return jax.tree.map(lambda array: array[i], y)


def output_buffer(make: Callable[[Any], Any], length: int) -> Any:
    """Make room for what a function of the batch's number gives for all batches."""
    return jax.tree.map(
        lambda one: jnp.zeros((length, *one.shape), one.dtype), jax.eval_shape(make, 0)
    )


def store_batch(kept: Any, i: Any, new: Any) -> Any:
    """Put down what a batch gave."""
    return jax.tree.map(lambda buffer, one: buffer.at[i].set(one), kept, new)


class DeviceRows(NamedTuple):
    """Rows on the device that stay for all epochs.

    Parameters
    ----------
    batches : StackedBatches
    steps : int
        Batches of an epoch.
    index : int array of shape (n,) or None
        Place of each row of the feed; None where they lie in order.
    """

    batches: StackedBatches
    steps: int
    index: np.ndarray | None

    @property
    def shape(self) -> tuple[int, int]:
        """Number of steps and of rows in a batch that the arrays have room for."""
        return self.batches.weights.shape

    def places(self, order: np.ndarray) -> np.ndarray:
        """From an order of the feed's rows to that of their places."""
        return order if self.index is None else self.index[order]


def stack_batches(chunk: Chunk) -> StackedBatches:
    """Take the arrays of a chunk."""
    return StackedBatches(chunk.X, chunk.y, chunk.weights, chunk.rows)


def place_rows(feed: Dataset) -> DeviceRows:
    """Place the rows of a feed that fit one chunk."""
    chunk = _chunk(feed.rows, feed.y, feed.weights, feed.iterator)
    return DeviceRows(jax.device_put(stack_batches(chunk)), chunk.steps, None)


def place_shared_rows(feed: Dataset, memo: Memo) -> DeviceRows:
    """Place all rows of the arrays that a feed has rows of, once for all feeds that have some."""
    rows, size = feed.rows, feed.iterator.batch_size
    arrays = list(rows.arrays.values())

    def all_rows() -> dict[str, Any]:
        return jax.device_put(_chunk(rows.whole(), None, None, feed.iterator).X)

    X = memo.get(("rows in batches", size, jax.config.jax_default_device), arrays, all_rows)
    shape = next(iter(X.values())).shape[:2]
    return DeviceRows(scatter_rows(X, shape, feed), feed.steps, feed.index)


def scatter_rows(X: Any, shape: tuple[int, int], feed: Dataset, *others: Dataset) -> StackedBatches:
    """Put targets, weights and numbers of rows at the places of their rows.

    Parameters
    ----------
    X : dict of array of shape (*shape, ...)
    shape : (int, int)
        Places, in batches.
    feed : Dataset
        Rows to train on; all others get the weight zero.
    *others : Dataset
        Of the same arrays; their targets are put in place as well.

    Returns
    -------
    StackedBatches
    """
    index, n = feed.index, len(feed.rows)
    weights = np.ones(n, np.float32) if feed.weights is None else feed.weights
    targets = [(one.index, one.y) for one in (feed, *others)]
    return StackedBatches(
        X,
        jax.tree.map(
            lambda *ys: _spread(shape, *zip((i for i, _ in targets), ys, strict=True)),
            *(y for _, y in targets),
        ),
        _spread(shape, (index, weights)),
        _spread(shape, (index, np.arange(n, dtype=np.int32))),
    )


def _spread(shape: tuple[int, int], *parts: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Put values at their places, and zero elsewhere."""
    first = parts[0][1]
    whole = np.zeros((shape[0] * shape[1], *first.shape[1:]), first.dtype)
    for index, values in parts:
        whole[index] = values
    return whole.reshape(*shape, *first.shape[1:])


def _chunk(rows: Rows, y: Any, weights: Any, iterator: BatchIterator) -> Chunk:
    """Cut rows that fit one chunk, in the order in which they are given."""
    (chunk,) = iterate_chunks(rows, y, weights, BatchIterator(iterator.batch_size))
    return chunk
