"""Layers that only rearrange."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp

from ..errors import LayerError
from ..utils.cache_keys import structural_key
from ..utils.checks import is_integer, number, positive
from ..utils.fields import structural
from .base import Context, Layer, Params
from .shapes import Shape, row_axis

__all__ = ["DimshuffleLayer", "FlattenLayer", "PadLayer", "ReshapeLayer", "SliceLayer"]


@dataclass(frozen=True)
class FlattenLayer(Layer):
    """Join the last axes, channels first.

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

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """The first axes and the product of the others."""
        shape = input_shapes[0]
        if self.outdim > len(shape):
            raise LayerError(f"outdim={self.outdim} is more than the axes of the input, {shape}")
        if self.outdim == 1:
            raise LayerError("outdim=1 would mix the rows; 2 or more keeps them apart")
        return (*shape[: self.outdim - 1], math.prod(shape[self.outdim - 1 :]))

    def apply(self, params: Params, state: Params, *inputs, ctx: Context):
        """Reshape."""
        x = inputs[0]
        return x.reshape(*x.shape[: self.outdim - 1], -1), state


@dataclass(frozen=True)
class ReshapeLayer(Layer):
    """Give the input another shape with as many elements.

    Parameters
    ----------
    shape : tuple of int or [int]
        Sizes of the axes, where ``-1`` stands for the rest and ``[i]`` for the size of the
        input's axis `i`. The first must be ``[0]``, the batch.

    Examples
    --------
    >>> ReshapeLayer(shape=([0], 4, -1)).output_shape((None, 8, 6))
    (None, 4, 12)
    """

    shape: Any = structural()

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """The given sizes, with the rest filled in."""
        given = input_shapes[0]
        if not isinstance(self.shape, tuple) or self.shape[:1] not in (((0,),), (None,)):
            raise LayerError(f"shape={self.shape!r} must start with [0], the size of the batch")
        sizes = [self._size(n, given) for n in self.shape[1:]]
        elements, known = math.prod(given[1:]), math.prod(n for n in sizes if n != -1)
        if sizes.count(-1) == 1 and known and elements % known == 0:
            sizes[sizes.index(-1)] = elements // known
        if -1 in sizes or math.prod(sizes) != elements:
            raise LayerError(f"shape={self.shape!r} does not hold the elements of {given}")
        return (None, *sizes)

    def _size(self, size: Any, given: Shape) -> int:
        if isinstance(size, tuple):
            if len(size) != 1 or not is_integer(size[0]) or not 0 < size[0] < len(given):
                raise LayerError(f"{list(size)} is no axis of {given} besides the batch")
            return given[size[0]]
        if is_integer(size) and (size == -1 or size > 0):
            return size
        raise LayerError(f"{size!r} in shape={self.shape!r} is no size; give 1 or more, -1 or [i]")

    def apply(self, params: Params, state: Params, *inputs, ctx: Context):
        """Reshape."""
        x = inputs[0]
        return x.reshape(x.shape[0], *self.output_shape((None, *x.shape[1:]))[1:]), state


@dataclass(frozen=True)
class DimshuffleLayer(Layer):
    """Put the axes in another order, add axes of length one, and leave such axes out.

    Parameters
    ----------
    pattern : sequence of int or 'x'
        For each axis of the output the input's axis, or ``'x'`` for a new one. It must start with
        0, the batch.

    Examples
    --------
    >>> DimshuffleLayer(pattern=(0, 3, 'x', 1)).output_shape((None, 8, 1, 6))
    (None, 6, 1, 8)
    """

    pattern: Any = structural()

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """The sizes of the axes in their new order."""
        given, pattern = input_shapes[0], self.pattern
        if not isinstance(pattern, tuple) or pattern[:1] != (0,) or not is_integer(pattern[0]):
            raise LayerError(f"pattern={pattern!r} must start with 0, the batch")
        axes = [axis for axis in pattern if axis != "x"]
        if not all(is_integer(axis) and 0 <= axis < len(given) for axis in axes):
            raise LayerError(f"pattern={pattern!r} may hold 'x' and the axes of {given}")
        if len(set(axes)) < len(axes):
            raise LayerError(f"pattern={pattern!r} has an axis twice")
        lost = [axis for axis in range(len(given)) if axis not in axes and given[axis] != 1]
        if lost:
            raise LayerError(
                f"pattern={pattern!r} leaves out axis {lost[0]} of {given}, whose size is not 1"
            )
        return tuple(1 if axis == "x" else given[axis] for axis in pattern)

    def apply(self, params: Params, state: Params, *inputs, ctx: Context):
        """Transpose."""
        x = inputs[0]
        kept = [axis for axis in self.pattern if axis != "x"]
        x = x.squeeze(tuple(axis for axis in range(x.ndim) if axis not in kept))
        x = x.transpose(tuple(sorted(kept).index(axis) for axis in kept))
        new = [place for place, axis in enumerate(self.pattern) if axis == "x"]
        return jnp.expand_dims(x, new), state


