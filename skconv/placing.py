"""Where the rows of a training lie on the device."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import numpy as np

from .batches import Batches
from .data import BatchIterator, Chunk, chunks, take
from .inputs import Rows
from .shelf import Shelf


class Feed(NamedTuple):
    """Rows to train or to evaluate on.

    Parameters
    ----------
    rows : Rows
    y : array or tuple of array
        Encoded targets; a tuple where there are several outputs.
    weights : array or None
    iterator : BatchIterator
    """

    rows: Rows
    y: Any
    weights: np.ndarray | None
    iterator: BatchIterator

    @property
    def steps(self) -> int:
        """Batches of an epoch."""
        return -(-len(self.rows) // self.iterator.batch_size)

    @property
    def index(self) -> np.ndarray:
        """Which rows of its arrays these are."""
        known = self.rows.index
        return np.arange(len(self.rows)) if known is None else known

    def subset(self, index: np.ndarray) -> Feed:
        """Keep only some of the rows."""
        weights = None if self.weights is None else self.weights[index]
        return self._replace(rows=self.rows.subset(index), y=take(self.y, index), weights=weights)


class Placed(NamedTuple):
    """Rows on the device that stay for all epochs.

    Parameters
    ----------
    batches : Batches
    steps : int
        Batches of an epoch.
    index : int array of shape (n,) or None
        Place of each row of the feed; None where they lie in order.
    """

    batches: Batches
    steps: int
    index: np.ndarray | None

    def places(self, order: np.ndarray) -> np.ndarray:
        """From an order of the feed's rows to that of their places."""
        return order if self.index is None else self.index[order]


def as_batches(chunk: Chunk) -> Batches:
    """Take the arrays of a chunk."""
    return Batches(chunk.X, chunk.y, chunk.weights, chunk.rows)


def alone(feed: Feed) -> Placed:
    """Place the rows of a feed that fit one chunk."""
    chunk = _chunk(feed.rows, feed.y, feed.weights, feed.iterator)
    return Placed(jax.device_put(as_batches(chunk)), chunk.steps, None)


def shared(feed: Feed, shelf: Shelf) -> Placed:
    """Place all rows of the arrays that a feed has rows of, once for all feeds that have some."""
    rows, size = feed.rows, feed.iterator.batch_size
    arrays = list(rows.arrays.values())

    def all_rows() -> dict[str, Any]:
        return jax.device_put(_chunk(rows.whole(), None, None, feed.iterator).X)

    X = shelf.once(("rows in batches", size, jax.config.jax_default_device), arrays, all_rows)
    shape = next(iter(X.values())).shape[:2]
    return Placed(spread_feed(X, shape, feed), feed.steps, feed.index)


def spread_feed(X: Any, shape: tuple[int, int], feed: Feed, *others: Feed) -> Batches:
    """Put targets, weights and numbers of rows at the places of their rows.

    Parameters
    ----------
    X : dict of array of shape (*shape, ...)
    shape : (int, int)
        Places, in batches.
    feed : Feed
        Rows to train on; all others get the weight zero.
    *others : Feed
        Of the same arrays; their targets are put in place as well.

    Returns
    -------
    Batches
    """
    index, n = feed.index, len(feed.rows)
    weights = np.ones(n, np.float32) if feed.weights is None else feed.weights
    targets = [(one.index, one.y) for one in (feed, *others)]
    return Batches(
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
    (chunk,) = chunks(rows, y, weights, BatchIterator(iterator.batch_size))
    return chunk
