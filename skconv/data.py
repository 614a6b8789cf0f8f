"""Cut rows into batches, and batches into chunks of one fixed shape."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import numpy as np
from sklearn.base import BaseEstimator

from .inputs import Rows

__all__ = ["BatchIterator", "TrainSplit"]

CHUNK_BYTES = 16 * 2**20
"""Size that a chunk may have; of larger data two are in memory at a time.

Rows that fit one chunk stay on the device: an epoch of 3,200 digits takes a dense network of
784-500-50-10 units 44 ms so, and 53 in two chunks of 8 MiB; the memory of the process peaks lower.
"""

MAX_STEPS = 64

MAX_EPOCHS = 16
"""Epochs that one call may go through where nobody looks on."""

ORDER_BYTES = 2**20
"""Size that their orders may have."""


class BatchIterator(BaseEstimator):
    """Order of the rows, size of the batches, and a place for changes in NumPy.

    Parameters
    ----------
    batch_size : int
        Rows in a batch. The last batch is filled up with further rows, which count nothing.
    shuffle : bool
        Whether each epoch has an order of its own. The caller's arrays stay as they are.
    seed : int, optional
        Seed of the orders; without it they follow from the net's ``random_state``.

    Notes
    -----
    Override `transform` to change batches on the host, as in nolearn. Changes that JAX can trace
    are faster as ``augment`` of the net.

    Examples
    --------
    >>> import numpy as np
    >>> for Xb, yb in BatchIterator(batch_size=2)(np.arange(3), np.arange(3)):
    ...     print(Xb, yb)
    [0 1] [0 1]
    [2] [2]
    """

    def __init__(self, batch_size: int, shuffle: bool = False, seed: int | None = None) -> None:
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.seed = seed

    def __call__(self, X: Any, y: Any = None) -> Iterator[tuple[Any, Any]]:
        """Yield the transformed batches of arrays, in order."""
        for start in range(0, len(X), self.batch_size):
            rows = slice(start, start + self.batch_size)
            yield self.transform(X[rows], None if y is None else y[rows])

    def transform(self, Xb: Any, yb: Any) -> tuple[Any, Any]:
        """Change a batch on the host.

        Parameters
        ----------
        Xb : array of shape (batch_size, ...), or dict of arrays for several inputs
        yb : array of shape (batch_size, ...), tuple of arrays for several outputs, or None
            Targets as the loss takes them; None at prediction.

        Returns
        -------
        Xb, yb
            Arrays of as many rows.
        """
        return Xb, yb

    def order(self, n: int, seed: int, epoch: int) -> np.ndarray:
        """Indices of all rows in the order of an epoch, a function of seed and epoch alone."""
        if not self.shuffle:
            return np.arange(n)
        seed = seed if self.seed is None else self.seed
        return np.random.default_rng([seed, epoch]).permutation(n)


class TrainSplit(BaseEstimator):
    """Set rows aside for validation, as one split of a scikit-learn splitter.

    Parameters
    ----------
    eval_size : float
        Fraction of the rows for validation.
    stratify : bool
        Whether classes keep their proportions; where classes are too rare for that, rows are
        drawn regardless of class.
    random_state : int, optional
        Seed; without it the split follows from the net's ``random_state``.

    Examples
    --------
    >>> import numpy as np
    >>> X, y = np.zeros((10, 1)), np.repeat([0, 1], 5)
    >>> train, valid = next(TrainSplit(0.2, random_state=0).split(X, y))
    >>> len(train), y[valid].tolist()
    (8, [0, 1])
    """

    def __init__(
        self, eval_size: float = 0.2, stratify: bool = True, random_state: int | None = None
    ) -> None:
        self.eval_size = eval_size
        self.stratify = stratify
        self.random_state = random_state

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[tuple[Any, Any]]:
        """Yield the one pair of index arrays, training and validation rows."""
        from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit

        n = X.shape[0] if hasattr(X, "shape") else len(X)
        options = {"n_splits": 1, "test_size": self.eval_size, "random_state": self.random_state}
        splitter = ShuffleSplit(**options)
        train, valid = next(splitter.split(np.empty(n)))
        if self.stratify and y is not None and self._strata(np.asarray(y), len(train), len(valid)):
            splitter = StratifiedShuffleSplit(**options)
            train, valid = next(splitter.split(np.empty(n), y))
        yield train, valid

    @staticmethod
    def _strata(y: np.ndarray, n_train: int, n_valid: int) -> bool:
        if y.ndim != 1 or y.dtype.kind == "f":
            return False
        counts = np.unique(y, return_counts=True)[1]
        return counts.min() >= 2 and min(n_train, n_valid) >= len(counts)


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


def chunks(
    rows: Rows,
    y: Any,
    weights: np.ndarray | None,
    iterator: BatchIterator,
    *,
    seed: int = 0,
    epoch: int = 0,
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

    Yields
    ------
    Chunk
        Arrays of shape ``(chunk_steps, batch_size, ...)``. The last batch wraps around to the
        first rows, so that statistics see real rows only; those copies have weight zero.
    """
    size = iterator.batch_size
    index, live = cut(len(rows), weights, iterator, seed=seed, epoch=epoch)
    gather = _gather_changed if changes(iterator) else _gather
    length = chunk_steps(size * rows.row_bytes())
    for start in range(0, len(index), length):
        part = slice(start, start + length)
        X, targets = gather(rows, y, index[part], iterator)
        yield Chunk(
            {name: _fill(array, length) for name, array in X.items()},
            jax.tree.map(lambda array: _fill(array, length), targets),
            _fill(live[part], length),
            _fill(index[part].astype(np.int32), length),
            len(live[part]),
        )