def _filling(value: Any) -> str | None:
    infinite = isinstance(value, float) and math.isinf(value)
    return None if infinite or number(value) is None else "a number"


@dataclass(frozen=True)
class PadLayer(Layer):
    """Put a value around the input.

    Parameters
    ----------
    width : int, or sequence of int or (int, int)
        How many before and after each axis; one number is for all axes.
    val : float
        The value.
    batch_ndim : int
        Number of first axes that stay as they are: 2 leaves the batch and the channels.

    Examples
    --------
    >>> PadLayer(width=((1, 2), 3)).output_shape((None, 8, 5, 5))
    (None, 8, 8, 11)
    """

    width: Any = structural()
    val: float = structural(0.0, check=_filling)
    batch_ndim: int = structural(2, check=positive)

    def _widths(self, rank: int) -> list[tuple[int, int]]:
        axes = rank - self.batch_ndim
        if axes < 1:
            raise LayerError(f"batch_ndim={self.batch_ndim} leaves no axes of an input with {rank}")
        widths = self.width if isinstance(self.width, tuple) else (self.width,) * axes
        pairs = [pair if isinstance(pair, tuple) else (pair, pair) for pair in widths]
        numbers = [n for pair in pairs for n in pair]
        if not all(is_integer(n) and n >= 0 for n in numbers) or len(numbers) != 2 * axes:
            raise LayerError(
                f"width={self.width!r} is not a whole number of 0 or more, nor one or a pair for "
                f"each of {axes} axes"
            )
        return pairs

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """The input's shape with the widths added."""
        shape, first = input_shapes[0], self.batch_ndim
        pairs = self._widths(len(shape))
        return (
            *shape[:first],
            *(n + a + b for n, (a, b) in zip(shape[first:], pairs, strict=True)),
        )

    def apply(self, params: Params, state: Params, *inputs, ctx: Context):
        """Pad."""
        x = inputs[0]
        widths = [(0, 0)] * self.batch_ndim + self._widths(x.ndim)
        return jnp.pad(x, widths, constant_values=self.val), state


@dataclass(frozen=True)
class SliceLayer(Layer):
    """Take a part of the input along an axis.

    Parameters
    ----------
    indices : int or slice
        An int takes one position and leaves the axis out.
    axis : int
        Axis to cut; -1 is the last.

    Examples
    --------
    >>> SliceLayer(indices=slice(2, 5), axis=2).output_shape((None, 8, 10))
    (None, 8, 3)
    >>> SliceLayer(indices=-1, axis=1).output_shape((None, 8, 10))
    (None, 10)
    """

    indices: Any = structural()
    axis: int = structural(-1)

    def __hash__(self) -> int:
        """Hash slices as well, which Python itself does from 3.12 on."""
        return hash((structural_key(self.indices), self.axis))

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """The input's shape with the axis shorter or left out."""
        shape = input_shapes[0]
        axis = row_axis(self.axis, shape)
        if isinstance(self.indices, slice):
            size = len(range(*self.indices.indices(shape[axis])))
            if not size:
                raise LayerError(f"{self.indices} takes nothing of axis {axis} of {shape}")
            return (*shape[:axis], size, *shape[axis + 1 :])
        if not is_integer(self.indices) or not -shape[axis] <= self.indices < shape[axis]:
            raise LayerError(
                f"indices={self.indices!r} is no slice and no position on axis {axis} of {shape}"
            )
        return (*shape[:axis], *shape[axis + 1 :])

    def apply(self, params: Params, state: Params, *inputs, ctx: Context):
        """Cut."""
        x = inputs[0]
        return x[(slice(None),) * row_axis(self.axis, x.shape) + (self.indices,)], state
