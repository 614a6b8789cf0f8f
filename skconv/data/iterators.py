"""Batch iterators and the default train-validation split."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from numbers import Real
from typing import Any, cast

import numpy as np
from sklearn.utils import check_random_state

from ..ops.mesh import multiple_of
from ..preprocessing.dataset_parts import split_dataset
from ..targets.by_output import output_names, regression_by_output
from ..targets.forms import split_targets
from ..targets.ragged import is_ragged
from ..targets.ragged_array import RaggedArray, read_rows
from ..utils.copying import ClonedWhole
from ..utils.other_names import explaining_arguments
from .block_order import block_order, order_of_places
from .row_order import count_rows, row_order, take_rows

__all__ = ["BatchIterator", "TrainSplit"]

MIN_AUTOMATIC, MAX_AUTOMATIC = 8, 128
"""Bounds of batch sizes that follow from the number of rows."""


class BatchIterator(ClonedWhole):
    """Batches of rows: their size, their order, and an optional transform in NumPy.

    Parameters
    ----------
    batch_size : int or None
        Rows per batch. The last batch is padded with rows of weight zero. None is a power of two
        near a tenth of the rows, from 8 to 128; at prediction 128.
    shuffle : bool or 'blocks'
        Whether to draw a new order for each epoch. The caller's arrays are left unchanged. With
        ``'blocks'``, blocks of consecutive rows of X are drawn, and the rows of 8 blocks at a time
        are mixed, so that a file is read in runs of rows instead of single ones.
    seed : int, optional
        Seed of the orders; by default they follow from the net's ``random_state``.
    block : int, optional
        Number of rows of a block, only for ``shuffle='blocks'``; by default that of a batch.

    Notes
    -----
    Override `transform` to change batches on the host, as in nolearn. In training it runs in a
    separate thread, batch by batch, while the device processes earlier batches; `fit` calls it
    once before, to determine the shape of its output. Changes that JAX can trace are faster as
    ``augment`` of the net.

    Override `order` to choose the rows of each epoch, such as to balance classes. `fit` does not
    call an ``__iter__`` or ``__call__`` of your own, and refuses it.

    Clones keep all attributes, also those that are not parameters.

    Examples
    --------
    >>> import numpy as np
    >>> for Xb, yb in BatchIterator(batch_size=2)(np.arange(3), np.arange(3)):
    ...     print(Xb, yb)
    [0 1] [0 1]
    [2] [2]

    Batches with as many samples of each class, on average:

    >>> class Balanced(BatchIterator):
    ...     def order(self, n, seed, epoch, y):
    ...         _, k, counts = np.unique(y, return_inverse=True, return_counts=True)
    ...         weights = 1 / counts[k]
    ...         rng = np.random.default_rng([seed, epoch])
    ...         return rng.choice(n, n, p=weights / weights.sum())
    >>> y = np.repeat([0, 1], [90, 10])
    >>> rows = Balanced(20).order(100, seed=0, epoch=0, y=y)
    >>> np.bincount(y[rows]).tolist()
    [44, 56]
    """

    def __init__(
        self,
        batch_size: int | None,
        shuffle: bool | str = False,
        seed: int | None = None,
        block: int | None = None,
    ) -> None:
        self.batch_size: Any = batch_size
        self.shuffle = shuffle
        self.seed = seed
        self.block = block

    def __call__(self, X: Any, y: Any = None, *, epoch: int = 0) -> Batches:
        """Return the transformed batches of an epoch.

        Parameters
        ----------
        X : array-like, DataFrame, sparse matrix, dataset, or dict of arrays
        y : array-like, or dict or tuple of arrays for several outputs, optional
        epoch : int
            Determines the order if rows are shuffled. Without a `seed`, it is a new one each time.

        Returns
        -------
        iterable of (Xb, yb)
            Dense arrays, or dicts or tuples of them; yb is None without y. It can be iterated over
            several times, and its attribute `n_samples` is the number of rows.

        Raises
        ------
        ValueError
            If X and y differ in length.
        """
        X, y = split_dataset(X, y)
        n = count_rows(X, "X")
        if y is not None and count_rows(y, "y") != n:
            raise ValueError(f"y must have {n} rows, as many as X, got {count_rows(y, 'y')}")
        seed = self.seed
        if seed is None:
            seed = int(check_random_state(None).randint(2**31 - 1)) if self.shuffle else 0
        order = row_order(self, n, seed, epoch, take_rows(y, np.arange(n)))
        size = self.batch_size or automatic_batch_size(n)
        return Batches(self, X, y, [order[start : start + size] for start in range(0, n, size)])

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

    def order(
        self, n: int, seed: int, epoch: int, positions: np.ndarray | None = None
    ) -> np.ndarray:
        """Return the indices of the rows in the order in which an epoch trains on them.

        Validation and prediction keep the order of the rows.

        Parameters
        ----------
        n : int
            Number of rows in training.
        seed : int
            Seed of the net, drawn from its ``random_state``.
        epoch : int
            Number of the epoch, from 0.
        positions : int array of shape (n,), optional
            Where the rows are in X; by default they are its first ones. Overrides may leave this
            parameter out.
        y : array of shape (n,) or (n, ...), or tuple of arrays for several outputs
            Encoded targets, with one axis if samples have one value; only for overrides with this
            parameter.

        Returns
        -------
        int array of shape (n,)
            Determined by the arguments alone, so that trainings can be repeated and resumed. An
            override may repeat rows and leave rows out.
        """
        if not self.shuffle:
            return np.arange(n)
        seed = seed if self.seed is None else self.seed
        rng = np.random.default_rng([seed, epoch])
        if self.shuffle != "blocks":
            return rng.permutation(n)
        block = self.block or self.batch_size or automatic_batch_size(n)
        order = block_order(n, block, rng)
        return order if positions is None else order_of_places(positions)[order]


class Batches(Iterable[tuple[Any, Any]]):
    """The transformed batches of an epoch.

    Parameters
    ----------
    iterator : BatchIterator
    X, y : array-like, or dict or tuple of arrays
        y may be None.
    cuts : list of int array
        The rows of each batch.
    """

    def __init__(self, iterator: BatchIterator, X: Any, y: Any, cuts: list[np.ndarray]) -> None:
        self.X, self.y = X, y
        self.n_samples = count_rows(X, "X")
        self._iterator, self._cuts = iterator, cuts

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        transform = self._iterator.transform
        return (transform(take_rows(self.X, rows), take_rows(self.y, rows)) for rows in self._cuts)


class TrainSplit(ClonedWhole):
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

    Called with a net, as in nolearn, it returns what the net trains on and validates on:

    >>> from skconv import NeuralNet
    >>> X_train, X_valid, y_train, y_valid = TrainSplit(0.2)(X, y, NeuralNet(random_state=0))
    >>> X_valid.shape, y_valid.tolist()
    ((2, 1), [0, 1])
    """

    @explaining_arguments({"seed": "random_state"})
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

    def __call__(self, X: Any, y: Any, net: Any = None) -> tuple[Any, Any, Any, Any]:
        """Split X and y.

        Parameters
        ----------
        X : array-like, DataFrame, sparse matrix, dataset, or dict of arrays
        y : array-like, or dict or tuple of arrays for several outputs
        net : NeuralNet, optional
            Its ``random_state`` determines the split if this has none, and numbers are not
            stratified if it has ``regression=True``.

        Returns
        -------
        X_train, X_valid, y_train, y_valid
            Dense arrays, or dicts or tuples of them.

        Raises
        ------
        ValueError
            If X and y differ in length.
        """
        X, y = split_dataset(X, y)
        n = count_rows(X, "X")
        if count_rows(y, "y") != n:
            raise ValueError(f"y must have {n} rows, as many as X, got {count_rows(y, 'y')}")
        train, valid = np.arange(n), np.arange(0)
        if self.eval_size:
            splitter = copy.copy(self)
            if net is not None and self.random_state is None:
                random = check_random_state(copy.deepcopy(net.random_state))
                splitter.random_state = int(random.randint(2**31 - 1))
            train, valid = next(splitter.split(np.empty((n, 1)), _first_classes(y, net)))
        return tuple(take_rows(values, part) for values in (X, y) for part in (train, valid))

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
        if isinstance(self.random_state, bool):
            raise ValueError(
                f"random_state must be an integer or None, got {self.random_state}; write "
                f"shuffle={self.random_state}, which is another argument"
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
        if y.ndim != 1 or y.dtype.kind == "f" or is_ragged(y):
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


def _first_classes(y: Any, net: Any) -> np.ndarray | None:
    """Return the classes of the first output as integers; None if it predicts numbers."""
    outputs = getattr(net, "outputs", None)
    if regression_by_output(getattr(net, "regression", False), outputs)[0]:
        return None
    given = read_rows(split_targets(y, output_names(outputs))[0])
    if isinstance(given, RaggedArray):
        return None
    first = np.asarray(given)
    if first.size != len(first) or (net is None and first.dtype.kind == "f"):
        return None
    return np.unique(first.ravel(), return_inverse=True)[1]


def split_function(splitter: Any) -> Callable[[Any, Any, Any], Any] | None:
    """Return the function that splits X and y as in nolearn; None for splitters of scikit-learn.

    Parameters
    ----------
    splitter : splitter, function or None
        A `TrainSplit` with a ``__call__`` of its own is a function.

    Examples
    --------
    >>> split_function(TrainSplit(0.2)) is None, split_function(len) is len
    (True, True)
    """
    own = isinstance(splitter, TrainSplit) and type(splitter).__call__ is not TrainSplit.__call__
    return splitter if own or (splitter is not None and not hasattr(splitter, "split")) else None


def has_transform(iterator: BatchIterator) -> bool:
    """Return whether an iterator has a `transform` of its own."""
    return getattr(iterator.transform, "__func__", None) is not BatchIterator.transform


def as_train_iterator(value: Any, n: int | None = None, devices: int = 1) -> BatchIterator:
    """Return an iterator, which shuffles if only a batch size is given.

    Parameters
    ----------
    value : BatchIterator, int or None
    n : int, optional
        Number of rows, which determines a batch size of None.
    devices : int
        Number of devices that share such a batch.
    """
    iterator = value if isinstance(value, BatchIterator) else BatchIterator(value, shuffle=True)
    if n is None or iterator.batch_size is not None:
        return iterator
    return with_batch_size(iterator, multiple_of(devices, automatic_batch_size(n)))


def as_test_iterator(value: Any, devices: int = 1) -> BatchIterator:
    """Return an iterator, which keeps the order if only a batch size is given.

    Parameters
    ----------
    value : BatchIterator, int or None
    devices : int
        Number of devices that share a batch, whose size becomes a multiple of it.
    """
    given = value.batch_size if isinstance(value, BatchIterator) else value
    size = MAX_AUTOMATIC if given is None else given
    size = multiple_of(devices, size) if devices > 1 else size
    return with_batch_size(value, size) if isinstance(value, BatchIterator) else BatchIterator(size)


def with_batch_size(iterator: BatchIterator, size: int) -> BatchIterator:
    """Return an iterator with this batch size."""
    if iterator.batch_size != size:
        iterator = copy.copy(iterator)
        iterator.batch_size = size
    return iterator


def as_split(value: Any) -> Any:
    """Return the splitter for a fraction, list of splits or splitter; None for no split."""
    if isinstance(value, TrainSplit):
        return value if split_function(value) or value.eval_size else None
    if isinstance(value, Real):
        return TrainSplit(cast(float, value)) if value else None
    if isinstance(value, list | tuple):
        return ListedSplits(value)
    return value
