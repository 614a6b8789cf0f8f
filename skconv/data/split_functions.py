"""Functions that split off the validation set, as nolearn has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import jax
import numpy as np

from ..targets.by_output import as_tuple
from .dataset import Dataset
from .named_inputs import by_input


def split_by_function(net: Any, function: Any, dataset: Dataset) -> tuple[Dataset, ...]:
    """Split with a function as in nolearn, which splits X and y but not the weights.

    Parameters
    ----------
    net : object
        Passed to the function.
    function : callable
        ``(X, y, net) -> (X_train, X_valid, y_train, y_valid)``.
    dataset : Dataset
        Rows in the shapes of the network.

    Returns
    -------
    train, valid : Dataset

    Raises
    ------
    ValueError
        If the dataset has weights, or the function returns something else.
    """
    if dataset.weights is not None or dataset.target_weights is not None:
        raise ValueError(
            "train_split must be a splitter if sample_weight is given, got a function, "
            "which cannot split the weights"
        )
    try:
        parts = function(dataset.rows.all(), dataset.y, net)
    except Exception as error:
        error.add_note(f"raised by train_split={function!r}")
        raise
    if not isinstance(parts, list | tuple) or len(parts) != 4:
        got = f"{len(parts)} values" if isinstance(parts, list | tuple) else repr(type(parts))
        raise ValueError(
            f"train_split must return (X_train, X_valid, y_train, y_valid), got {got} from "
            f"{function!r}"
        )
    return tuple(
        _part(name, dataset, X, y)
        for name, X, y in zip(("train", "valid"), parts[:2], parts[2:], strict=True)
    )


def _part(name: str, dataset: Dataset, X: Any, y: Any) -> Dataset:
    """Return the part of a dataset that a function has split off."""
    X = by_input(X, list(dataset.rows.arrays))
    arrays = list(X.values()) if isinstance(X, Mapping) else [X]
    lengths = [_length(array) for array in (*arrays, *as_tuple(y))]
    if len(set(lengths)) > 1 or 0 in lengths:
        raise ValueError(
            f"train_split must return rows in X_{name}, and as many targets in y_{name}, got "
            f"{lengths[0]} rows and {lengths[-1]} targets"
        )
    try:
        rows = dataset.rows.like(X)
    except ValueError as error:
        raise ValueError(f"train_split must return rows of X in X_{name}: {error}") from error
    own = partial(_targets, f"y_{name}")
    return replace(dataset, rows=rows, y=jax.tree.map(own, dataset.y, y))


def _length(array: Any) -> int:
    return len(array) if np.ndim(array) else 0


def _targets(name: str, given: np.ndarray, part: Any) -> np.ndarray:
    """Return targets that a function has split off, which must be some of those it was given."""
    own = np.asarray(part)
    if not isinstance(given, np.ndarray):  # rows of several shapes
        return own
    row = given.shape[1:]
    if own.shape[1:] != row:
        raise ValueError(
            f"train_split must return targets with rows of shape {row} in {name}, got "
            f"{own.shape[1:]}"
        )
    if given.dtype.kind != "i":
        return own
    low, high = given.min(), given.max()
    if own.dtype.kind not in "iufb" or not np.isin(own, given).all():
        got = own.flat[np.argmin(np.isin(own, given))]
        raise ValueError(
            f"train_split must return some of the encoded classes, from {low} to {high}, in "
            f"{name}, got {got!r}"
        )
    return own.astype(given.dtype)
