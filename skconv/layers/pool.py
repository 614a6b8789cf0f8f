"""Pooling layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from ..errors import LayerError
from ..ops.pooling import pool_max, pool_sum
from ..ops.windows import Pads, Window
from ..utils.checks import flag, natural_each, one_of, positive_each
from ..utils.fields import structural
from .base import Context, Layer, Output, Params
from .shapes import Shape, each_axis, need_images

__all__ = [
    "MaxPool1DLayer",
    "MaxPool2DLayer",
    "MaxPool3DLayer",
    "Pool1DLayer",
    "Pool2DLayer",
    "Pool3DLayer",
]

MODES = ("max", "average", "average_exc_pad", "average_inc_pad")


def _stride(value: Any) -> str | None:
    return None if value is None else positive_each(value)


@dataclass(frozen=True)
class _MaxPoolLayer(Layer):
    """Max pooling over `spatial` axes."""

    pool_size: Any = structural(check=positive_each)
    stride: Any = structural(None, check=_stride)
    pad: Any = structural(0, check=natural_each)
    ignore_border: bool = structural(True, check=flag)

    spatial: ClassVar[int]
    layout = "channels_last"
    aliases = {"ds": "pool_size", "strides": "stride", "border_mode": "pad"}

    @property
    def window(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Size of the window, and the stride."""
        size = each_axis(self.pool_size, self.spatial, "pool_size")
        stride = size if self.stride is None else each_axis(self.stride, self.spatial, "stride")
        return size, stride

    def _pads(self, spatial: tuple[int, ...]) -> Pads:
        size, stride = self.window
        pads = each_axis(self.pad, len(size), "pad")
        if self.ignore_border:
            return tuple((p, p) for p in pads)
        missing = [
            -(n + 2 * p - s) % t for n, p, s, t in zip(spatial, pads, size, stride, strict=True)
        ]
        # a last window that holds only padding is left out, as in Theano and torch
        return tuple(
            (p, p + m if p + m < s else p) for p, m, s in zip(pads, missing, size, strict=True)
        )

    def geometry(self, input_shape: Shape) -> Window:
        """Return the windows that are pooled of images of a shape, channels first."""
        return Window(*self.window, self._pads(input_shape[2:]))

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Return the shape of the pooled images."""
        shape = input_shapes[0]
        need_images(shape, self.spatial)
        size, stride = self.window
        if any(p >= s for p, s in zip(each_axis(self.pad, self.spatial, "pad"), size, strict=True)):
            raise LayerError(
                f"pad must be smaller than pool_size={self.pool_size!r}, got {self.pad!r}"
            )
        out = []
        for n, s, t, pads in zip(shape[2:], size, stride, self._pads(shape[2:]), strict=True):
            if s > n + sum(pads):
                raise LayerError(
                    f"pool_size must fit into input of shape {shape} plus padding, got {size}; "
                    "use a smaller pool_size, or pool less before"
                )
            out.append((n + sum(pads) - s) // t + 1)
        return (None, shape[1], *out)

    def apply(self, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
        """Return the maximum of each window."""
        x = inputs[0]
        return pool_max(x, Window(*self.window, self._pads(x.shape[1:-1]))), state


@dataclass(frozen=True)
class _PoolLayer(_MaxPoolLayer):
    """Max or average pooling over `spatial` axes."""

    mode: str = structural("max", check=one_of(*MODES))

    def apply(self, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
        """Return the maximum or average of each window."""
        x = inputs[0]
        pads = self._pads(x.shape[1:-1])
        if self.mode == "max":
            return pool_max(x, Window(*self.window, pads)), state
        counts = (
            each_axis(self.pad, self.spatial, "pad")
            if self.mode == "average_inc_pad"
            else (0,) * self.spatial
        )
        sizes = (n + 2 * c for n, c in zip(x.shape[1:-1], counts, strict=True))
        rest = tuple((p - c, q - c) for (p, q), c in zip(pads, counts, strict=True))
        counted = pool_sum(jnp.ones((1, *sizes, 1), x.dtype), Window(*self.window, rest))
        return pool_sum(x, Window(*self.window, pads)) / counted, state


@dataclass(frozen=True)
class MaxPool2DLayer(_MaxPoolLayer):
    """2D max pooling.

    Parameters
    ----------
    pool_size : int or (int, int)
        Height and width of the window.
    stride : int or (int, int), optional
        Step between neighboring windows, in pixels; by default the size of the window.
    pad : int or (int, int)
        Padding on both sides, which never is the maximum.
    ignore_border : bool
        Whether an incomplete window at the border is left out.

    Examples
    --------
    >>> MaxPool2DLayer(pool_size=2).output_shape((None, 64, 13, 13))
    (None, 64, 6, 6)
    >>> MaxPool2DLayer(pool_size=2, ignore_border=False).output_shape((None, 64, 13, 13))
    (None, 64, 7, 7)
    """

    spatial = 2


@dataclass(frozen=True)
class MaxPool1DLayer(_MaxPoolLayer):
    """1D max pooling over sequences of shape ``(n, channels, length)``.

    Parameters
    ----------
    pool_size, stride, pad, ignore_border
        As in `MaxPool2DLayer`.

    Examples
    --------
    >>> MaxPool1DLayer(pool_size=2).output_shape((None, 4, 9))
    (None, 4, 4)
    """

    spatial = 1


@dataclass(frozen=True)
class MaxPool3DLayer(_MaxPoolLayer):
    """3D max pooling over volumes of shape ``(n, channels, depth, height, width)``.

    Parameters
    ----------
    pool_size, stride, pad, ignore_border
        As in `MaxPool2DLayer`.

    Examples
    --------
    >>> MaxPool3DLayer(pool_size=2).output_shape((None, 4, 9, 8, 6))
    (None, 4, 4, 4, 3)
    """

    spatial = 3


@dataclass(frozen=True)
class Pool2DLayer(_PoolLayer):
    """2D max or average pooling.

    Parameters
    ----------
    pool_size, stride, pad, ignore_border
        As in `MaxPool2DLayer`.
    mode : 'max', 'average_exc_pad', 'average_inc_pad'
        Maximum, or average without or with the zeros of the padding; ``'average'`` is without.

    Examples
    --------
    >>> Pool2DLayer(pool_size=2, mode='average').output_shape((None, 64, 14, 14))
    (None, 64, 7, 7)
    """

    spatial = 2


@dataclass(frozen=True)
class Pool1DLayer(_PoolLayer):
    """1D max or average pooling over sequences of shape ``(n, channels, length)``.

    Parameters
    ----------
    pool_size, stride, pad, ignore_border, mode
        As in `Pool2DLayer`.

    Examples
    --------
    >>> Pool1DLayer(pool_size=2).output_shape((None, 4, 9))
    (None, 4, 4)
    """

    spatial = 1


@dataclass(frozen=True)
class Pool3DLayer(_PoolLayer):
    """3D max or average pooling over volumes, ``(n, channels, depth, height, width)``.

    Parameters
    ----------
    pool_size, stride, pad, ignore_border, mode
        As in `Pool2DLayer`.

    Examples
    --------
    >>> Pool3DLayer(pool_size=2).output_shape((None, 4, 9, 8, 6))
    (None, 4, 4, 4, 3)
    """

    spatial = 3
