"""Batch iterators and the default train-validation split."""

from __future__ import annotations

from collections.abc import Iterator
from numbers import Real
from typing import Any, cast

import numpy as np
from sklearn.base import BaseEstimator

__all__ = ["BatchIterator", "TrainSplit"]


class BatchIterator(BaseEstimator):
    """Batches of rows: their size, their order, and an optional transform in NumPy.

    Parameters
    ----------
    batch_size : int
        Rows per batch. The last batch is padded with rows of weight zero.
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

    def __init__(self, batch_size: int, shuffle: bool = False, seed: int | None = None) -> None:
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.seed = seed

    def __call__(self, X: Any, y: Any = None) -> Iterator[tuple[Any, Any]]:
        """Yield transformed batches of the arrays, in order."""
        for start in range(0, len(X), self.batch_size):
            rows = slice(start, start + self.batch_size)
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
    stratify : bool
        Whether to preserve class proportions; if a class is too rare, rows are drawn regardless of
        class.
    random_state : int, optional
        Seed; by default the split follows from the net's ``random_state``.

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

    def split(
        self, X: Any, y: Any = None, groups: Any = None
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield one pair of index arrays, of the training and the validation rows."""
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
    """Return whether an iterator overrides `transform`."""
    return type(iterator).transform is not BatchIterator.transform


def as_train_iterator(value: Any) -> BatchIterator:
    """Return an iterator, which shuffles if only a batch size is given."""
    return value if isinstance(value, BatchIterator) else BatchIterator(value, shuffle=True)


def as_test_iterator(value: Any) -> BatchIterator:
    """Return an iterator, which keeps the order if only a batch size is given."""
    return value if isinstance(value, BatchIterator) else BatchIterator(value)


def as_split(value: Any) -> Any:
    """Return the splitter for a fraction or splitter; None for a fraction of zero."""
    if isinstance(value, TrainSplit):
        return value if value.eval_size else None
    if isinstance(value, Real):
        return TrainSplit(cast(float, value)) if value else None
    return value
