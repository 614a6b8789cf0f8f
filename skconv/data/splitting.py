"""The first split of a splitter, checked: which rows are trained on, and which validate."""

from __future__ import annotations

import reprlib
import warnings
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils import _safe_indexing
from sklearn.utils.metadata_routing import UNUSED, get_routing_for_object

from ..preprocessing import RowView, SliceDict
from ..targets.holes import is_known
from ..targets.ragged import is_ragged
from ..utils.late_arrays import is_late
from ..utils.row_containers import has_names
from .inputs import RowSubset
from .iterators import TrainSplit, split_function


def splits_by_groups(splitter: Any) -> bool:
    """Return whether a splitter requests ``groups``, as scikit-learn's group splitters do.

    Examples
    --------
    >>> from sklearn.model_selection import GroupKFold, KFold
    >>> splits_by_groups(GroupKFold()), splits_by_groups(KFold()), splits_by_groups(None)
    (True, False, False)
    """
    if split_function(splitter) or not hasattr(splitter, "split") or isinstance(splitter, type):
        return False
    request = get_routing_for_object(splitter).split.requests.get("groups")
    return request not in (None, False, UNUSED)


def check_groups(groups: Any, splitter: Any, n: int) -> None:
    """Check the argument ``groups`` of `fit` for a net that splits off its validation set.

    Parameters
    ----------
    groups : array-like of shape (n,) or None
    splitter : splitter, function or None
        As `as_split` returns it; None if the net does not split.
    n : int
        Number of rows.

    Raises
    ------
    ValueError
        If groups are missing, or do not have an entry for each row.

    Warns
    -----
    UserWarning
        If groups are given, but `train_split` does not use them.
    """
    if groups is None:
        if splits_by_groups(splitter):
            raise ValueError(
                f"groups must be passed to fit, because train_split={splitter!r} splits by them; "
                "in a search or pipeline enable scikit-learn's metadata routing and call "
                "set_fit_request(groups=True) on the net"
            )
        return
    shape = np.shape(groups)
    if shape != (n,):
        raise ValueError(f"groups must have shape ({n},), one entry for each row, got {shape}")
    if splitter is None or split_function(splitter):
        warnings.warn(
            "groups is ignored, because no splitter makes the validation set; pass, for example, "
            "train_split=GroupShuffleSplit(1, test_size=0.2)",
            stacklevel=2,
        )


