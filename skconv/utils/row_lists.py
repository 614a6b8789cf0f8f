"""Lists whose elements are arrays, one for each row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse

NUMBERS = "biuf"
"""Kinds of dtypes that are numbers."""


def read_arrays(values: Any, kinds: str = NUMBERS) -> list[np.ndarray]:
    """Return the elements of a list as arrays of one dtype.

    Parameters
    ----------
    values : object
        A list, a tuple, or an array or Series of objects.
    kinds : str
        Kinds of dtypes that the arrays may have.

    Returns
    -------
    list of array
        Empty if the elements are not arrays of these kinds: for a list of numbers, text or sparse
        matrices, and for an array of numbers. Text among other labels becomes objects.

    Examples
    --------
    >>> read_arrays([[1], [2.5, 3]])
    [array([1.]), array([2.5, 3. ])]
    >>> read_arrays([1, 2]), read_arrays(np.zeros((2, 3)))
    ([], [])
    """
    objects = str(getattr(values, "dtype", None)) == "object" and getattr(values, "ndim", 0) == 1
    if not (objects or isinstance(values, list | tuple)) or not len(values):
        return []
    elements = list(values)
    if any(map(sparse.issparse, elements)):
        return []
    try:
        if np.ndim(elements[0]) == 0:  # looked at first, as there may be many numbers
            return []
        arrays = [_as_array(element) for element in elements]
    except ValueError:  # lists that are ragged themselves
        return []
    if not all(array.ndim and array.dtype.kind in kinds for array in arrays):
        return []
    dtype = _common_dtype(arrays)
    return [array.astype(dtype, copy=False) for array in arrays]


def _as_array(element: Any) -> np.ndarray:
    """Return an array of one element, in which numbers among text stay numbers."""
    array = np.asarray(element)
    if array.dtype.kind != "U" or not isinstance(element, list | tuple):
        return array
    objects = np.array(element, dtype=object)
    return array if all(isinstance(value, str) for value in objects.flat) else objects


def _common_dtype(arrays: Sequence[np.ndarray]) -> np.dtype:
    dtypes = {array.dtype for array in arrays}
    kinds = {"n" if dtype.kind in NUMBERS else dtype.kind for dtype in dtypes}
    return np.result_type(*dtypes) if len(kinds) == 1 else np.dtype(object)
