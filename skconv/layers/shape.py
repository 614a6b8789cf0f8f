"""Layers that reshape, reorder, pad or slice their input."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from ..errors import LayerError
from ..utils.cache_keys import structural_key
from ..utils.checks import is_integer, number, positive
from ..utils.fields import structural
from .base import Context, Layer, Output, Params
from .shapes import Shape, row_axis

__all__ = [
    "DimshuffleLayer",
    "FlattenLayer",
    "PadLayer",
    "ReshapeLayer",
    "SliceLayer",
    "dimshuffle",
    "flatten",
    "pad",
    "reshape",
]


@dataclass(frozen=True)
class FlattenLayer(Layer):
    """Flatten the last axes, channels first.

    Parameters
    ----------
    outdim : int
        Number of axes of the output.

    Examples
    --------
    >>> FlattenLayer().output_shape((None, 64, 6, 6))
    (None, 2304)
    """

    outdim: int = structural(2, check=positive)

    moves_values = True

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Return the first sizes and the product of the others."""
        shape = input_shapes[0]
        if self.outdim > len(shape):
            raise LayerError(f"outdim must be at most {len(shape)} for {shape}, got {self.outdim}")
        if self.outdim == 1:
            raise LayerError("outdim must be 2 or more, to keep rows separate, got 1")
        return (*shape[: self.outdim - 1], math.prod(shape[self.outdim - 1 :]))

    def apply(self, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
        """Return the flattened input."""
        x = inputs[0]
        return x.reshape(*x.shape[: self.outdim - 1], -1), state


flatten = FlattenLayer


@dataclass(frozen=True)
class ReshapeLayer(Layer):
    """Reshape the input.

    Parameters
    ----------
    shape : tuple of int or [int]
        Sizes of the axes. ``-1`` is inferred from the others, and ``[i]`` is the size of the
        input's axis `i`. The first is ``[0]``, the batch, or -1 if the others hold a whole row.

    Notes
    -----
    Rows must stay apart. To apply a dense layer to each time step, set
    ``DenseLayer(num_leading_axes=2)`` rather than moving the time steps to the batch axis.

    Examples
    --------
    >>> ReshapeLayer(shape=([0], 4, -1)).output_shape((None, 8, 6))
    (None, 4, 12)
    >>> ReshapeLayer(shape=(-1, 1, 28, 28)).output_shape((None, 784))
    (None, 1, 28, 28)
    """

    shape: Any = structural()

    moves_values = True

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Return the given shape, with inferred sizes filled in."""
        given = input_shapes[0]
        if not isinstance(self.shape, tuple) or self.shape[:1] not in (((0,),), (None,), (-1,)):
            raise LayerError(f"shape must start with [0], the batch size, got {self.shape!r}")
        sizes = [self._size(n, given) for n in self.shape[1:]]
        elements, known = math.prod(given[1:]), math.prod(n for n in sizes if n != -1)
        if self.shape[0] == -1 and (-1 in sizes or known != elements):
            raise LayerError(self._mixed_rows(given, known))
        if sizes.count(-1) == 1 and known and elements % known == 0:
            sizes[sizes.index(-1)] = elements // known
        if -1 in sizes or math.prod(sizes) != elements:
            raise LayerError(f"shape must hold the elements of {given}, got {self.shape!r}")
        return (None, *sizes)

    def _mixed_rows(self, given: Shape, known: int) -> str:
        """Return the message for a shape whose rows are not those of the input."""
        kept = [axis for axis in range(2, len(given)) if math.prod(given[axis:]) == known]
        hint = ""
        if kept:
            hint = (
                "; for a dense layer at each position, omit the ReshapeLayer and set "
                f"num_leading_axes={kept[0]} of the DenseLayer"
            )
        return (
            "shape must start with [0], the batch size, or -1 if the others hold a row of "
            f"{given}, got {self.shape!r}{hint}"
        )

    def _size(self, size: Any, given: Shape) -> int:
        if isinstance(size, tuple):
            if len(size) != 1 or not is_integer(size[0]) or not 0 < size[0] < len(given):
                raise LayerError(
                    f"shape must name axes of {given} other than the batch, got {list(size)}"
                )
            return given[size[0]]
        if is_integer(size) and (size == -1 or size > 0):
            return size
        raise LayerError(
            f"shape must hold positive integers, -1 or [i], got {size!r} in {self.shape!r}"
        )

    def apply(self, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
        """Return the reshaped input."""
        x = inputs[0]
        return x.reshape(x.shape[0], *self.output_shape((None, *x.shape[1:]))[1:]), state


reshape = ReshapeLayer


@dataclass(frozen=True)
class DimshuffleLayer(Layer):
    """Reorder the axes, and add or drop axes of size one.

    Parameters
    ----------
    pattern : sequence of int or 'x'
        The input's axis for each axis of the output, or ``'x'`` for a new one. It must start with
        0, the batch.

    Examples
    --------
    >>> DimshuffleLayer(pattern=(0, 3, 'x', 1)).output_shape((None, 8, 1, 6))
    (None, 6, 1, 8)
    """

    pattern: Any = structural()

    moves_values = True

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Return the sizes of the axes in the new order."""
        given, pattern = input_shapes[0], self.pattern
        if not isinstance(pattern, tuple) or pattern[:1] != (0,) or not is_integer(pattern[0]):
            raise LayerError(f"pattern must start with 0, the batch, got {pattern!r}")
        axes = [axis for axis in pattern if axis != "x"]
        if not all(is_integer(axis) and 0 <= axis < len(given) for axis in axes):
            raise LayerError(f"pattern must hold axes of {given} or 'x', got {pattern!r}")
        if len(set(axes)) < len(axes):
            raise LayerError(f"pattern must hold each axis once, got {pattern!r}")
        lost = [axis for axis in range(len(given)) if axis not in axes and given[axis] != 1]
        if lost:
            raise LayerError(
                f"pattern must keep axis {lost[0]} of {given}, whose size is not 1, got {pattern!r}"
            )
        return tuple(1 if axis == "x" else given[axis] for axis in pattern)

    def apply(self, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
        """Return the input with reordered axes."""
        x = inputs[0]
        kept = [axis for axis in self.pattern if axis != "x"]
        x = x.squeeze(tuple(axis for axis in range(x.ndim) if axis not in kept))
        x = x.transpose(tuple(sorted(kept).index(axis) for axis in kept))
        new = [place for place, axis in enumerate(self.pattern) if axis == "x"]
        return jnp.expand_dims(x, new), state


dimshuffle = DimshuffleLayer


def _filling(value: Any) -> str | None:
    infinite = isinstance(value, float) and math.isinf(value)
    return None if infinite or number(value) is None else "a number"


@dataclass(frozen=True)
class PadLayer(Layer):
    """Pad the input with a constant.

    Parameters
    ----------
    width : int, or sequence of int or (int, int)
        Padding before and after each axis; a single number applies to all axes.
    val : float
        Value of the padding.
    batch_ndim : int
        Number of leading axes without padding: 2 skips the batch and the channels.

    Examples
    --------
    >>> PadLayer(width=((1, 2), 3)).output_shape((None, 8, 5, 5))
    (None, 8, 8, 11)
    """

    width: Any = structural()
    val: float = structural(0.0, check=_filling)
    batch_ndim: int = structural(2, check=positive)

    moves_values = True

    def _widths(self, rank: int) -> list[tuple[int, int]]:
        axes = rank - self.batch_ndim
        if axes < 1:
            raise LayerError(
                f"batch_ndim must be less than the {rank} axes of the input, got {self.batch_ndim}"
            )
        widths = self.width if isinstance(self.width, tuple) else (self.width,) * axes
        pairs = [pair if isinstance(pair, tuple) else (pair, pair) for pair in widths]
        numbers = [n for pair in pairs for n in pair]
        if not all(is_integer(n) and n >= 0 for n in numbers) or len(numbers) != 2 * axes:
            raise LayerError(
                "width must be a non-negative integer, or one or a pair for each of "
                f"{axes} axes, got {self.width!r}"
            )
        return pairs

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Return the shape of the padded input."""
        shape, first = input_shapes[0], self.batch_ndim
        pairs = self._widths(len(shape))
        return (
            *shape[:first],
            *(n + a + b for n, (a, b) in zip(shape[first:], pairs, strict=True)),
        )

    def apply(self, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
        """Return the padded input."""
        x = inputs[0]
        widths = [(0, 0)] * self.batch_ndim + self._widths(x.ndim)
        return jnp.pad(x, widths, constant_values=self.val), state


pad = PadLayer


@dataclass(frozen=True)
class SliceLayer(Layer):
    """Slice the input along an axis.

    Parameters
    ----------
    indices : int or slice
        An int selects one position and drops the axis.
    axis : int
        Axis to slice; -1 is the last.

    Examples
    --------
    >>> SliceLayer(indices=slice(2, 5), axis=2).output_shape((None, 8, 10))
    (None, 8, 3)
    >>> SliceLayer(indices=-1, axis=1).output_shape((None, 8, 10))
    (None, 10)
    """

    indices: Any = structural()
    axis: int = structural(-1)

    moves_values = True

    def __hash__(self) -> int:
        """Return a hash, also for slices, which Python hashes only since 3.12."""
        return hash((structural_key(self.indices), self.axis))

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Return the shape of the sliced input."""
        shape = input_shapes[0]
        axis = row_axis(self.axis, shape)
        if isinstance(self.indices, slice):
            size = len(range(*self.indices.indices(shape[axis])))
            if not size:
                raise LayerError(
                    f"indices must select part of axis {axis} of {shape}, got {self.indices}"
                )
            return (*shape[:axis], size, *shape[axis + 1 :])
        if not is_integer(self.indices) or not -shape[axis] <= self.indices < shape[axis]:
            raise LayerError(
                f"indices must be a slice or a position on axis {axis} of {shape}, "
                f"got {self.indices!r}"
            )
        return (*shape[:axis], *shape[axis + 1 :])

    def apply(self, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
        """Return the sliced input."""
        x = inputs[0]
        return x[(slice(None),) * row_axis(self.axis, x.shape) + (self.indices,)], state
