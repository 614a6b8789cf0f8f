"""Rows of X: select them, and give them the shapes of the input layers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, NamedTuple, cast

import numpy as np
from scipy import sparse

from ..errors import Problems
from ..utils.aligned_arrays import take_aligned
from ..utils.image_shapes import (
    describe_rows,
    has_channels_last,
    mismatch_hint,
    move_channels_last,
)
from ..utils.late_arrays import is_mapped
from .index_values import IndexColumns, check_indices
from .late_rows import LateRows


class Reading(NamedTuple):
    """How the arrays of X were read.

    Parameters
    ----------
    check : bool
        Whether values are checked.
    flat_last : frozenset of str
        Inputs whose rows are flattened images with channels last.
    columns : mapping of str to sequence of str
        Names of the columns of each input that has any.
    """

    check: bool = True
    flat_last: frozenset[Any] = frozenset()
    columns: Mapping[Any, Sequence[str]] = MappingProxyType({})


class Inputs(NamedTuple):
    """What the input layers of a network take.

    Parameters
    ----------
    shapes : mapping of str to tuple
        Shape of each input layer, the batch axis first.
    indices : mapping of str to sequence of IndexColumns
        The values of a row that must be integers, by input layer.
    outputs : mapping of str to tuple
        Shape of each predicted output for such inputs.
    resize : callable, optional
        Returns the `Inputs` for rows of other shapes, given by input, if sizes are free.
    """

    shapes: Mapping[str, tuple[int | None, ...]]
    indices: Mapping[str, Sequence[IndexColumns]] = MappingProxyType({})
    outputs: Mapping[str, tuple[int | None, ...]] = MappingProxyType({})
    resize: Callable[[Mapping[Any, tuple[int, ...]]], Inputs] | None = None

    def fitting(self, shapes: Mapping[Any, tuple[int, ...]]) -> Inputs:
        """Return what the input layers take if rows have these shapes."""
        return self if self.resize is None else self.resize(shapes)

    def rows(self) -> dict[str, Any]:
        """Return the shape of a row of each input layer."""
        return {name: shape[1:] for name, shape in self.shapes.items()}


@dataclass(frozen=True, eq=False)
class ChannelsLast:
    """Flattened images with channels last, whose rows are read with channels first.

    Parameters
    ----------
    array : array, CSR matrix or LateRows, of shape (n, values)
    row : tuple of int
        Shape of a row, channels last.
    """

    array: Any
    row: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of rows and of values in each."""
        return self.array.shape

    @property
    def dtype(self) -> Any:
        """The dtype of the array."""
        return self.array.dtype

    def __getitem__(self, index: Any) -> np.ndarray:
        rows = dense_rows(self.array, index)
        images = np.moveaxis(rows.reshape(-1, *self.row), -1, 1)
        return images.reshape(len(images), -1)


