"""Pooling over groups of features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from ..errors import LayerError
from ..utils.checks import positive, required_callable
from ..utils.fields import structural
from .base import Context, Layer, Output, Params
from .shapes import Shape, need_traced_shape, row_axis

__all__ = ["FeaturePoolLayer", "FeatureWTALayer"]


@dataclass(frozen=True)
class _FeaturePool(Layer):
    """Base class of layers for groups of `pool_size` neighbors along an axis."""

    pool_size: int = structural(check=positive)
    axis: int = structural(1)

    def _groups(self, shape: Shape) -> tuple[Shape, int]:
        """Return the input's shape with the axis split in two, and the axis within groups."""
        axis = row_axis(self.axis, shape)
        if shape[axis] % self.pool_size:
            raise LayerError(f"pool_size must divide axis {axis} of {shape}, got {self.pool_size}")
        groups = (shape[axis] // self.pool_size, self.pool_size)
        return (*shape[:axis], *groups, *shape[axis + 1 :]), axis + 1


@dataclass(frozen=True)
class FeaturePoolLayer(_FeaturePool):
    """Maximum over groups of channels, as in maxout (Goodfellow et al. 2013).

    Parameters
    ----------
    pool_size : int
        Number of neighbors in a group, a divisor of the size of the axis.
    axis : int
        Axis of the groups; 1 is the channels, -1 the last.
    pool_function : callable
        ``(array, axis) -> array``, by default the maximum.

    Examples
    --------
    >>> FeaturePoolLayer(pool_size=2).output_shape((None, 64, 7, 7))
    (None, 32, 7, 7)
    """

    pool_function: Any = structural(jnp.max, check=required_callable)

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Return the input's shape with one entry per group."""
        split, axis = self._groups(input_shapes[0])
        shape = (*split[:axis], *split[axis + 1 :])
        return need_traced_shape(shape, self._reduce, "pool_function", input_shapes[0])

    def _reduce(self, x: jax.Array) -> jax.Array:
        split, axis = self._groups(x.shape)
        return self.pool_function(x.reshape(split), axis=axis)

    def apply(self, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
        """Return the pooled groups."""
        return self._reduce(inputs[0]), state


@dataclass(frozen=True)
class FeatureWTALayer(_FeaturePool):
    """Winner takes all: keep the largest of each group of channels, set the others to zero.

    Parameters
    ----------
    pool_size : int
        Number of neighbors in a group, a divisor of the size of the axis.
    axis : int
        Axis of the groups; 1 is the channels, -1 the last.

    Examples
    --------
    >>> FeatureWTALayer(pool_size=2).output_shape((None, 64, 7, 7))
    (None, 64, 7, 7)
    """

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Return the shape of the input."""
        self._groups(input_shapes[0])
        return input_shapes[0]

    def apply(self, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
        """Return the input with all but the winners set to zero; the first wins a tie."""
        x = inputs[0]
        split, axis = self._groups(x.shape)
        groups = x.reshape(split)
        winner = jnp.expand_dims(groups.argmax(axis), axis)
        place = jnp.arange(self.pool_size).reshape((-1,) + (1,) * (groups.ndim - axis - 1))
        return jnp.where(place == winner, groups, 0).reshape(x.shape), state
