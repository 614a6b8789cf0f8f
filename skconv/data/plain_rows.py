"""Rows of arrays that serve as they are."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..ops.processes import reads_together
from .late_rows import KEPT
from .rows import Reading, Rows

DTYPES = tuple(map(np.dtype, KEPT))


def plain_rows(
    estimator: Any, X: Any, expected: Mapping[Any, tuple[int, ...]] | None, *, check: bool
) -> Rows | None:
    """Return the rows of arrays in which the checks of scikit-learn would find nothing.

    These checks take longer than a small net for one row. What they return as it is can be told
    faster: finite float32 or uint8 in the order of rows, of as many features as in fit, where
    features had no names. All other arrays, and all errors and warnings, are left to them.

    Parameters
    ----------
    estimator : object
        With ``n_features_in_``, unless X is a dict.
    X : object
        Images with channels first.
    expected : mapping of str to tuple of int, or None
        Shape of a row for each input of the network, if known.
    check : bool
        Whether values must be finite.

    Returns
    -------
    Rows or None
        None if X must be read and checked in full.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> fitted = SimpleNamespace(n_features_in_=2)
    >>> plain_rows(fitted, np.float32([[1, 2]]), None, check=True).shapes
    {None: (2,)}
    >>> plain_rows(fitted, np.float32([[1, np.nan]]), None, check=True) is None
    True
    """
    known = vars(estimator)
    if "feature_names_in_" in known or reads_together():
        return None
    if type(X) is np.ndarray:
        named, sizes = {None: X}, {None: known.get("n_features_in_")}
    elif type(X) is dict and X and expected and X.keys() == expected.keys():
        named, sizes = X, {name: math.prod(row) for name, row in expected.items()}
    else:
        return None
    if not all(_serves(array, sizes[name], check=check) for name, array in named.items()):
        return None
    if len({len(array) for array in named.values()}) > 1:
        return None
    arrays = {name: array.reshape(len(array), -1) for name, array in named.items()}
    shapes = {name: array.shape[1:] for name, array in named.items()}
    return Rows(arrays, shapes, reading=Reading(bool(check)))


def _serves(array: Any, size: int | None, *, check: bool) -> bool:
    """Return whether an array is one of rows of some size that need no conversion."""
    if type(array) is not np.ndarray or array.dtype not in DTYPES or array.ndim < 2:
        return False
    if not (len(array) and array.flags.c_contiguous and math.prod(array.shape[1:]) == size):
        return False
    if not check or array.dtype == np.uint8:
        return True
    with np.errstate(over="ignore", invalid="ignore"):  # a sum is enough, as for scikit-learn
        return math.isfinite(np.add.reduce(array, axis=None))
