"""Transposed convolutions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from ..errors import LayerError
from ..init import Constant, GlorotUniform
from ..ops.convolution import convolve
from ..ops.windows import Window
from ..utils.checks import flag, natural_each, optional_callable, positive, positive_each
from ..utils.fields import UNSET, initial, structural
from .base import Context, Layer, Output, Params, ParamSpec, add_biases, bias_specs
from .shapes import Shape, each_axis_of, need_images

__all__ = ["Deconv2DLayer", "TransposedConv2DLayer"]


@dataclass(frozen=True)
class TransposedConv2DLayer(Layer):
    """2D transposed convolution, which enlarges images by the stride.

    Parameters
    ----------
    num_filters : int
        Number of filters, the channels of the output. At the output it may be omitted and is
        inferred from y, such as the number of classes of a pixel.
    filter_size : int or (int, int)
        Height and width of the filters.
    stride : int or (int, int)
        Step in the output between neighboring pixels of the input.
    crop : int or (int, int)
        Pixels cropped from both sides of the output.
    untie_biases : bool
        Whether each position has its own biases, of shape ``(num_filters, height, width)``.
    W : initializer, array or name of a layer
        Filters of shape ``(channels, num_filters, height, width)``.
    b : initializer, array, name of a layer, or None
        Biases of shape ``(num_filters,)``.
    nonlinearity : callable or None
        By default `rectify`; None is the identity.

    Examples
    --------
    >>> layer = TransposedConv2DLayer(num_filters=8, filter_size=4, stride=2, crop=1)
    >>> layer.output_shape((None, 16, 7, 7))
    (None, 8, 14, 14)
    """

    num_filters: int = structural(check=positive)
    filter_size: Any = structural(check=positive_each)
    stride: Any = structural(1, check=positive_each)
    crop: Any = structural(0, check=natural_each)
    untie_biases: bool = structural(False, check=flag)
    W: Any = initial(GlorotUniform())
    b: Any = initial(Constant(0.0))
    nonlinearity: Any = structural(UNSET, check=optional_callable)

    layout = "channels_last"
    aliases = {"strides": "stride"}

    def _sizes(self) -> list[tuple[int, ...]]:
        return each_axis_of(2, filter_size=self.filter_size, stride=self.stride, crop=self.crop)

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Return the shape of enlarged images with one channel per filter."""
        shape = input_shapes[0]
        need_images(shape, 2)
        axes = zip(shape[2:], *self._sizes(), strict=True)
        sizes = [(n - 1) * s + k - 2 * c for n, k, s, c in axes]
        if min(sizes) < 1:
            raise LayerError(f"crop must leave part of the output for {shape}, got {self.crop!r}")
        return (None, self.num_filters, *sizes)

    def param_specs(self, *input_shapes: Shape) -> dict[str, ParamSpec]:
        """Return ``W`` and, unless it is None, ``b``."""
        size = self._sizes()[0]
        W = ParamSpec((input_shapes[0][1], self.num_filters, *size), self.W)
        out = self.output_shape(*input_shapes)
        return {"W": W} | bias_specs(self.b, out, untied=self.untie_biases)

    def _enlarge(self, x: jax.Array, W: jax.Array) -> jax.Array:
        size, stride, crop = self._sizes()
        if stride == (1, 1):
            # the gradient of a convolution without stride is itself a convolution
            turned = jnp.flip(W, (2, 3)).swapaxes(0, 1)
            around = [k - 1 - c for k, c in zip(size, crop, strict=True)]
            pads = tuple((max(n, 0), max(n, 0)) for n in around)
            x = convolve(x, turned, Window(size, pads=pads))
            crop = tuple(max(-n, 0) for n in around)
        else:
            shape = self.output_shape((None, x.shape[-1], *x.shape[1:-1]))
            whole = [n + 2 * c for n, c in zip(shape[2:], crop, strict=True)]

            def forward(image: jax.Array) -> jax.Array:
                return convolve(image, W, Window(size, stride))

            _, back = jax.vjp(forward, jnp.zeros((x.shape[0], *whole, self.num_filters), x.dtype))
            (x,) = back(x)
        cuts = (slice(c, n - c) for n, c in zip(x.shape[1:-1], crop, strict=True))
        return x[(slice(None), *cuts)]

    def apply(self, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
        """Return the transposed convolution plus biases, after the nonlinearity."""
        x = self._enlarge(inputs[0], params["W"])
        return self.activate(add_biases(x, params, untied=self.untie_biases)), state


Deconv2DLayer = TransposedConv2DLayer
