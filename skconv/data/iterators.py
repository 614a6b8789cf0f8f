"""Batch iterators and the default train-validation split."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator, Sequence
from numbers import Real
from typing import Any, cast

import numpy as np
from sklearn.base import BaseEstimator

__all__ = ["BatchIterator", "TrainSplit"]

MIN_AUTOMATIC, MAX_AUTOMATIC = 8, 128
"""Bounds of batch sizes that follow from the number of rows."""


class BatchIterator(BaseEstimator):
    """Batches of rows: their size, their order, and an optional transform in NumPy.

    Parameters
    ----------
    batch_size : int or None
        Rows per batch. The last batch is padded with rows of weight zero. None is a power of two
        near a tenth of the rows, from 8 to 128; at prediction 128.
    shuffle : bool
        Whether to draw a new order for each epoch. The caller's arrays are left unchanged.
    seed : int, optional
        Seed of the orders; by default they follow from the net's ``random_state``.

    Notes
    -----
    Override `transform` to change batches on the host, as in nolearn. In training it runs in a
    separate thread, batch by batch, while the device processes earlier batches; `fit` calls it
    once before, to determine the shape of its output. Changes that JAX can trace are faster as
    ``augment`` of the net.

    Examples
    --------
    >>> import numpy as np
    >>> for Xb, yb in BatchIterator(batch_size=2)(np.arange(3), np.arange(3)):
    ...     print(Xb, yb)
    [0 1] [0 1]
    [2] [2]
    """

    def __init__(
        self, batch_size: int | None, shuffle: bool = False, seed: int | None = None
    ) -> None:
        self.batch_size: Any = batch_size
        self.shuffle = shuffle
        self.seed = seed

    def __call__(self, X: Any, y: Any = None) -> Iterator[tuple[Any, Any]]:
        """Yield transformed batches of the arrays, in order."""
        size = self.batch_size or automatic_batch_size(len(X))
        for start in range(0, len(X), size):
            rows = slice(start, start + size)
            yield self.transform(X[rows], None if y is None else y[rows])

    def transform(self, Xb: Any, yb: Any) -> tuple[Any, Any]:
        """Transform a batch on the host.

        Parameters
        ----------
        Xb : array of shape (batch_size, ...), or dict of arrays for several inputs
            Rows with their shape in X.
        yb : array of shape (batch_size, ...), tuple of arrays for several outputs, or None
            Encoded targets, as the loss takes them; None at prediction.

        Returns
        -------
        Xb, yb
            Rows may have a new shape, if all have the same: the network is built for it, and the
            rows for validation and prediction must be brought to it too. In training their number
            may change too, to the same number for each full batch; the last batch of an epoch then
            comes without its padding.
        """
        return Xb, yb

    def order(self, n: int, seed: int, epoch: int) -> np.ndarray:
        """Return the row indices in the order of an epoch, determined by seed and epoch."""
        if not self.shuffle:
            return np.arange(n)
        seed = seed if self.seed is None else self.seed
        return np.random.default_rng([seed, epoch]).permutation(n)


class TrainSplit(BaseEstimator):
    """Splitter that holds out rows for validation, in one split.

    Parameters
    ----------
    eval_size : float
        Fraction of the rows to hold out.
    stratify : bool, optional
        Whether to preserve class proportions; if a class is too rare, rows are drawn regardless of
        class. By default True if rows are shuffled.
    random_state : int, optional
        Seed; by default the split follows from the net's ``random_state``.
    shuffle : bool
        Whether to draw the rows at random. If False, the last rows are held out, as suits series in
        time; this excludes ``stratify=True``.

    Examples
    --------
    >>> import numpy as np
    >>> X, y = np.zeros((10, 1)), np.repeat([0, 1], 5)
    >>> train, valid = next(TrainSplit(0.2, random_state=0).split(X, y))
    >>> len(train), y[valid].tolist()
    (8, [0, 1])
    >>> next(TrainSplit(0.2, shuffle=False).split(X))[1]
    array([8, 9])
    """

    def __init__(
        self,
        eval_size: float = 0.2,
        stratify: bool | None = None,
        random_state: int | None = None,
        shuffle: bool = True,
    ) -> None:
        self.eval_size = eval_size
        self.stratify = stratify
        self.random_state = random_state
        self.shuffle = shuffle

    def split(
        self, X: Any, y: Any = None, groups: Any = None
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield one pair of index arrays, of the training and the validation rows."""
        from sklearn.model_selection import StratifiedShuffleSplit, train_test_split

        if groups is not None:
            warnings.warn(
                "The groups parameter is ignored by TrainSplit; use, for example, "
                f"GroupShuffleSplit(1, test_size={self.eval_size})",
                stacklevel=2,
            )
        if self.stratify and not self.shuffle:
            raise ValueError("stratify must be None or False if shuffle=False, got True")
        rows = np.arange(X.shape[0] if hasattr(X, "shape") else len(X))
        options = {"test_size": self.eval_size, "random_state": self.random_state}
        train, valid = train_test_split(rows, shuffle=self.shuffle, **options)
        stratify = self.shuffle and self.stratify is not False
        if stratify and y is not None and self._strata(np.asarray(y), len(train), len(valid)):
            splitter = StratifiedShuffleSplit(1, **options)
            train, valid = next(splitter.split(np.empty(len(rows)), y))
        yield train, valid

    @staticmethod
    def _strata(y: np.ndarray, n_train: int, n_valid: int) -> bool:
        if y.ndim != 1 or y.dtype.kind == "f":
            return False
        counts = np.unique(y, return_counts=True)[1]
        return counts.min() >= 2 and min(n_train, n_valid) >= len(counts)


