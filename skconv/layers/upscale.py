"""Upscaling layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from ..utils.checks import one_of, positive_each
from ..utils.fields import structural
from .base import Context, Layer, Output, Params
from .shapes import Shape, each_axis, need_images

__all__ = ["Upscale1DLayer", "Upscale2DLayer", "Upscale3DLayer"]


@dataclass(frozen=True)
class _UpscaleLayer(Layer):
    """Upscaling of `spatial` axes."""

    scale_factor: Any = structural(check=positive_each)
    mode: str = structural("repeat", check=one_of("repeat", "dilate"))

    spatial: ClassVar[int]
    layout = "channels_last"

    def _factors(self) -> tuple[int, ...]:
        return each_axis(self.scale_factor, self.spatial, "scale_factor")

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Return the shape of the upscaled images."""
        shape = input_shapes[0]
        need_images(shape, self.spatial)
        return (*shape[:2], *(n * f for n, f in zip(shape[2:], self._factors(), strict=True)))

    def apply(self, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
        """Return the upscaled images."""
        x = inputs[0]
        if self.mode == "repeat":
            for axis, factor in enumerate(self._factors(), start=1):
                x = jnp.repeat(x, factor, axis=axis)
            return x, state
        sizes = (n * f for n, f in zip(x.shape[1:-1], self._factors(), strict=True))
        wide = jnp.zeros((x.shape[0], *sizes, x.shape[-1]), x.dtype)
        places = (slice(None), *(slice(None, None, f) for f in self._factors()))
        return wide.at[places].set(x), state


@dataclass(frozen=True)
class Upscale2DLayer(_UpscaleLayer):
    """Upscale images by integer factors.

    Parameters
    ----------
    scale_factor : int or (int, int)
        Rows and columns of the output per row and column of the input.
    mode : 'repeat' or 'dilate'
        Whether pixels are repeated, or followed by zeros.

    Examples
    --------
    >>> Upscale2DLayer(scale_factor=2).output_shape((None, 8, 7, 7))
    (None, 8, 14, 14)
    """

    spatial = 2


@dataclass(frozen=True)
class Upscale1DLayer(_UpscaleLayer):
    """Upscale sequences of shape ``(n, channels, length)`` by an integer factor.

    Parameters
    ----------
    scale_factor : int
    mode : 'repeat' or 'dilate'
        As in `Upscale2DLayer`.

    Examples
    --------
    >>> Upscale1DLayer(scale_factor=3).output_shape((None, 8, 7))
    (None, 8, 21)
    """

    spatial = 1


@dataclass(frozen=True)
class Upscale3DLayer(_UpscaleLayer):
    """Upscale volumes of shape ``(n, channels, depth, height, width)`` by integer factors.

    Parameters
    ----------
    scale_factor : int or (int, int, int)
    mode : 'repeat' or 'dilate'
        As in `Upscale2DLayer`.

    Examples
    --------
    >>> Upscale3DLayer(scale_factor=(1, 2, 2)).output_shape((None, 8, 4, 7, 7))
    (None, 8, 4, 14, 14)
    """

    spatial = 3
