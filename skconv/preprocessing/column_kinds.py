"""Tell what the columns of a table hold, and read their values."""

from __future__ import annotations

import datetime
import decimal
import numbers
from typing import Any

import numpy as np
from sklearn.utils import _safe_indexing
from sklearn.utils._missing import is_pandas_na

CATEGORY, NUMBER, DATE, OTHER = "category", "number", "date", "other"
"""Kinds of columns."""

NUMBERS = (numbers.Real, decimal.Decimal)
FLAGS = (bool, np.bool_)
TEXT = (str, bytes, *FLAGS)
DATES = (datetime.date, datetime.time, datetime.timedelta, np.datetime64, np.timedelta64)


def column_of(table: Any, position: int) -> Any:
    """Return a column of a DataFrame or array, as a Series or an array of one axis."""
    return _safe_indexing(table, position, axis=1)


def column_kind(column: Any) -> str:
    """Return what a column holds by its dtype or, if that is object, by its values.

    Parameters
    ----------
    column : Series of pandas or polars, or array of one axis

    Returns
    -------
    {'category', 'number', 'date', 'other'}
        Categories are text, booleans, and what has a dtype of categories.

    Examples
    --------
    >>> column_kind(np.array(['red', 'blue'])), column_kind(np.array([1, None], dtype=object))
    ('category', 'number')
    >>> column_kind(np.array(['2024-01-01'], dtype='datetime64[D]'))
    'date'
    """
    dtype = column.dtype
    if hasattr(dtype, "is_temporal"):  # polars
        return _kind_in_polars(dtype)
    name, kind = str(dtype), getattr(dtype, "kind", "O")
    if name == "category" or kind in "bSU":
        return CATEGORY
    if kind in "iuf":
        return NUMBER
    if kind in "mM" or name.startswith("period"):
        return DATE
    return _kind_of_objects(column) if kind == "O" else OTHER


def _kind_in_polars(dtype: Any) -> str:
    if dtype.is_temporal():
        return DATE
    if dtype.is_numeric():
        return NUMBER
    return CATEGORY if str(dtype).startswith(("Bool", "Cat", "Enum", "String", "Null")) else OTHER


def _kind_of_objects(column: Any) -> str:
    """Return what objects are; columns without any are categories."""
    values = objects(column)
    types = {type(value) for value in values if not is_missing(value)}
    if any(issubclass(cls, DATES) for cls in types):
        return DATE
    if not all(issubclass(cls, (*NUMBERS, *TEXT)) for cls in types):
        return OTHER
    return CATEGORY if not types or any(issubclass(cls, TEXT) for cls in types) else NUMBER


def holds_flags(column: Any) -> bool:
    """Return whether a column has a dtype of booleans."""
    return str(column.dtype).lower() in ("bool", "boolean")


def is_missing(value: Any) -> bool:
    """Return whether a value is None, NaN, NaT or NA.

    Examples
    --------
    >>> is_missing(None), is_missing(float('nan')), is_missing(0), is_missing('')
    (True, True, False, False)
    """
    if value is None or is_pandas_na(value):
        return True
    return isinstance(value, (*NUMBERS, *DATES)) and bool(value != value)


def objects(column: Any) -> list[Any]:
    """Return the values of a column as a list of Python objects."""
    return column.to_list() if hasattr(column, "to_list") else column.tolist()


def floats(column: Any) -> np.ndarray:
    """Return the values of a column of numbers as float64, missing ones as NaN.

    Raises
    ------
    ValueError, TypeError
        If a value is no number.
    """
    values = column if isinstance(column, np.ndarray) else column.to_numpy()
    if values.dtype.kind in "biuf":
        return values.astype(np.float64)
    return np.array([np.nan if is_missing(v) else v for v in objects(column)], np.float64)
