"""Samples as short texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

MAX_VALUES = 8
"""Number of values that are shown."""

MAX_CHARACTERS = 300
"""Length of a text that is shown."""


def describe_sample(X: Any, row: int) -> str:
    """Return a sample as text: its words, the values of its columns or its shape.

    Parameters
    ----------
    X : array-like, DataFrame, sparse matrix, or dict of arrays
    row : int

    Examples
    --------
    >>> describe_sample(['some words'], 0), describe_sample(np.array([[0.25, 3]]), 0)
    ('some words', '0.25, 3')
    >>> describe_sample({'image': np.zeros((1, 8, 8)), 'age': np.array([[7]])}, 0)
    'image: 8 × 8 values; age: 7'
    """
    if isinstance(X, Mapping):
        return "; ".join(f"{name}: {describe_sample(part, row)}" for name, part in X.items())
    if hasattr(X, "iloc"):
        values = X.iloc[row]
        return _columns(values.items()) if hasattr(values, "items") else describe_value(values)
    if hasattr(X, "columns") and hasattr(X, "row"):
        return _columns(X.row(row, named=True).items())
    if hasattr(X, "tocsr"):
        return describe_value(X.tocsr()[[row]].toarray()[0])
    return describe_value(X[row])


def describe_value(value: Any) -> str:
    """Return a value, a text or an array as short text.

    Examples
    --------
    >>> describe_value(0.123456), describe_value([1, 2]), describe_value(np.ones((2, 3)))
    ('0.1235', '1, 2', '2 × 3 values')
    """
    if isinstance(value, str):
        return value if len(value) <= MAX_CHARACTERS else f"{value[:MAX_CHARACTERS]}…"
    if isinstance(value, float | np.floating):
        return f"{value:.4g}"
    if np.ndim(value) == 1:
        shown = ", ".join(describe_value(one) for one in value[:MAX_VALUES])
        return shown if len(value) <= MAX_VALUES else f"{shown}, …"
    if np.ndim(value) > 1:
        return f"{' × '.join(map(str, np.shape(value)))} values"
    return str(value)


def _columns(items: Any) -> str:
    pairs = list(items)
    shown = ", ".join(f"{name}={describe_value(value)}" for name, value in pairs[:MAX_VALUES])
    return shown if len(pairs) <= MAX_VALUES else f"{shown}, …"
