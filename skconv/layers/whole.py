"""Layers that pool whole images of any size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from ..errors import LayerError
from ..utils.checks import one_of, positive_each, required_callable
from ..utils.fields import structural
from .base import Context, Layer, Output, Params
from .shapes import Shape, need_channels, need_images, need_traced_shape

__all__ = ["GlobalPoolLayer", "SpatialPyramidPoolingLayer"]

MODES = ("max", "average", "average_exc_pad", "average_inc_pad")


@dataclass(frozen=True)
class GlobalPoolLayer(Layer):
    """Pool each channel over all positions.

    Parameters
    ----------
    pool_function : callable
        ``(array, axis) -> array`` over the last axis, by default the mean, as in "Network in
        network" (Lin et al. 2013).

    Examples
    --------
    >>> GlobalPoolLayer().output_shape((None, 64, 7, 7))
    (None, 64)
    """

    pool_function: Any = structural(jnp.mean, check=required_callable)

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Return ``(None, channels)``."""
        shape = input_shapes[0]
        need_channels(shape, places=True)
        return need_traced_shape(shape[:2], self._reduce, "pool_function", shape)

    def _reduce(self, x: jax.Array) -> jax.Array:
        return self.pool_function(x.reshape(*x.shape[:2], -1), axis=2)

    def apply(self, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
        """Return the pooled channels."""
        return self._reduce(inputs[0]), state


@dataclass(frozen=True)
class SpatialPyramidPoolingLayer(Layer):
    """Spatial pyramid pooling: pool images into grids of several sizes (He et al. 2014).

    Parameters
    ----------
    pool_dims : sequence of int
        Number of rows, and of columns, of each grid.
    mode : 'max', 'average_exc_pad', 'average_inc_pad' or 'average'
        Maximum or average. The averages are equal, as the input is not padded.
    implementation : 'fast' or 'kaiming'
        Cells of `d` rows or columns for `n` pixels. With ``'fast'`` they are equally large,
        ``ceil(n / d)``, and as far apart as ``floor(n / d)``, so that the last pixels may be left
        out; sizes for which this makes more than `d` cells are refused. With ``'kaiming'``, cell
        `i` reaches from ``floor(i n / d)`` to ``ceil((i + 1) n / d)``, as in the paper and in
        torch's adaptive pooling. They are the same if `d` divides `n`.

    Examples
    --------
    >>> SpatialPyramidPoolingLayer(pool_dims=(4, 2, 1)).output_shape((None, 64, 13, 13))
    (None, 64, 21)
    """

    pool_dims: Any = structural((4, 2, 1), check=positive_each)
    mode: str = structural("max", check=one_of(*MODES))
    implementation: str = structural("fast", check=one_of("fast", "kaiming"))

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Return ``(None, channels, cells of all grids)``."""
        shape = input_shapes[0]
        need_images(shape, 2)
        if max(self._dims()) > min(shape[2:]):
            raise LayerError(
                f"pool_dims must be at most the height and width of {shape}, got {self.pool_dims!r}"
            )
        for d in self._dims():
            for n in shape[2:]:
                if len(self._cells(n, d)) != d:
                    raise LayerError(
                        f"implementation must be 'kaiming' for {d} cells along {n} pixels of "
                        f"{shape}, got 'fast'"
                    )
        return (*shape[:2], sum(d * d for d in self._dims()))

    def _dims(self) -> tuple[int, ...]:
        return self.pool_dims if isinstance(self.pool_dims, tuple) else (self.pool_dims,)

    def _cells(self, n: int, d: int) -> list[slice]:
        """Return the cells of a grid along one axis."""
        if self.implementation == "kaiming":
            return [slice(i * n // d, -(-(i + 1) * n // d)) for i in range(d)]
        size = -(-n // d)
        return [slice(start, start + size) for start in range(0, n - size + 1, n // d)]

    def apply(self, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
        """Return the pooled cells."""
        x = inputs[0]
        reduce = jnp.max if self.mode == "max" else jnp.mean
        cells = []
        for d in self._dims():
            rows, columns = (self._cells(n, d) for n in x.shape[2:])
            cells += [reduce(x[:, :, r, c], axis=(2, 3)) for r in rows for c in columns]
        return jnp.stack(cells, axis=2), state
