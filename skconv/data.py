"""Cut rows into batches, and batches into chunks of one fixed shape."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import jax
import numpy as np
from sklearn.base import BaseEstimator

from .changing import Changed, change
from .inputs import Rows

__all__ = ["BatchIterator", "TrainSplit"]

CHUNK_BYTES = 16 * 2**20
"""Size that a chunk may have; of larger data two are in memory at a time.

Rows that fit one chunk stay on the device: an epoch of 3,200 digits takes a dense network of
784-500-50-10 units 44 ms so, and 53 in two chunks of 8 MiB; the memory of the process peaks lower.
"""

PREDICTED = 4
"""How many times smaller chunks are where nothing is learnt.

Few rows are more often asked for than many, and a chunk is filled up and copied whole: 6 ms for one
of 16 MiB, more than it takes to predict 300 digits.
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
    Override `transform` to change batches on the host, as in nolearn. In training it runs in a
    thread of its own, batch after batch, while the device works on those before; `fit` calls it
    once before that, to see the shape of what it makes. Changes that JAX can trace are faster as
    ``augment`` of the net.

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
            Rows in the shape that they have in X.
        yb : array of shape (batch_size, ...), tuple of arrays for several outputs, or None
            Targets as the loss takes them; None at prediction.

        Returns
        -------
        Xb, yb
            Rows may have another shape, the same for all of them: the network is built for it,
            and rows for validation and prediction must come to it as well. In training they may
            also be more or fewer, the same number for each full batch; the last batch of an epoch
            is then given without the rows that would fill it up.
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
    index, live = cut(len(rows), weights, iterator, seed=seed, epoch=epoch)
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


def changes(iterator: BatchIterator) -> bool:
    """Whether an iterator has a transform of its own."""
    return type(iterator).transform is not BatchIterator.transform


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


def take(y: Any, index: np.ndarray) -> Any:
    """Copy the targets of some rows, whatever the number of outputs."""
    return jax.tree.map(lambda array: array[index], y)


def _gather(
    rows: Rows, y: Any, iterator: BatchIterator, *, keep: bool
) -> Callable[[np.ndarray, np.ndarray], Changed]:
    """Make a function from numbers and weights of rows, batch by batch, to batches."""
    if changes(iterator):
        return _changing(rows, y, iterator, keep=keep)

    def gather(index: np.ndarray, live: np.ndarray) -> Changed:
        flat = rows.take(index.ravel())
        X = {name: array.reshape(*index.shape, *array.shape[1:]) for name, array in flat.items()}
        return Changed(X, take(y, index), live, index)

    return gather


def _changing(
    rows: Rows, y: Any, iterator: BatchIterator, *, keep: bool
) -> Callable[[np.ndarray, np.ndarray], Changed]:
    """Make a function that gathers batches one after the other and changes them."""
    done, count = 0, iterator.batch_size if keep else None

    def taken(index: np.ndarray) -> tuple[dict[str, np.ndarray], Any]:
        return rows.take(index), take(y, index)

    def one(batch: np.ndarray, live: np.ndarray) -> Changed:
        nonlocal done, count
        done += 1
        with _numbered(done, iterator):
            made = change(iterator.transform, taken, batch, live, count)
            count = len(made.weights)
            return made._replace(X=rows.enter(made.X))

    def gather(index: np.ndarray, live: np.ndarray) -> Changed:
        batches = [one(*pair) for pair in zip(index, live, strict=True)]
        return jax.tree.map(lambda *arrays: np.stack(arrays), *batches)

    return gather


@contextmanager
def _numbered(number: int, iterator: BatchIterator) -> Iterator[None]:
    """Say in which batch an exception arose."""
    try:
        yield
    except Exception as fault:
        fault.add_note(f"in batch {number}, changed by {type(iterator).__name__}.transform")
        raise


def _fill(array: np.ndarray, length: int) -> np.ndarray:
    if len(array) == length:
        return array
    full = np.zeros((length, *array.shape[1:]), array.dtype)
    full[: len(array)] = array
    return full
