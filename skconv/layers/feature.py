"""Layers in which neighbouring features compete."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp

from ..errors import LayerError
from .base import Context, Layer, Params, Shape, function, positive, structural

__all__ = ["FeaturePoolLayer", "FeatureWTALayer"]


@dataclass(frozen=True)
class _FeaturePool(Layer):
    """Groups of `pool_size` neighbours along an axis."""

    pool_size: int = structural(check=positive)
    axis: int = structural(1)

    def _groups(self, shape: Shape) -> tuple[int, ...]:
        """The input's shape with the axis split into groups and their members."""
        if not isinstance(self.axis, int) or not 1 <= self.axis < len(shape):
            raise LayerError(f"axis={self.axis!r} is no axis of {shape} besides the batch")
        size = shape[self.axis]
        if size % self.pool_size:
            raise LayerError(
                f"pool_size={self.pool_size} does not divide axis {self.axis} of {shape}"
            )
        groups = (size // self.pool_size, self.pool_size)
        return (*shape[: self.axis], *groups, *shape[self.axis + 1 :])


@dataclass(frozen=True)
class FeaturePoolLayer(_FeaturePool):
    """Maximum over groups of channels, which makes maxout (Goodfellow et al. 2013).

    Parameters
    ----------
    pool_size : int
        Neighbours in a group; it divides the size of the axis.
    axis : int
        Axis along which the groups lie; 1 is the channels.
    pool_function : callable
        ``(array, axis) -> array``; the maximum by default.

    Examples
    --------
    >>> FeaturePoolLayer(pool_size=2).output_shape((None, 64, 7, 7))
    (None, 32, 7, 7)
    """

    pool_function: Any = structural(jnp.max, check=function)

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """The input's shape with one place for each group."""
        split = self._groups(input_shapes[0])
        return (*split[: self.axis + 1], *split[self.axis + 2 :])

    def apply(self, params: Params, state: Params, *inputs, ctx: Context):
        """Reduce each group."""
        x = inputs[0]
        return self.pool_function(x.reshape(self._groups(x.shape)), axis=self.axis + 1), state


@dataclass(frozen=True)
class FeatureWTALayer(_FeaturePool):
    """Keep the largest of each group of channels and set the others to zero (winner takes all).

    Parameters
    ----------
    pool_size : int
        Neighbours in a group; it divides the size of the axis.
    axis : int
        Axis along which the groups lie; 1 is the channels.

    Examples
    --------
    >>> FeatureWTALayer(pool_size=2).output_shape((None, 64, 7, 7))
    (None, 64, 7, 7)
    """

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """The shape of the input."""
        self._groups(input_shapes[0])
        return input_shapes[0]

    def apply(self, params: Params, state: Params, *inputs, ctx: Context):
        """Keep the winners; of equal ones the first."""
        x = inputs[0]
        groups = x.reshape(self._groups(x.shape))
        axis = self.axis + 1
        winner = jnp.expand_dims(groups.argmax(axis), axis)
        place = jnp.arange(self.pool_size).reshape((-1,) + (1,) * (groups.ndim - axis - 1))
        return jnp.where(place == winner, groups, 0).reshape(x.shape), state
