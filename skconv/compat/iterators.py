"""Batch iterators and the split of nolearn: with seeds of their own, and without shuffling."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from numbers import Real
from typing import Any

import numpy as np

from ..data import iterators

SEED = 42
"""nolearn's seed of iterators and splits that shuffle."""


class BatchIterator(iterators.BatchIterator):
    """Batches as in nolearn: in the order of the rows, or in orders that follow from `seed`.

    Parameters
    ----------
    batch_size : int
    shuffle : bool
        Whether to draw a new order for each epoch.
    seed : int

    Examples
    --------
    >>> BatchIterator(batch_size=128)
    BatchIterator(batch_size=128)
    """

    def __init__(self, batch_size: int | None, shuffle: bool = False, seed: int = SEED) -> None:
        super().__init__(batch_size, shuffle, seed)


class TrainSplit(iterators.TrainSplit):
    """The split of nolearn: the first of ``round(1 / eval_size)`` folds is held out.

    Parameters
    ----------
    eval_size : float
        Fraction of the rows to hold out; 0 or None for no validation set.
    stratify : bool
        Whether to hold out the first rows of each class rather than the first of all; numbers are
        not stratified.
    shuffle : bool
        Whether to bring the rows into a random order before.
    seed : int

    Examples
    --------
    >>> import numpy as np
    >>> X, y = np.zeros((10, 1)), np.repeat([0, 1], 5)
    >>> next(TrainSplit(0.2).split(X, y))[1].tolist()
    [0, 5]
    >>> next(TrainSplit(0.2, stratify=False).split(X, y))[1].tolist()
    [0, 1]
    """

    def __init__(
        self,
        eval_size: float | None = 0.2,
        stratify: bool = True,
        shuffle: bool = False,
        seed: int = SEED,
    ) -> None:
        self.eval_size: Any = eval_size
        self.stratify = stratify
        self.shuffle = shuffle
        self.seed = seed

    @property
    def random_state(self) -> int:  # type: ignore[override]
        """The seed, which does not follow from that of the net."""
        return self.seed

    def split(
        self, X: Any, y: Any = None, groups: Any = None
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield one pair of index arrays, of the training and the validation rows.

        Raises
        ------
        ValueError
            If `eval_size` makes fewer than two folds, or more folds than there are rows.
        """
        n = len(X) if y is None else len(y)
        folds = round(1 / self.eval_size)
        if not 2 <= folds <= n:
            raise ValueError(
                "eval_size must make from two folds to as many as there are rows, "
                f"round(1 / eval_size), got {self.eval_size} for {n} rows, which makes {folds}; "
                "to hold out more rows than half, pass train_split=skconv.TrainSplit(0.6)"
            )
        order = np.arange(n)
        if self.shuffle:
            np.random.RandomState(self.seed).shuffle(order)
        labels = np.zeros(n) if y is None else np.asarray(y)[order]
        if not self.stratify or labels.dtype.kind not in "iu" or labels.ndim > 1:
            labels = np.zeros(n)
        # the first fold of scikit-learn 0.16, in which each class leaves its remainder to the first
        firsts = [
            own[: -(-len(own) // folds)]
            for own in (np.flatnonzero(labels == label) for label in np.unique(labels))
        ]
        held_out = np.zeros(n, bool)
        held_out[np.concatenate(firsts)] = True
        yield order[~held_out], order[held_out]


@functools.lru_cache(maxsize=64)
def _split_of(eval_size: float) -> TrainSplit:
    return TrainSplit(eval_size)


def as_split(value: Any) -> Any:
    """Return nolearn's split for a fraction; anything else as `skconv.data.iterators.as_split`.

    Equal fractions give identical splits.

    Examples
    --------
    >>> as_split(0.25) is as_split(0.25), as_split(0.0)
    (True, None)
    """
    if isinstance(value, Real) and not isinstance(value, bool) and value:
        return _split_of(float(value))
    return iterators.as_split(value)