@dataclass(frozen=True)
class Rows:
    """Rows of one or several input arrays.

    Parameters
    ----------
    arrays : dict of str to array, CSR matrix, ChannelsLast or LateRows, of shape (n, values)
        Flattened samples by name of the input layer; the name is None if X was not a dict.
    shapes : dict of str to tuple of int
        Shape of a row, as given or, once arranged, as the network takes it.
    index : int array of shape (n,), optional
        Positions of the rows in the arrays; by default all. Taking a subset copies no data.
    into : dict of str to tuple of int, optional
        Shape of a row as the network takes it, if a transform comes before.
    reading : Reading
    indices : mapping of str to sequence of IndexColumns
        The values of transformed rows that must be integers, by input layer.
    """

    arrays: dict[Any, Any]
    shapes: dict[Any, tuple[int, ...]]
    index: np.ndarray | None = None
    into: dict[Any, tuple[int, ...]] | None = None
    reading: Reading = Reading()
    indices: Mapping[str, Sequence[IndexColumns]] = field(default_factory=dict)

    def __len__(self) -> int:
        kept = next(iter(self.arrays.values())) if self.index is None else self.index
        return kept.shape[0]

    def row_bytes(self) -> int:
        """Return the size of one row on the device."""
        shapes = self.into or self.shapes
        return sum(a.dtype.itemsize * math.prod(shapes[n]) for n, a in self.arrays.items())

    @property
    def are_elsewhere(self) -> bool:
        """Whether some arrays are in files, or are read late for another reason."""
        return any(
            isinstance(a, LateRows) or is_mapped(a) for a in map(_inner, self.arrays.values())
        )

    def take(self, index: np.ndarray | slice) -> dict[Any, np.ndarray]:
        """Return some rows as dense arrays in their shapes; a slice of dense rows is a view."""
        index = self._within(index)
        return {
            name: dense_rows(array, index).reshape(-1, *self.shapes[name])
            for name, array in self.arrays.items()
        }

    def subset(self, index: np.ndarray) -> Rows:
        """Return a subset of the rows."""
        return replace(self, index=self._within(index))

    def whole(self) -> Rows:
        """Return all rows of the arrays."""
        return replace(self, index=None)

    def _within(self, index: Any) -> Any:
        return index if self.index is None else self.index[index]

    def all(self) -> Any:
        """Return a copy of all rows: an array, or a dict of arrays if there are several inputs."""
        arrays = self.take(np.arange(len(self)))
        return next(iter(arrays.values())) if len(arrays) == 1 else arrays

    def like(self, X: Any) -> Rows:
        """Return rows of the same inputs, from arrays in the form that `all` returns."""
        named = X if isinstance(X, Mapping) else dict.fromkeys(self.arrays, X)
        arrays = {name: x.reshape(len(x), -1) for name, x in named.items()}
        for name, array in arrays.items() if self.reading.check else ():
            _check_finite("the rows of a split", name, array)
        return replace(self, arrays=arrays, index=None)

    def enter(self, X: Mapping[Any, np.ndarray]) -> dict[Any, np.ndarray]:
        """Give transformed rows the shapes of the input layers.

        Raises
        ------
        ValueError
            If they do not fit, or have values that the network does not take.
        """
        if self.into is None:
            return dict(X)
        what = "the transformed batch"
        problems, entered = Problems(), {}
        for name, array in X.items():
            row, shape = array.shape[1:], self.into[name]
            if not _fits(row, shape):
                problems.add(_misfit(what, name, row, shape))
                continue
            entered[name] = array.reshape(len(array), *shape)
            if self.reading.check:
                flat = array.reshape(len(array), -1)
                with problems.collect():
                    _check_finite(what, name, flat)
                with problems.collect():
                    check_indices(what, flat, self.indices.get(name, ()), shape)
        problems.raise_any()
        return entered

    def arrange(self, inputs: Inputs, *, changed: bool = False) -> Rows:
        """Give the rows the shapes of the input layers, and check values that must be integers.

        Flat rows fit any shape with the same number of values; axes of length one may be added or
        removed.

        Parameters
        ----------
        inputs : Inputs
            Of the same names as the arrays, as `by_input` makes sure; or of a single input layer.
        changed : bool
            Whether a transform comes before the network. If so, the rows keep their shape, and
            `enter` reshapes and checks the transformed ones.

        Returns
        -------
        Rows

        Raises
        ------
        ValueError
            If shapes or values do not fit.
        """
        problems = Problems()
        arrays, own, arranged = {}, {}, {}
        given: dict[Any, Any] = self.arrays
        if not changed:
            inputs = inputs.fitting(self.shapes)
        for name, shape in inputs.shapes.items():
            read = name if name in given else None
            array, own[name] = given[read], self.shapes[read]
            arranged[name] = row = cast(tuple[int, ...], tuple(shape[1:]))  # only n may be None
            if changed:
                arrays[name] = array
                continue
            if not _fits(own[name], row):
                problems.add(_misfit("X", name, own[name], row, isinstance(array, ChannelsLast)))
                continue
            if read in self.reading.flat_last and len(own[name]) == 1 and len(row) >= 3:
                array = ChannelsLast(array, move_channels_last(row))
            arrays[name] = array
            taken = inputs.indices.get(name, ())
            if taken and self.reading.check:
                what = "X" if read is None else f"X[{read!r}]"
                columns = self.reading.columns.get(read)
                with problems.collect():
                    check_indices(what, array, taken, row, index=self.index, columns=columns)
        problems.raise_any()
        if changed:
            return Rows(arrays, own, self.index, arranged, self.reading, inputs.indices)
        return Rows(arrays, arranged, self.index, reading=self.reading)


def dense_rows(array: Any, index: np.ndarray | slice) -> np.ndarray:
    """Return some rows of an array, a sparse matrix or `ChannelsLast`, as a dense array."""
    if isinstance(array, np.ndarray) and not isinstance(index, slice):
        return take_aligned(array, index)
    rows = array[index]
    return rows.toarray() if sparse.issparse(rows) else rows


def _inner(array: Any) -> Any:
    return array.array if isinstance(array, ChannelsLast) else array


def _fits(row: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    if len(row) == 1:
        return row[0] == math.prod(shape)
    return [n for n in row if n != 1] == [n for n in shape if n != 1]


def _misfit(
    what: str, name: str, row: tuple[int, ...], shape: tuple[int, ...], last: bool = False
) -> str:
    """Return the message on rows of another shape than that of the input layer.

    Parameters
    ----------
    what, name : str
        Names of the rows and of the input layer.
    row, shape : tuple of int
        Shapes of a row as read and as the network takes it.
    last : bool
        Whether X has channels last.
    """
    if last and len(row) == len(shape):
        hint = "; shapes of input layers are channels first" if has_channels_last(shape) else ""
        wanted, got = map(describe_rows, (move_channels_last(shape), move_channels_last(row)))
        where = f"for the input layer {name!r} and data_format='channels_last'"
        return f"{what} must have shape {wanted} {where}, got {got}{hint}"
    wanted, got = describe_rows(shape), describe_rows(row)
    hint = mismatch_hint((-1, *row), shape)
    message = f"{what} must have shape {wanted} for the input layer {name!r}, got {got}"
    return f"{message}; {hint}" if hint else message


def _check_finite(what: str, name: str, array: np.ndarray) -> None:
    """Raise `ValueError` for NaN and infinite values."""
    if array.dtype.kind != "f" or np.isfinite(array).all():
        return
    row, column = np.argwhere(~np.isfinite(array))[0]
    raise ValueError(
        f"{what} must hold finite numbers for the input layer {name!r}, "
        f"got {array[row, column]} in row {row}"
    )