def first_split(
    splitter: Any, X: Any, y: np.ndarray, groups: Any = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the row indices of the first split.

    Parameters
    ----------
    splitter : splitter
    X : array-like, DataFrame, sparse matrix, dict of arrays, or RowSubset
    y : array of shape (n, ...)
        Encoded targets of the first output, with one axis if rows have one value; objects, each of
        which is an array, if rows differ in shape.
    groups : array-like of shape (n,), optional

    Returns
    -------
    train, valid : int arrays
        Indices of the training and of the validation rows.

    Raises
    ------
    ValueError
        If the splitter fails or yields nothing, if a part is empty or neither indices nor a mask,
        if indices are out of range, or if the parts overlap.

    Warns
    -----
    UserWarning
        If rows are in neither part.

    Examples
    --------
    >>> from sklearn.model_selection import KFold
    >>> train, valid = first_split(KFold(5), np.zeros((10, 1)), np.arange(10))
    >>> train.tolist(), valid.tolist()
    ([2, 3, 4, 5, 6, 7, 8, 9], [0, 1])
    """
    n = len(y)
    pair = _first_pair(splitter, _rows_to_split(splitter, X, n), y, groups)
    if not isinstance(pair, list | tuple) or len(pair) != 2:
        hint = "; yield (train, valid) instead of returning it" if _is_array(pair) else ""
        raise ValueError(
            f"train_split must yield pairs of arrays of row indices, got {_describe(pair)} from "
            f"{splitter!r}{hint}"
        )
    train, valid = _indices(pair[0], n, "training"), _indices(pair[1], n, "validation")
    both = np.intersect1d(train, valid)
    if len(both):
        raise ValueError(
            f"train_split must give each row to training or to validation, got {len(both)} of {n} "
            f"rows in both, such as row {both[0]}, from {splitter!r}"
        )
    n_train, n_valid = len(np.unique(train)), len(np.unique(valid))
    if n_train + n_valid < n:
        warnings.warn(
            f"train_split={splitter!r} leaves {n - n_train - n_valid} of {n} rows out: its first "
            f"split trains on {n_train} and validates on {n_valid}; TrainSplit(0.2, shuffle=False) "
            "validates on the last fifth, and trains on all rows before it",
            stacklevel=2,
        )
    return train, valid


def strata(classes: np.ndarray) -> np.ndarray:
    """Return classes to stratify rows by.

    Ignored targets are a class of their own, -1, unless they are fewer than those of the rarest
    class, which they would keep a splitter from stratifying; then they join the most frequent one.

    Parameters
    ----------
    classes : int array of shape (n, ...)
        -1 for ignored targets.

    Examples
    --------
    >>> strata(np.array([0, 0, 1, 1, 1, -1])).tolist()
    [0, 0, 1, 1, 1, 1]
    """
    known = is_known(classes)
    if known.all() or not known.any():
        return classes
    labels, counts = np.unique(classes[known], return_counts=True)
    if (~known).sum() < counts.min():
        return np.where(known, classes, labels[counts.argmax()])
    return classes


def _rows_to_split(splitter: Any, X: Any, n: int) -> Any:
    """Return X for a splitter to look at; those known to only count rows get a stand-in."""
    if type(splitter) is TrainSplit or type(splitter).__module__.startswith("sklearn."):
        return np.empty((n, 1))
    if not isinstance(X, RowSubset):
        return SliceDict(X) if has_names(X) else X
    if has_names(X.X):
        return SliceDict(X.X)[X.index]
    if isinstance(X.X, RowView) or is_late(X.X):
        return RowView(X.X)[X.index]
    if hasattr(X.X, "iloc"):
        return X.X.iloc[X.index]
    if isinstance(X.X, list | tuple):
        return _safe_indexing(X.X, X.index)
    return (X.X.tocsr() if sparse.issparse(X.X) else np.asarray(X.X))[X.index]


def _first_pair(splitter: Any, X: Any, y: np.ndarray, groups: Any) -> Any:
    """Return what a splitter yields first; None if nothing. Its errors name `train_split`."""
    further = () if groups is None else (groups,)
    try:
        return next(iter(splitter.split(X, y, *further)), None)
    except (ValueError, TypeError) as error:
        if y.ndim == 1 and not is_ragged(y):
            raise ValueError(
                f"train_split must split {len(y)} rows into a part for training and one for "
                f"validation, got {splitter!r}, which raised {type(error).__name__}: {error}"
            ) from error
        shapes = (
            "whose rows differ in shape" if is_ragged(y) else f"with rows of shape {y.shape[1:]}"
        )
        raise ValueError(
            f"train_split must not look at targets {shapes}, got {splitter!r}; set a fraction, or "
            f"a splitter such as KFold(5). The splitter raised: {error}"
        ) from error
    except Exception as error:
        error.add_note(f"raised by train_split={splitter!r}")
        raise


def _indices(part: Any, n: int, name: str) -> np.ndarray:
    """Return the row indices of a part, which may be given as a mask."""
    try:
        index = np.asarray(part)
    except ValueError:  # lists of several lengths
        index = np.empty((), object)
    if index.dtype == object and index.size and all(isinstance(one, bool) for one in index.flat):
        index = index.astype(bool)
    if index.dtype == bool:
        if index.shape != (n,):
            raise ValueError(
                f"train_split must give the mask of the {name} rows an entry for each of {n} rows, "
                f"got shape {index.shape}"
            )
        index = np.flatnonzero(index)
    if not index.size:
        raise ValueError(f"train_split must leave rows for {name}, got 0 of {n}")
    if index.ndim != 1 or index.dtype.kind not in "iu":
        raise ValueError(
            f"train_split must give the {name} rows as an array of indices, or as a mask of "
            f"{n} booleans, got {_describe(part)}"
        )
    if n > 2 and index.shape == (n,) and set(np.unique(index)) == {0, 1}:
        raise ValueError(
            f"train_split must give the {name} rows as an array of indices, or as a mask of "
            f"{n} booleans, got {n} zeros and ones; write mask.astype(bool)"
        )
    outside = index[(index < 0) | (index >= n)]
    if len(outside):
        raise ValueError(
            f"train_split must give indices of rows from 0 to {n - 1}, got {outside[0]} among the "
            f"{name} rows"
        )
    return index


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray)


def _describe(value: Any) -> str:
    """Return a value for messages; arrays and lists as their first entries."""
    if _is_array(value):
        return f"an array of {value.dtype} of shape {value.shape}"
    return reprlib.repr(value)
