"""Transposed convolutions."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from ..errors import LayerError
from ..init import Constant, GlorotUniform
from ..ops.convolution import convolve
from ..ops.windows import Pads, Window
from ..utils.checks import flag, optional_callable, or_none, positive, positive_each
from ..utils.fields import UNSET, initial, structural
from .base import Context, Layer, Output, Params, ParamSpec, add_biases, bias_specs
from .shapes import Shape, each_axis, each_axis_of, need_images, pads_choice, pads_of

__all__ = [
    "Deconv2DLayer",
    "Deconv3DLayer",
    "TransposedConv2DLayer",
    "TransposedConv3DLayer",
]


@dataclass(frozen=True)
class _TransposedConvLayer(Layer):
    """Transposed convolution over `spatial` axes."""

    num_filters: int = structural(check=positive)
    filter_size: Any = structural(check=positive_each)
    stride: Any = structural(1, check=positive_each)
    crop: Any = structural(0, check=pads_choice("valid", "same", "full"))
    untie_biases: bool = structural(False, check=flag)
    W: Any = initial(GlorotUniform())
    b: Any = initial(Constant(0.0))
    nonlinearity: Any = structural(UNSET, check=optional_callable)
    flip_filters: bool = structural(True, check=flag)
    output_size: Any = structural(None, check=or_none(positive_each))
    _: KW_ONLY
    num_groups: int = structural(1, check=positive)

    spatial: ClassVar[int]
    layout = "channels_last"
    aliases = {"strides": "stride", "groups": "num_groups"}

    def _sizes(self) -> list[tuple[int, ...]]:
        return each_axis_of(self.spatial, filter_size=self.filter_size, stride=self.stride)

    def _whole(self, images: tuple[int, ...]) -> list[int]:
        """Return the size of the output before it is cropped."""
        return [(n - 1) * s + k for n, k, s in zip(images, *self._sizes(), strict=True)]

    def _crops(self, images: tuple[int, ...]) -> Pads:
        """Return how much to crop before and after each axis; negative for zeros to append."""
        size, stride = self._sizes()
        crops = pads_of(self.crop, size, "crop")
        whole = self._whole(images)
        least = [n - sum(crop) for n, crop in zip(whole, crops, strict=True)]
        if self.output_size is None:
            if min(least) < 1:
                raise LayerError(
                    f"crop must leave part of the output for images of {images}, got {self.crop!r}"
                )
            return crops
        wanted = each_axis(self.output_size, self.spatial, "output_size")
        ranges = [range(max(n, 1), n + s) for n, s in zip(least, stride, strict=True)]
        if not all(n in valid for n, valid in zip(wanted, ranges, strict=True)):
            valid = " and ".join(f"from {r.start} to {r.stop - 1}" for r in ranges)
            raise LayerError(
                f"output_size must be {valid} for images of {images}, got {self.output_size!r}; "
                "a convolution with this filter_size, stride and pad=crop makes them of such images"
            )
        before = [first for first, _ in crops]
        return tuple((a, n - a - w) for a, n, w in zip(before, whole, wanted, strict=True))

    def geometry(self, input_shape: Shape) -> Window:
        """Return the windows of the convolution that this is the transpose of.

        Their pads are what is cropped; negative for zeros to append.
        """
        size, stride = self._sizes()
        return Window(size, stride, self._crops(input_shape[2:]), groups=self.num_groups)

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Return the shape of enlarged images with one channel per filter."""
        shape = input_shapes[0]
        need_images(shape, self.spatial)
        for count, what in ((shape[1], "channels"), (self.num_filters, "num_filters")):
            if count % self.num_groups:
                raise LayerError(f"num_groups must divide {what}={count}, got {self.num_groups}")
        images = shape[2:]
        pairs = zip(self._whole(images), self._crops(images), strict=True)
        return (None, self.num_filters, *(n - sum(crop) for n, crop in pairs))

    def param_specs(self, *input_shapes: Shape) -> dict[str, ParamSpec]:
        """Return ``W`` and, unless it is None, ``b``."""
        size, out = self._sizes()[0], self.output_shape(*input_shapes)
        filters = self.num_filters // self.num_groups
        W = ParamSpec((input_shapes[0][1], filters, *size), self.W)
        return {"W": W} | bias_specs(self.b, out, untied=self.untie_biases)

    def _enlarge(self, x: jax.Array, W: jax.Array) -> jax.Array:
        (size, stride), images = self._sizes(), x.shape[1:-1]
        crops = self._crops(images)
        if set(stride) == {1}:
            # the gradient of a convolution without stride is itself a convolution
            around = [(k - 1 - a, k - 1 - b) for k, (a, b) in zip(size, crops, strict=True)]
            pads = tuple((max(a, 0), max(b, 0)) for a, b in around)
            x = convolve(x, self._turned(W), Window(size, pads=pads, groups=self.num_groups))
            crops = tuple((max(-a, 0), max(-b, 0)) for a, b in around)
        else:
            whole = [n + max(-b, 0) for n, (_, b) in zip(self._whole(images), crops, strict=True)]

            def forward(image: jax.Array) -> jax.Array:
                return convolve(image, W, Window(size, stride, groups=self.num_groups))

            _, back = jax.vjp(forward, jnp.zeros((x.shape[0], *whole, self.num_filters), x.dtype))
            (x,) = back(x)
        cuts = (slice(a, n - max(b, 0)) for n, (a, b) in zip(x.shape[1:-1], crops, strict=True))
        return x[(slice(None), *cuts)]

    def _turned(self, W: jax.Array) -> jax.Array:
        """Return the filters of the convolution that is the transpose, for a stride of one."""
        W = jnp.flip(W, range(2, W.ndim))
        if self.num_groups == 1:
            return W.swapaxes(0, 1)
        W = W.reshape(self.num_groups, -1, *W.shape[1:]).swapaxes(1, 2)
        return W.reshape(self.num_filters, -1, *W.shape[3:])

    def apply(self, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
        """Return the transposed convolution plus biases, after the nonlinearity."""
        W = params["W"]
        x = self._enlarge(inputs[0], W if self.flip_filters else jnp.flip(W, range(2, W.ndim)))
        return self.activate(add_biases(x, params, untied=self.untie_biases)), state


@dataclass(frozen=True)
class TransposedConv2DLayer(_TransposedConvLayer):
    """2D transposed convolution, which enlarges images by the stride.

    Parameters
    ----------
    num_filters : int
        Number of filters, the channels of the output. At the output it may be omitted and is
        inferred from y, such as the number of classes of a pixel; layers without units of their
        own may follow, such as a GlobalPoolLayer.
    filter_size : int or (int, int)
        Height and width of the filters.
    stride : int or (int, int)
        Step in the output between neighboring pixels of the input.
    crop : 'valid', 'same', 'full', int or (int, int)
        Pixels cropped from both sides of the output: none, half a filter, all but those that see
        whole filters, or that many. The layer is the transpose of a `Conv2DLayer` with this `pad`.
    untie_biases : bool
        Whether each position has its own biases, of shape ``(num_filters, height, width)``.
    W : initializer, array or name of a layer
        Filters of shape ``(channels, num_filters / groups, height, width)``.
    b : initializer, array, name of a layer, or None
        Biases of shape ``(num_filters,)``.
    nonlinearity : callable or None
        By default `rectify`; None is the identity.
    flip_filters : bool
        Whether a filter is added to the output as it is, as in torch, which is the transpose of a
        convolution with ``flip_filters=False``. Lasagne's default is False, which adds filters
        rotated by 180 degrees, so set it to False for weights trained there.
    output_size : int or (int, int), optional
        Height and width of the output, the smallest by default. With a stride, convolutions make
        equally large outputs of images of several sizes.
    num_groups : int
        Number of groups of channels, each of which makes as many channels of the output.

    Examples
    --------
    >>> layer = TransposedConv2DLayer(num_filters=8, filter_size=4, stride=2, crop=1)
    >>> layer.output_shape((None, 16, 7, 7))
    (None, 8, 14, 14)
    """

    spatial = 2


@dataclass(frozen=True)
class TransposedConv3DLayer(_TransposedConvLayer):
    """3D transposed convolution, which enlarges volumes by the stride.

    Parameters
    ----------
    num_filters, filter_size, stride, crop, untie_biases, W, b, nonlinearity
        As in `TransposedConv2DLayer`, for three axes: ``W`` has the shape ``(channels, num_filters
        / groups, depth, height, width)``.
    flip_filters, output_size, num_groups
        As in `TransposedConv2DLayer`.

    Examples
    --------
    >>> layer = TransposedConv3DLayer(num_filters=8, filter_size=3, stride=2, crop='same')
    >>> layer.output_shape((None, 16, 4, 7, 7))
    (None, 8, 7, 13, 13)
    """

    spatial = 3


Deconv2DLayer = TransposedConv2DLayer
Deconv3DLayer = TransposedConv3DLayer