def cut(
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
    return not changes(iterator) and len(rows) <= size * chunk_steps(size * rows.row_bytes())


def orders(
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
        As in `chunks` the last batch wraps around to the first rows.
    """
    found = np.zeros(shape, np.int32)
    for order, epoch in zip(found, epochs, strict=False):
        batches = _batches(iterator.order(n, seed, epoch), shape[2])
        order[: len(batches)] = batches
    return found


def epochs_at_once(shape: tuple[int, int]) -> int:
    """Epochs that one call may go through, from the shape of a chunk alone."""
    return int(np.clip(ORDER_BYTES // (4 * math.prod(shape)), 1, MAX_EPOCHS))


@functools.cache
def as_they_are(shape: tuple[int, int]) -> np.ndarray:
    """The order of a chunk whose rows lie in the order of the epoch already, as of `orders`."""
    found = np.zeros((epochs_at_once(shape), *shape), np.int32)
    found[0] = np.arange(found[0].size).reshape(shape)
    return found


def _batches(order: np.ndarray, size: int) -> np.ndarray:
    """Cut an order into batches, and fill up the last one from its start."""
    batches = -(-len(order) // size)
    return np.resize(order, batches * size).reshape(batches, size)


def changes(iterator: BatchIterator) -> bool:
    """Tell whether an iterator changes its batches on the host."""
    return type(iterator).transform is not BatchIterator.transform


def take(y: Any, index: np.ndarray) -> Any:
    """Copy the targets of some rows, whatever the number of outputs."""
    return jax.tree.map(lambda array: array[index], y)


def _gather(
    rows: Rows, y: Any, index: np.ndarray, iterator: BatchIterator
) -> tuple[dict[str, np.ndarray], Any]:
    flat = rows.take(index.ravel())
    X = {name: array.reshape(*index.shape, *array.shape[1:]) for name, array in flat.items()}
    return X, take(y, index)


def _gather_changed(
    rows: Rows, y: Any, index: np.ndarray, iterator: BatchIterator
) -> tuple[dict[str, np.ndarray], Any]:
    Xs, ys = [], []
    for batch in index:
        Xb: Any = rows.take(batch)
        alone = len(Xb) == 1
        names = list(Xb)
        Xb, yb = iterator.transform(Xb[names[0]] if alone else Xb, take(y, batch))
        Xs.append({names[0]: Xb} if alone else Xb)
        ys.append(yb)
    X = {name: _as_input(np.stack([Xb[name] for Xb in Xs])) for name in names}
    return X, None if y is None else jax.tree.map(_stacked, y, *ys)


def _stacked(given: np.ndarray, *batches: np.ndarray) -> np.ndarray:
    """Stack the changed targets; they keep their type unless classes became probabilities."""
    targets = np.stack(batches)
    soft = targets.ndim != given.ndim + 1
    return targets.astype(np.float32 if soft else given.dtype)


def _as_input(array: np.ndarray) -> np.ndarray:
    return array if array.dtype == np.uint8 else array.astype(np.float32, copy=False)


def _fill(array: np.ndarray, length: int) -> np.ndarray:
    if len(array) == length:
        return array
    full = np.zeros((length, *array.shape[1:]), array.dtype)
    full[: len(array)] = array
    return full
