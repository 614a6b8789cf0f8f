"""Batch iterators and the default train-validation split."""

from __future__ import annotations

from collections.abc import Iterator
from numbers import Real
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

__all__ = ["BatchIterator", "TrainSplit"]


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


def has_transform(iterator: BatchIterator) -> bool:
    """Whether an iterator has a transform of its own."""
    return type(iterator).transform is not BatchIterator.transform


def as_train_iterator(value: Any) -> BatchIterator:
    """Turn a batch size into an iterator that shuffles."""
    return value if isinstance(value, BatchIterator) else BatchIterator(value, shuffle=True)


def as_test_iterator(value: Any) -> BatchIterator:
    """Turn a batch size into an iterator that keeps the order."""
    return value if isinstance(value, BatchIterator) else BatchIterator(value)


def as_split(value: Any) -> Any:
    """Turn a fraction into a splitter, and none at all into None."""
    if isinstance(value, TrainSplit):
        return value if value.eval_size else None
    if isinstance(value, Real):
        return TrainSplit(value) if value else None
    return value
