"""Checks of values that scikit-learn does not make: bounds of sparse indices, and rounding."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils import _safe_indexing

SAMPLE = 200_000
"""Number of values that are looked at for rounding, which takes about 10 ms."""


def check_sparse(what: str, X: Any) -> None:
    """Raise `ValueError` for a sparse matrix whose indices point outside of it.

    scipy does not check the indices of a matrix that is built from them, and would read and write
    memory that is not its own.
    """
    if X.ndim != 2:
        raise ValueError(f"{what} must have two axes if it is sparse, got shape {X.shape}")
    try:
        if hasattr(X, "check_format"):
            copy.copy(X).check_format(full_check=True)  # which may replace attributes
        elif X.format == "coo":
            for indices, size in zip(X.coords, X.shape, strict=True):
                if indices.size and not 0 <= indices.min() <= indices.max() < size:
                    raise ValueError(f"indices must be from 0 to {size - 1}")
    except ValueError as error:
        raise ValueError(
            f"{what} must be a valid sparse matrix of shape {X.shape}: {error}"
        ) from error


def warn_of_rounding(what: str, given: Any, converted: Any) -> None:
    """Warn of columns of a table whose values become equal by conversion to float32.

    Integers are exact up to 2**24. A sample of the rows is looked at, the first ones included.

    Parameters
    ----------
    what : str
        Name of X for messages.
    given : array or DataFrame of shape (n, features)
    converted : float32 or uint8 array or sparse matrix of shape (n, features)
        Sparse ones are not looked at; they come from DataFrames of sparse columns as well.
    """
    if sparse.issparse(converted) or getattr(given, "dtype", None) in (np.float32, np.float16):
        return
    n, features = converted.shape
    if converted.dtype != np.float32 or n < 2 or features > SAMPLE // 10:
        return
    count = SAMPLE // features
    half = np.arange(min(n, count // 2))
    rows = np.unique(np.r_[half, np.linspace(0, n - 1, min(n, count // 2), dtype=int)])
    exact = np.asarray(_safe_indexing(given, rows))
    if exact.dtype.kind not in "iuf" or exact.dtype.itemsize < 4:
        return
    if exact.dtype.kind in "iu" and np.abs(converted).max() < 2**24:
        return
    before, after = (_distinct(values) for values in (exact, converted[rows]))
    whole = (exact == np.floor(exact)).all(axis=0)
    lost = np.where(whole, after < before, after < 0.9 * before)
    for column in np.flatnonzero(lost)[:3]:
        name = given.columns[column] if hasattr(given, "columns") else int(column)
        warnings.warn(
            f"{what} is converted to float32, which leaves {after[column]} of {before[column]} "
            f"distinct values in column {name!r}, such as {exact[0, column]}; subtract the "
            "smallest value first, or encode identifiers with OrdinalEncoder",
            UserWarning,
            stacklevel=2,
        )


def _distinct(values: np.ndarray) -> np.ndarray:
    """Return the number of distinct values in each column."""
    return 1 + (np.diff(np.sort(values, axis=0), axis=0) != 0).sum(axis=0)