class ListedSplits:
    """Splitter that yields given splits.

    Parameters
    ----------
    splits : sequence of (array, array)
        Indices of the training and the validation rows of each split.
    """

    def __init__(self, splits: Sequence[Any]) -> None:
        self._splits = splits

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[Any]:
        """Yield the splits."""
        return iter(self._splits)

    def __repr__(self) -> str:
        return "[(train, valid), ...]"


def automatic_batch_size(n: int) -> int:
    """Return the power of two near a tenth of `n` rows, from 8 to 128.

    Powers of two keep folds of nearly equal size on one compiled program.

    Examples
    --------
    >>> automatic_batch_size(105), automatic_batch_size(442), automatic_batch_size(60_000)
    (8, 32, 128)
    """
    near = int(2 ** np.round(np.log2(max(n, 1) / 10)))
    return min(max(near, MIN_AUTOMATIC), MAX_AUTOMATIC)


def has_transform(iterator: BatchIterator) -> bool:
    """Return whether an iterator overrides `transform`."""
    return type(iterator).transform is not BatchIterator.transform


def as_train_iterator(value: Any, n: int | None = None) -> BatchIterator:
    """Return an iterator, which shuffles if only a batch size is given.

    Parameters
    ----------
    value : BatchIterator, int or None
    n : int, optional
        Number of rows, which determines a batch size of None.
    """
    iterator = value if isinstance(value, BatchIterator) else BatchIterator(value, shuffle=True)
    return iterator if n is None else _with_batch_size(iterator, automatic_batch_size(n))


def as_test_iterator(value: Any) -> BatchIterator:
    """Return an iterator, which keeps the order if only a batch size is given."""
    iterator = value if isinstance(value, BatchIterator) else BatchIterator(value)
    return _with_batch_size(iterator, MAX_AUTOMATIC)


def _with_batch_size(iterator: BatchIterator, size: int) -> BatchIterator:
    """Return an iterator with this batch size if it has none."""
    if iterator.batch_size is None:
        iterator = copy.copy(iterator)
        iterator.batch_size = size
    return iterator


def as_split(value: Any) -> Any:
    """Return the splitter for a fraction, list of splits or splitter; None for no split."""
    if isinstance(value, TrainSplit):
        return value if value.eval_size else None
    if isinstance(value, Real):
        return TrainSplit(cast(float, value)) if value else None
    if isinstance(value, list | tuple):
        return ListedSplits(value)
    return value
