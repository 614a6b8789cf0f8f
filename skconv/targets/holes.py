"""Targets that count nothing: found in y by their value, and marked in encoded targets."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

MISSING_HINT = ". Set ignore_label=numpy.nan to leave out missing targets"


def is_missing(value: Any) -> bool:
    """Return whether a value is NaN, NA or NaT, which equal nothing.

    Examples
    --------
    >>> is_missing(float('nan')), is_missing(None), is_missing('nan')
    (True, False, False)
    """
    if isinstance(value, float | np.floating):
        return bool(np.isnan(value))
    return type(value).__name__ in ("NAType", "NaTType")


def is_label(value: Any) -> bool:
    """Return whether a value can be an `ignore_label`: text, a number, a bool, NaN or NA."""
    return is_missing(value) or isinstance(value, str | bool | int | float | np.generic)


def fill_holes(y: Any, ignored: Any, default: Any = None) -> tuple[Any, np.ndarray | None]:
    """Replace ignored targets by one that is not ignored.

    Parameters
    ----------
    y : array-like of shape (n, ...)
    ignored : object
        The value of targets to ignore; NaN also stands for None and NA. If it is None, no target is
        ignored.
    default : object
        Replaces ignored targets if all are ignored.

    Returns
    -------
    y : array-like of shape (n, ...)
        As given if no target is ignored.
    holes : bool array of shape (n, ...), or None
        Whether a target is ignored; None if none is.

    Examples
    --------
    >>> y, holes = fill_holes(['no', None, 'yes'], np.nan)
    >>> y.tolist(), holes.tolist()
    (['no', 'no', 'yes'], [False, True, False])
    """
    if ignored is None:
        return y, None
    table = _as_table(y)
    holes = None if table is None else _find(table, ignored)
    if table is None or holes is None or not holes.any():
        return y, None
    if holes.all():
        return np.full(table.shape, default), holes
    filled = table.copy()
    filled[holes] = table[~holes][0]
    return filled, holes


def mark_holes(encoded: np.ndarray, holes: np.ndarray | None) -> np.ndarray:
    """Return encoded targets with -1 for ignored classes, and NaN for other ignored targets.

    Parameters
    ----------
    encoded : int or float array of shape (n, ...)
    holes : bool array with as many elements, or None
    """
    if holes is None:
        return encoded
    mark = -1 if encoded.dtype.kind in "iu" else np.nan
    return np.where(holes.reshape(encoded.shape), np.asarray(mark, encoded.dtype), encoded)


def is_known(encoded: Any) -> Any:
    """Return which encoded targets are not ignored, for arrays of NumPy or JAX.

    Examples
    --------
    >>> is_known(np.array([1, -1])).tolist(), is_known(np.array([0.5, np.nan])).tolist()
    ([True, False], [True, False])
    """
    return encoded >= 0 if encoded.dtype.kind in "iu" else encoded == encoded


def _as_table(y: Any) -> np.ndarray | None:
    """Return y as an array; None for lists of rows of several lengths."""
    if sparse.issparse(y):
        return y.toarray()
    if not isinstance(y, list | tuple):
        return np.asarray(y)
    try:
        return np.array(y, dtype=object)  # an array of text would turn NaN into text
    except ValueError:
        return None


def _find(table: np.ndarray, ignored: Any) -> np.ndarray:
    if is_missing(ignored):
        if table.dtype == object:
            found = [value is None or is_missing(value) for value in table.ravel().tolist()]
            return np.array(found, bool).reshape(table.shape)
        return np.isnan(table) if table.dtype.kind in "fmM" else np.zeros(table.shape, bool)
    if table.dtype == object:
        found = [_equal(value, ignored) for value in table.ravel().tolist()]
        return np.array(found, bool).reshape(table.shape)
    if isinstance(ignored, str) != (table.dtype.kind in "US"):
        return np.zeros(table.shape, bool)
    return np.asarray(table == ignored)


def _equal(value: Any, ignored: Any) -> bool:
    if value is None or is_missing(value) or isinstance(value, str) != isinstance(ignored, str):
        return False
    return bool(value == ignored)
