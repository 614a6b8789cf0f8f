"""Shapes of the rows of targets and outputs."""

from __future__ import annotations

from itertools import accumulate
from operator import mul


def row_shape(shape: tuple[int | None, ...]) -> tuple[int, ...]:
    """Return the shape of a row of an output.

    Examples
    --------
    >>> row_shape((None, 3, 8, 6))
    (3, 8, 6)
    """
    row = tuple(n for n in shape[1:] if n is not None)
    if len(row) != len(shape) - 1:
        raise ValueError(f"the output must have a known shape, got {shape}")
    return row


def have_same_order(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Return whether the values of two shapes correspond when both are flattened.

    Axes may be merged, split, or of length one, but not swapped.

    Examples
    --------
    >>> have_same_order((15, 2), (30,)), have_same_order((8, 6), (1, 8, 6))
    (True, True)
    >>> have_same_order((8, 6), (6, 8)), have_same_order((8, 6), (8, 5))
    (False, False)
    """
    merged, split = sorted((_strides(one), _strides(other)), key=len)
    return max(merged) == max(split) and merged <= split


def _strides(shape: tuple[int, ...]) -> set[int]:
    return {1, *accumulate(shape, mul)}


def without_axis(row: tuple[int, ...], axis: int) -> tuple[int, ...]:
    """Return the shape of a row without its axis of units.

    Parameters
    ----------
    row : tuple of int
    axis : int
        Axis of the units, which counts from the batch axis: 1 or -1.

    Examples
    --------
    >>> without_axis((3, 8, 6), 1), without_axis((8, 6, 3), -1)
    ((8, 6), (8, 6))
    """
    return row[1:] if axis == 1 else row[:-1]
