"""Layers that only rearrange."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from ..errors import LayerError
from .base import Context, Layer, Params, Shape, positive, structural

__all__ = ["FlattenLayer", "ReshapeLayer"]


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

    def __post_init__(self) -> None:
        if isinstance(self.shape, tuple | list):
            sizes = tuple(tuple(n) if isinstance(n, list) else n for n in self.shape)
            object.__setattr__(self, "shape", sizes)

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
            if len(size) != 1 or not 0 < size[0] < len(given):
                raise LayerError(f"{list(size)} is no axis of {given} besides the batch")
            return given[size[0]]
        if size == -1 or (isinstance(size, int) and size > 0):
            return size
        raise LayerError(f"{size!r} in shape={self.shape!r} is no size; give 1 or more, -1 or [i]")

    def apply(self, params: Params, state: Params, *inputs, ctx: Context):
        """Reshape."""
        x = inputs[0]
        return x.reshape(x.shape[0], *self.output_shape((None, *x.shape[1:]))[1:]), state
