"""Map-style datasets, such as those of torch, read into arrays."""

from __future__ import annotations

import array
import sys
from collections import deque
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

import numpy as np

from ..errors import did_you_mean
from ..utils.foreign_arrays import as_numpy

__all__ = ["read_dataset"]

PLAIN = (
    *(np.ndarray, list, tuple, str, bytes, bytearray, range, memoryview, deque, array.array, type),
    Mapping,
)
"""Types whose items are not rows to ask for one by one."""

ARRAY_LIKE = ("__array__", "__array_interface__", "__dataframe__", "iloc", "dtype", "dtypes")
"""Attributes of arrays and tables, which are read as a whole."""


def is_map_dataset(X: Any) -> bool:
    """Return whether X has rows to ask for one by one, as datasets of torch and grain do.

    Parameters
    ----------
    X : object
    """
    if isinstance(X, PLAIN) or any(hasattr(X, name) for name in ARRAY_LIKE):
        return False
    if not hasattr(X, "__getitem__"):
        return False
    return hasattr(X, "__len__") or not hasattr(X, "__iter__")


def read_dataset(dataset: Any, target: str | None = None) -> tuple[Any, Any]:
    """Read a map-style dataset into arrays, such as for a search or a `Pipeline`.

    Nets take such a dataset as X by themselves. Each row is asked for once, in order.

    Parameters
    ----------
    dataset : object with `__getitem__`
        ``dataset[i]`` is a row for each i below ``len(dataset)``, or up to the first `IndexError`:
        x, a tuple ``(x,)`` or ``(x, y)``, or a dict with a value for each column. x may be a dict
        or a tuple of the inputs of the net, and y of its targets. Values are numbers, arrays,
        tensors or images of one shape, and y may be text.
    target : str, optional
        The column that is y, if rows are dicts.

    Returns
    -------
    X : array of shape (n, ...), or dict or list of them
        A dict by column if rows are dicts with several columns besides the target.
    y : array of shape (n, ...), dict or list of them, or None
        None if the rows have no targets.

    Raises
    ------
    ValueError
        If rows differ in form or shape, or hold None.

    Examples
    --------
    >>> import numpy as np
    >>> class Squares:
    ...     def __len__(self):
    ...         return 3
    ...     def __getitem__(self, i):
    ...         return np.array([i, i + 1.0]), i**2
    >>> X, y = read_dataset(Squares())
    >>> X.shape, y
    ((3, 2), array([0, 1, 4]))
    """
    kind = type(dataset).__name__
    if not is_map_dataset(dataset):
        raise ValueError(f"dataset must have __getitem__ and __len__, got {kind}")
    size = dataset_size(dataset)
    columns: Any = None
    for i, row in enumerate(_rows(dataset, size)):
        if isinstance(row, tuple) and len(row) > 2:
            raise ValueError(
                f"rows of X must be x, (x, y) or a dict, got a tuple of {len(row)} in X[{i}]"
            )
        named = {"X": row[0], "y": row[1]} if is_pair(row) else {"X": _unpacked(row)}
        if columns is None:
            columns = {name: _columns(name, value, size) for name, value in named.items()}
        if named.keys() != columns.keys():
            raise ValueError(f"rows of X must have one form, but X[{i}] differs from X[0]")
        for name, value in named.items():
            _add(columns[name], value, i)
    if columns is None:
        raise ValueError(f"X must have at least one row, got an empty {kind}")
    found = {name: _finished(column) for name, column in columns.items()}
    if target is not None:
        return _split_column(found, target)
    return _unwrapped(found["X"]) if "y" not in found else found["X"], found.get("y")


def _split_column(found: dict[str, Any], target: str) -> tuple[Any, Any]:
    X = found["X"]
    if not isinstance(X, dict) or "y" in found:
        raise ValueError(
            f"y must not be the name of a column for a dataset without columns, got {target!r}"
        )
    if target not in X:
        raise ValueError(
            f"y must be the name of a column of X, got {target!r}.{did_you_mean(target, X)}"
        )
    y = X.pop(target)
    if not X:
        raise ValueError(f"X must have a column besides the targets {target!r}")
    return _unwrapped(X), y


def _unwrapped(X: Any) -> Any:
    """Return the array of a single column."""
    return next(iter(X.values())) if isinstance(X, dict) and len(X) == 1 else X


