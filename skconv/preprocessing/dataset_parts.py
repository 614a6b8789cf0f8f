"""X and y of map-style datasets, as nets, searches and ensembles take them."""

from __future__ import annotations

import math
from typing import Any

from ..utils.foreign_arrays import as_numpy, is_tensor
from .dataset_rows import DatasetRows
from .map_dataset import dataset_size, is_map_dataset, read_dataset
from .row_view import read_whole

LARGE_BYTES = 2**31
"""Size from which rows are asked for when they are needed, rather than once."""

MANY = 256
"""Number of rows from which a dataset may be large; its first row is asked for twice."""


def read_features(dataset: Any, inputs: Any, target: str | None = None) -> Any:
    """Read X of a map-style dataset, whatever its targets.

    Parameters
    ----------
    dataset : object with `__getitem__`
    inputs : iterable of str
        Names of the input layers, which select the columns of rows that are dicts.
    target : str, optional
        A column to leave out.
    """
    rows = _large_rows(dataset, target)
    if rows is not None:
        return rows
    X, _ = read_dataset(dataset, target)
    return _selected(X, list(inputs)) if isinstance(X, dict) else X


def split_dataset(X: Any, y: Any = None) -> tuple[Any, Any]:
    """Return X and y as arrays if X, y or both are map-style datasets, and as they are otherwise.

    X is `DatasetRows` if it takes more than `LARGE_BYTES`, and has a single input.
    Targets of late arrays, such as those of h5py, are read into memory; X is not.

    Parameters
    ----------
    X : object
    y : object
        The name of a column of X, if its rows are dicts; None if its rows are pairs.
    """
    if is_map_dataset(y):
        y, _ = read_dataset(y)
    elif is_tensor(y):
        y = as_numpy("y", y)
    y = read_whole(y)
    if not is_map_dataset(X):
        return X, y
    target = y if isinstance(y, str) else None
    rows = _large_rows(X, target)
    X, own = read_dataset(X, target) if rows is None else (rows, rows.targets())
    if target is not None:
        return X, own
    if own is not None and y is not None:
        raise ValueError("y must be None for a dataset of pairs (x, y) as X, got targets twice")
    if own is None and y is None and isinstance(X, dict):
        raise ValueError(
            "y must be given for a dataset of dicts as X: the name of the column of targets, one "
            f"of {', '.join(map(repr, X))}, or an array"
        )
    return X, own if y is None else y


def _large_rows(dataset: Any, target: str | None) -> DatasetRows | None:
    """Return X of a dataset that is too large to be read; None for another one."""
    if (dataset_size(dataset) or 0) < MANY:
        return None
    try:
        rows = DatasetRows(dataset, target)
    except ValueError:  # several inputs, or what reading explains
        return None
    return rows if math.prod(rows.shape) * rows.dtype.itemsize > LARGE_BYTES else None


def _selected(X: dict[str, Any], inputs: list[str]) -> Any:
    if all(name in X for name in inputs):
        return {name: X[name] for name in inputs}
    raise ValueError(
        f"X must have a column for each input layer ({', '.join(map(repr, inputs))}), or a single "
        f"one, got the columns {', '.join(map(repr, X))}; remove the others, as by "
        "dataset.remove_columns"
    )
