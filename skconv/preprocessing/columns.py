"""Select columns of a table of any kind, by name, position or function."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils import _safe_indexing, check_array

from ..errors import did_you_mean
from ..utils.checks import is_integer

NUMERIC = "biuf"
"""Kinds of dtypes that hold numbers."""


def column_names(X: Any) -> list[Any]:
    """Return the names of the columns, or their positions if they have none."""
    return list(X.columns) if hasattr(X, "columns") else list(range(X.shape[1]))


def positions_of(what: str, selection: Any, X: Any) -> np.ndarray:
    """Return the positions of the selected columns of a table.

    Parameters
    ----------
    what : str
        Name of the selection for messages.
    selection : str, int, sequence, slice or callable
        Names, positions or a mask, or a function of X that returns one of these.
    X : DataFrame, array or sparse matrix

    Returns
    -------
    int array

    Raises
    ------
    ValueError
        If X lacks one of these columns, or if no column is selected.

    Examples
    --------
    >>> positions_of('columns', [0, -1], np.eye(4)).tolist()
    [0, 3]
    """
    given, names = selection, column_names(X)
    n = len(names)
    if callable(selection):
        selection = selection(X)
    if isinstance(selection, slice):
        return _sliced(what, selection, names)
    if isinstance(selection, str) or is_integer(selection):
        selection = [selection]
    if _is_list(selection) and any(isinstance(one, str) for one in selection):
        return np.concatenate([_places(what, name, names) for name in selection])
    index = np.asarray(list(selection) if _is_list(selection) else selection)
    if index.ndim == 1 and not index.size:
        raise ValueError(f"{what} must select at least one column of X, got none from {given!r}")
    if index.ndim != 1 or index.dtype.kind not in "biu":
        raise ValueError(
            f"{what} must be names or positions of columns, a slice, a mask, or a function that "
            f"returns one of these, got {given!r}"
        )
    if index.dtype.kind == "b":
        if len(index) != n:
            raise ValueError(f"{what} must be a mask of {n} columns, got {len(index)} booleans")
        return np.flatnonzero(index)
    outside = index[(index < -n) | (index >= n)]
    if len(outside):
        raise ValueError(f"{what} must be positions of {n} columns, got {outside[0]}")
    return index.astype(np.intp) % n


def _is_list(selection: Any) -> bool:
    return hasattr(selection, "__iter__") and hasattr(selection, "__len__")


def _places(what: str, name: Any, names: list[Any]) -> np.ndarray:
    places = [i for i, other in enumerate(names) if other == name]
    if places:
        return np.array(places)
    if not any(isinstance(one, str) for one in names):
        hint = "; X has no names of columns: give their positions, or pass a DataFrame"
    else:
        hint = f".{did_you_mean(str(name), names)}"
    raise ValueError(f"{what} must be names of columns of X, got {name!r}{hint}")


def _sliced(what: str, selection: slice, names: list[Any]) -> np.ndarray:
    """Return the positions of a slice, of names up to and including the last."""
    bounds = [selection.start, selection.stop]
    if any(isinstance(bound, str) for bound in bounds):
        first, last = (
            None if bound is None else int(_places(what, bound, names)[0]) for bound in bounds
        )
        selection = slice(first, None if last is None else last + 1, selection.step)
    found = np.arange(len(names))[selection]
    if not len(found):
        raise ValueError(f"{what} must select at least one column of X, got none from {bounds}")
    return found


def select_columns(X: Any, positions: np.ndarray) -> Any:
    """Return some columns of a table; those side by side in an array are a view."""
    first, last = int(positions[0]), int(positions[-1])
    if isinstance(X, np.ndarray) and np.array_equal(positions, range(first, last + 1)):
        return X[:, first : last + 1]
    return _safe_indexing(X.tocsr() if sparse.issparse(X) else X, positions, axis=1)


def as_numbers(name: str, table: Any) -> Any:
    """Return columns as an array of numbers, in their common dtype."""
    if sparse.issparse(table) or (isinstance(table, np.ndarray) and table.dtype.kind in NUMERIC):
        return table
    if isinstance(table, np.ndarray) and table.dtype.kind in "US":
        table = table.astype(object)  # numbers may be written as text
    options: Any = {"dtype": "numeric", "accept_sparse": "csr", "ensure_all_finite": False}
    try:
        array = check_array(table, ensure_min_samples=0, **options)
        if sparse.issparse(array) or array.dtype.kind in NUMERIC:
            return array
    except (ValueError, TypeError):
        pass
    columns = ", ".join(repr(column) for column in list(_other_columns(table))[:5])
    raise ValueError(
        f"inputs[{name!r}] must select columns of numbers, got text, dates or objects in "
        f"{columns}; encode categories with OneHotEncoder, or with OrdinalEncoder for an "
        "EmbeddingLayer, in a ColumnTransformer before this step"
    )


def _other_columns(table: Any) -> Iterator[Any]:
    """Yield the names of columns that do not hold numbers."""
    for i, name in enumerate(column_names(table)):
        if not _is_numeric(np.asarray(_safe_indexing(table, [i], axis=1))):
            yield name


def _is_numeric(values: np.ndarray) -> bool:
    if values.dtype.kind not in "OUS":
        return values.dtype.kind in NUMERIC
    try:
        values.astype(float)
    except (ValueError, TypeError):
        return False
    return True