def dataset_size(dataset: Any) -> int | None:
    """Return the number of rows of a dataset; None if it has no length."""
    if not hasattr(dataset, "__len__"):
        return None
    try:
        size = len(dataset)
    except (TypeError, NotImplementedError) as error:
        raise ValueError(f"X must have a length, got {type(dataset).__name__}: {error}") from error
    if size >= sys.maxsize:
        raise ValueError("X must be finite, got a dataset that repeats without end")
    return size


def _rows(dataset: Any, size: int | None) -> Iterator[Any]:
    for i in count() if size is None else range(size):
        try:
            row = ask_for(dataset, i, size)
        except IndexError:
            return
        yield row


def ask_for(dataset: Any, i: int, size: int | None) -> Any:
    """Return a row of a dataset of some size; its exceptions name the row.

    If the size is not known, `IndexError` tells the end.
    """
    try:
        return dataset[i]
    except IndexError as error:
        if size is None:
            raise
        raise ValueError(
            f"X must have as many rows as its length says, {size}, but X[{i}] raises IndexError"
        ) from error
    except Exception as error:
        error.add_note(f"in X[{i}]")
        raise


def is_pair(row: Any) -> bool:
    """Return whether a row has a target besides x."""
    return isinstance(row, tuple) and len(row) == 2


def _unpacked(row: Any) -> Any:
    return row[0] if isinstance(row, tuple) and len(row) == 1 else row


class _Column:
    """The values of all rows in one place of a row.

    Parameters
    ----------
    what : str
        Its name, for messages.
    first : array
        The value of the first row.
    size : int or None
        Number of rows, if known.
    """

    def __init__(self, what: str, first: np.ndarray, size: int | None) -> None:
        self._what = what
        self._shape = first.shape
        self._values: list[np.ndarray] = []
        self._array: np.ndarray | None = None
        if size is not None and first.dtype.kind in "biuf":
            self._array = np.empty((size, *first.shape), first.dtype)

    def add(self, value: Any, i: int) -> None:
        """Add the value of row `i`."""
        given = row_array(self._what, value, i)
        if given.shape != self._shape:
            raise ValueError(
                f"{self._what} must have rows of one shape, got {self._shape} in row 0 and "
                f"{given.shape} in row {i}; resize, crop or pad them in the dataset"
            )
        if self._array is None:
            self._values.append(given)
            return
        common = np.result_type(self._array, given)
        if common != self._array.dtype:
            self._array = self._array.astype(common)
        self._array[i] = given

    def finished(self) -> np.ndarray:
        """Return the values of all rows."""
        return np.stack(self._values) if self._array is None else self._array


def row_array(what: str, value: Any, i: int) -> np.ndarray:
    """Return a value of row `i` as an array."""
    if value is None:
        raise ValueError(f"{what} must have a value in each row, got None in row {i}")
    return as_numpy(f"{what} in row {i}", value)


def _columns(what: str, value: Any, size: int | None) -> Any:
    """Return columns in the form of a row: a column, or a dict or tuple of them."""
    if isinstance(value, Mapping):
        return {key: _columns(f"{what}[{key!r}]", part, size) for key, part in value.items()}
    if isinstance(value, tuple):
        return tuple(_columns(f"{what}[{j}]", part, size) for j, part in enumerate(value))
    return _Column(what, row_array(what, value, 0), size)


def _add(columns: Any, value: Any, i: int) -> None:
    """Add the values of a row to columns of the same form."""
    if isinstance(columns, _Column):
        columns.add(value, i)
        return
    keys = columns.keys() if isinstance(columns, dict) else range(len(columns))
    own = value.keys() if isinstance(value, Mapping) else range(len(value))
    if keys != own:
        raise ValueError(
            f"rows of X must have one form, got {', '.join(map(str, keys))} in X[0] and "
            f"{', '.join(map(str, own))} in X[{i}]"
        )
    for key in keys:
        _add(columns[key], value[key], i)


def _finished(columns: Any) -> Any:
    if isinstance(columns, dict):
        return {key: _finished(own) for key, own in columns.items()}
    if isinstance(columns, tuple):
        return list(map(_finished, columns))
    return columns.finished()
