"""Rows of several shapes: group those of one shape, and put results back in order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from sklearn.utils.validation import _num_samples

from ..targets.ragged_array import RaggedArray, join_rows
from ..utils.row_containers import has_names, select_rows
from ..utils.row_lists import NUMBERS, read_arrays

Shapes = tuple[tuple[int, ...], ...]
"""Shape of a row of each input."""


class Group(NamedTuple):
    """Rows of one shape.

    Parameters
    ----------
    positions : int array of shape (n,)
        Where the rows are in X.
    X : array, or dict of arrays
    """

    positions: np.ndarray
    X: Any


def group_rows(X: Any, kinds: str = NUMBERS) -> list[Group]:
    """Group the rows of X by shape.

    Parameters
    ----------
    X : object
        A list, a tuple, or an array or Series of objects, whose elements are arrays; or a dict of
        inputs, some of which are such lists.
    kinds : str
        Kinds of dtypes that the arrays may have.

    Returns
    -------
    list of Group
        Sorted by shape. Empty if X has no such list, or if all rows have one shape.

    Raises
    ------
    ValueError
        If inputs with rows of several shapes differ in length.

    Examples
    --------
    >>> [(group.positions.tolist(), group.X.shape) for group in group_rows([[1], [2, 3], [4]])]
    [([0, 2], (2, 1)), ([1], (1, 2))]
    >>> group_rows([[1, 2], [3, 4]])
    []
    """
    named = X if has_names(X) else {None: X}
    listed = {name: rows for name, values in named.items() if (rows := read_arrays(values, kinds))}
    if all(len({row.shape for row in rows}) == 1 for rows in listed.values()):
        return []
    lengths = {name: _num_samples(values) for name, values in named.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"the arrays of X must have the same length, got {lengths}")
    by_shape: dict[Shapes, list[int]] = {}
    for i, rows in enumerate(zip(*listed.values(), strict=True)):
        by_shape.setdefault(tuple(row.shape for row in rows), []).append(i)

    def take(name: Any, index: np.ndarray) -> Any:
        if name in listed:
            return np.stack([listed[name][i] for i in index])
        return select_rows(named[name], index)

    groups = []
    for shapes in sorted(by_shape, key=lambda shapes: [(len(shape), shape) for shape in shapes]):
        index = np.array(by_shape[shapes])
        parts = {name: take(name, index) for name in named}
        groups.append(Group(index, parts if has_names(X) else parts[None]))
    return groups


def in_order(groups: Sequence[Group], results: Sequence[Any]) -> Any:
    """Put the results for the rows of each group in the order of X.

    Parameters
    ----------
    groups : sequence of Group
    results : sequence of array of shape (n, ...), or of lists, tuples or None
        One for each group.

    Returns
    -------
    array of shape (n, ...), object array of shape (n,), or list or tuple of them
        Objects, each of which is an array, if the rows of the results differ in shape.

    Examples
    --------
    >>> groups = group_rows([[1], [2, 3], [4]])
    >>> in_order(groups, [group.X.sum(axis=1) for group in groups])
    array([1, 5, 4])
    >>> in_order(groups, [group.X for group in groups])
    array([array([1]), array([2, 3]), array([4])], dtype=object)
    """
    first = results[0]
    if first is None:
        return None
    if isinstance(first, list | tuple):
        parts = [in_order(groups, own) for own in zip(*results, strict=True)]
        return type(first)(parts)
    for group, result in zip(groups, results, strict=True):
        if len(result) != len(group.positions):
            raise ValueError(
                f"the result for rows of several shapes must have one row for each, got "
                f"{len(result)} for {len(group.positions)} rows of shape {np.shape(result)[1:]}"
            )
    joined = join_rows(results, [group.positions for group in groups])
    return joined.rows() if isinstance(joined, RaggedArray) else joined
