"""Arrays with a row of any shape for each sample, grouped by shape."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..utils.row_containers import has_names, object_array
from ..utils.row_lists import NUMBERS, read_arrays

KINDS = f"{NUMBERS}cmMOSUV"
"""Kinds of dtypes of targets, also of those that are refused later."""


@dataclass(frozen=True, eq=False)
class RaggedArray:
    """Rows of several shapes and one dtype, as groups of one shape each.

    Targets of X with rows of several shapes, and the weights of such targets. Like an array, it is
    indexed by rows.

    Parameters
    ----------
    groups : tuple of array of shape (n, ...)
    positions : tuple of int array
        Where the rows of each group are among all rows.

    Examples
    --------
    >>> rows = read_rows([[1], [2, 3], [4]])
    >>> len(rows), rows.flat()
    (3, array([1, 4, 2, 3]))
    >>> rows[np.array([2, 0])]
    array([[4],
           [1]])
    """

    groups: tuple[np.ndarray, ...]
    positions: tuple[np.ndarray, ...]

    def __len__(self) -> int:
        return sum(map(len, self.positions))

    @property
    def dtype(self) -> np.dtype:
        """The dtype of the values."""
        return self.groups[0].dtype

    def __getitem__(self, index: np.ndarray) -> Any:
        """Return some of the rows, as an array if they have one shape."""
        parts = select_groups(self.positions, index)
        groups = [self.groups[number][places] for number, places, _ in parts]
        return join_rows(groups, [positions for *_, positions in parts])

    def like(self, rows: Sequence[np.ndarray]) -> RaggedArray:
        """Return an array of the same grouping with other rows."""
        return RaggedArray(tuple(rows), self.positions)

    def map(self, function: Callable[[np.ndarray], np.ndarray]) -> RaggedArray:
        """Return the array with a function applied to each group."""
        return self.like([function(group) for group in self.groups])

    def grouped(self, positions: Sequence[np.ndarray]) -> RaggedArray:
        """Return the same rows in other groups, each of which must have rows of one shape."""
        return RaggedArray(tuple(self[index] for index in positions), tuple(positions))

    def flat(self) -> np.ndarray:
        """Return all values, group after group."""
        return np.concatenate([group.ravel() for group in self.groups])

    def refilled(self, values: np.ndarray) -> RaggedArray:
        """Return an array of the same shapes with other values, in the order of `flat`."""
        ends = np.cumsum([group.size for group in self.groups])[:-1]
        parts = zip(np.split(values, ends), self.groups, strict=True)
        return self.like([part.reshape(group.shape) for part, group in parts])

    def group_numbers(self) -> np.ndarray:
        """Return the number of the group of each row."""
        numbers = np.empty(len(self), int)
        for number, positions in enumerate(self.positions):
            numbers[positions] = number
        return numbers

    def row_shapes(self) -> list[tuple[int, ...]]:
        """Return the shape of each row, in order."""
        return [self.groups[number].shape[1:] for number in self.group_numbers()]

    def rows(self) -> np.ndarray:
        """Return the rows in order, as an array of objects of shape (n,)."""
        ordered: list[Any] = [None] * len(self)
        for positions, group in self.parts():
            for i, row in zip(positions, group, strict=True):
                ordered[i] = row
        return object_array(ordered)

    def parts(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Return the positions and the rows of each group."""
        return zip(self.positions, self.groups, strict=True)


def select_groups(
    positions: Sequence[np.ndarray], index: np.ndarray
) -> list[tuple[int, np.ndarray, np.ndarray]]:
    """Select rows that are given in groups.

    Parameters
    ----------
    positions : sequence of int array
        Where the rows of each group are among all rows.
    index : int array
        Positions of the selected rows.

    Returns
    -------
    list of (int, int array, int array)
        For each group with selected rows: its number, their places in it, and where they are in the
        selection.

    Examples
    --------
    >>> parts = select_groups([np.array([0, 2]), np.array([1])], np.array([2, 1, 0]))
    >>> [(number, places.tolist(), selected.tolist()) for number, places, selected in parts]
    [(0, [1, 0], [0, 2]), (1, [0], [1])]
    """
    group_of, place_of = np.empty((2, sum(map(len, positions))), int)
    for number, own in enumerate(positions):
        group_of[own], place_of[own] = number, np.arange(len(own))
    parts = []
    for number in range(len(positions)):
        selected = np.flatnonzero(group_of[index] == number)
        if len(selected):
            parts.append((number, place_of[index][selected], selected))
    return parts


def join_rows(groups: Sequence[np.ndarray], positions: Sequence[np.ndarray]) -> Any:
    """Return rows that are given in groups in one array, a `RaggedArray` if their shapes differ.

    Examples
    --------
    >>> join_rows([np.zeros((1, 2)), np.ones((1, 2))], [np.array([1]), np.array([0])])
    array([[1., 1.],
           [0., 0.]])
    """
    if len({group.shape[1:] for group in groups}) > 1:
        return RaggedArray(tuple(groups), tuple(positions))
    if len(groups) == 1 and np.array_equal(positions[0], np.arange(len(positions[0]))):
        return groups[0]
    return np.concatenate(groups)[np.argsort(np.concatenate(positions))]


def read_rows(values: Any) -> Any:
    """Read a list or an array of objects that holds an array for each row.

    Parameters
    ----------
    values : array-like, or DataFrame with a single column
        Targets or weights of one output.

    Returns
    -------
    RaggedArray, or array-like
        An array instead of objects if all rows have one shape; anything else as it is.

    Examples
    --------
    >>> [group.tolist() for group in read_rows([['a'], ['b', 'c']]).groups]
    [[['a']], [['b', 'c']]]
    >>> read_rows(['a', 'b'])
    ['a', 'b']
    """
    single = hasattr(values, "columns") and len(values.columns) == 1
    column = values.iloc[:, 0] if single else values
    arrays = [] if has_names(column) else read_arrays(column, KINDS)
    by_shape: dict[tuple[int, ...], list[int]] = {}
    for i, array in enumerate(arrays):
        by_shape.setdefault(array.shape, []).append(i)
    if len(by_shape) == 1 and hasattr(column, "dtype"):
        return np.stack(arrays)
    if len(by_shape) < 2:
        return values
    shapes = sorted(by_shape, key=lambda shape: (len(shape), shape))
    positions = [np.array(by_shape[shape]) for shape in shapes]
    return RaggedArray(
        tuple(np.stack([arrays[i] for i in index]) for index in positions), tuple(positions)
    )


def array_parts(values: Any) -> list[tuple[Any, np.ndarray]]:
    """Return the positions and the rows of each group of one shape."""
    if isinstance(values, RaggedArray):
        return list(values.parts())
    return [(slice(None), values)]


def map_rows(function: Callable[[np.ndarray], Any], values: Any) -> Any:
    """Return an array with a function applied to its rows of each shape."""
    return values.map(function) if isinstance(values, RaggedArray) else function(values)


def flat_values(values: Any) -> np.ndarray:
    """Return all values of an array, or of one whose rows differ in shape."""
    return values.flat() if isinstance(values, RaggedArray) else values.ravel()
