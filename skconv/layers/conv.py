"""Convolutional layers."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field, replace
from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from ..errors import LayerError
from ..init import Constant, GlorotUniform, HeUniform
from ..ops.convolution import convolve
from ..ops.windows import Pads, Window
from ..utils.checks import flag, optional_callable, positive, positive_each
from ..utils.fields import UNSET, initial, structural
from .base import Context, Layer, Output, Params, ParamSpec, add_biases, bias_specs
from .shapes import Shape, each_axis_of, need_images, pads_choice, pads_of, upper_pads

__all__ = [
    "Conv1DLayer",
    "Conv2DLayer",
    "Conv3DLayer",
    "DepthwiseConv2DLayer",
    "DilatedConv2DLayer",
    "SeparableConv2DLayer",
]


PADS = ("valid", "same", "same_upper", "full")


def _extents(size: tuple[int, ...], dilation: tuple[int, ...]) -> tuple[int, ...]:
    """Return the size of a dilated filter."""
    return tuple([d * (f - 1) + 1 for f, d in zip(size, dilation, strict=True)])


class _Convolution(Layer):
    """Convolution over `spatial` axes, for fields in any order."""

    num_filters: int
    filter_size: Any
    stride: Any
    pad: Any
    untie_biases: bool
    W: Any
    b: Any
    nonlinearity: Any
    flip_filters: bool
    num_groups: int
    dilation: Any

    spatial: ClassVar[int]
    layout = "channels_last"

    @property
    def window(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Size of the dilated filter, and the stride."""
        size, stride, dilation = self._sizes()
        return _extents(size, dilation), stride

    def _sizes(self) -> list[tuple[int, ...]]:
        return each_axis_of(
            self.spatial,
            filter_size=self.filter_size,
            stride=self.stride,
            dilation=self.dilation,
        )

    def _pads(self, sizes: Shape) -> Pads:
        """Return the padding before and after each axis of images of some sizes."""
        extents, stride = self.window
        if self.pad == "same_upper":
            return upper_pads(sizes, extents, stride)
        return pads_of(self.pad, extents, "pad")

    def _filters(self, channels: int) -> tuple[int, int]:
        """Return the number of filters and of groups."""
        for count, what in ((channels, "channels"), (self.num_filters, "num_filters")):
            if count % self.num_groups:
                raise LayerError(f"num_groups must divide {what}={count}, got {self.num_groups}")
        return self.num_filters, self.num_groups

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Return the shape of images with one channel per filter."""
        shape = input_shapes[0]
        need_images(shape, self.spatial)
        num_filters, _ = self._filters(shape[1])
        extents, stride = self.window
        out = []
        axes = zip(shape[2:], extents, stride, self._pads(shape[2:]), strict=True)
        for size, extent, step, pads in axes:
            padded = size + sum(pads)
            if extent > padded:
                dilated = "" if extents == self._sizes()[0] else "dilated "
                raise LayerError(
                    f"{dilated}filter_size must fit into input of shape {shape} plus padding, "
                    f"got {extents}; use smaller filters, pad='same', or pool less before"
                )
            out.append((padded - extent) // step + 1)
        return (None, num_filters, *out)

    def param_specs(self, *input_shapes: Shape) -> dict[str, ParamSpec]:
        """Return ``W`` and, unless it is None, ``b``."""
        out, channels = self.output_shape(*input_shapes), input_shapes[0][1]
        num_filters, groups = self._filters(channels)
        W = ParamSpec((num_filters, channels // groups, *self._sizes()[0]), self.W)
        return {"W": W} | bias_specs(self.b, out, untied=self.untie_biases)

    def geometry(self, input_shape: Shape) -> Window:
        """Return the windows that the filters see of images of a shape, channels first."""
        size, stride, dilation = self._sizes()
        pads, groups = self._pads(input_shape[2:]), self._filters(input_shape[1])[1]
        return Window(size, stride, pads, dilation, groups)

    def _correlate(self, x: jax.Array, W: jax.Array) -> jax.Array:
        if self.flip_filters:
            W = jnp.flip(W, range(2, W.ndim))
        return convolve(x, W, self.geometry((None, x.shape[-1], *x.shape[1:-1])))

    def apply(self, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
        """Return the convolution plus biases, after the nonlinearity."""
        x = self._correlate(inputs[0], params["W"])
        return self.activate(add_biases(x, params, untied=self.untie_biases)), state


@dataclass(frozen=True)
class _ConvLayer(_Convolution):
    """Convolution over `spatial` axes, with fields in Lasagne's order."""

    num_filters: int = structural(check=positive)
    filter_size: Any = structural(check=positive_each)
    stride: Any = structural(1, check=positive_each)
    pad: Any = structural(0, check=pads_choice(*PADS))
    untie_biases: bool = structural(False, check=flag)
    W: Any = initial(GlorotUniform())
    b: Any = initial(Constant(0.0))
    nonlinearity: Any = structural(UNSET, check=optional_callable)
    flip_filters: bool = structural(False, check=flag)
    _: KW_ONLY
    num_groups: int = structural(1, check=positive)
    dilation: Any = structural(1, check=positive_each)

    aliases = {"border_mode": "pad", "strides": "stride", "groups": "num_groups"}


@dataclass(frozen=True)
class Conv2DLayer(_ConvLayer):
    """2D convolution.

    Parameters
    ----------
    num_filters : int
        Number of filters, the channels of the output. At the output it may be omitted and is
        inferred from y, such as the number of classes of a pixel; layers without units of their
        own may follow, such as a GlobalPoolLayer.
    filter_size : int or (int, int)
        Height and width of the filters.
    stride : int or (int, int)
        Step between neighboring positions of the filter, in pixels.
    pad : 'valid', 'same', 'same_upper', 'full', int or (int, int)
        Zero padding: none, enough to keep the size, every overlap of filter and image, or that
        many zeros on both sides. ``'same_upper'`` is TensorFlow's and Keras's, and ONNX's of this
        name: with a stride it adds only the zeros that ``ceil(size / stride)`` positions need, an
        odd one at the end.
    untie_biases : bool
        Whether each position has its own biases, of shape ``(num_filters, height, width)``.
    W : initializer, array or name of a layer
        Filters of shape ``(num_filters, channels / groups, height, width)``.
    b : initializer, array, name of a layer, or None
        Biases of shape ``(num_filters,)``.
    nonlinearity : callable or None
        By default `rectify`; None is the identity.
    flip_filters : bool
        Whether filters are rotated by 180 degrees first. Lasagne does so by default; torch, Keras
        and skconv do not, so set it for weights trained with Lasagne.
    num_groups : int
        Number of groups of channels that are convolved separately.
    dilation : int or (int, int)
        Step between neighboring elements of the filter, in pixels.

    Examples
    --------
    >>> Conv2DLayer(num_filters=32, filter_size=3).output_shape((None, 1, 28, 28))
    (None, 32, 26, 26)
    """

    spatial = 2


@dataclass(frozen=True)
class Conv1DLayer(_ConvLayer):
    """1D convolution over sequences of shape ``(n, channels, length)``.

    Parameters
    ----------
    num_filters : int
        Number of filters, the channels of the output. At the output it may be omitted and is
        inferred from y, such as the number of classes of a pixel; layers without units of their
        own may follow, such as a GlobalPoolLayer.
    filter_size : int
        Length of the filters.
    stride, pad, untie_biases, W, b, nonlinearity, flip_filters, num_groups, dilation
        As in `Conv2DLayer`, for one axis: ``W`` has the shape ``(num_filters, channels / groups,
        length)``.

    Examples
    --------
    >>> Conv1DLayer(num_filters=8, filter_size=5, stride=2).output_shape((None, 3, 100))
    (None, 8, 48)
    """

    spatial = 1


@dataclass(frozen=True)
class Conv3DLayer(_ConvLayer):
    """3D convolution over volumes of shape ``(n, channels, depth, height, width)``.

    Parameters
    ----------
    num_filters : int
        Number of filters, the channels of the output. At the output it may be omitted and is
        inferred from y, such as the number of classes of a pixel; layers without units of their
        own may follow, such as a GlobalPoolLayer.
    filter_size : int or (int, int, int)
        Depth, height and width of the filters.
    stride, pad, untie_biases, W, b, nonlinearity, flip_filters, num_groups, dilation
        As in `Conv2DLayer`, for three axes: ``W`` has the shape ``(num_filters, channels / groups,
        depth, height, width)``.

    Examples
    --------
    >>> Conv3DLayer(num_filters=8, filter_size=3, pad='same').output_shape((None, 1, 9, 9, 9))
    (None, 8, 9, 9, 9)
    """

    spatial = 3


@dataclass(frozen=True)
class DilatedConv2DLayer(_Convolution):
    """Dilated convolution with Lasagne's parameters and shape of the filters.

    `Conv2DLayer`, which has `dilation` as well, computes the same from filters in its own shape,
    and also takes `stride` and `num_groups`.

    Parameters
    ----------
    num_filters : int
        Number of filters, the channels of the output.
    filter_size : int or (int, int)
        Height and width of the filters.
    dilation : int or (int, int)
        Step between neighboring elements of the filter, in pixels.
    pad : 'valid', 'same', 'same_upper', 'full', int or (int, int)
        As in `Conv2DLayer`.
    untie_biases : bool
        Whether each position has its own biases, of shape ``(num_filters, height, width)``.
    W : initializer, array or name of a layer
        Filters of shape ``(channels, num_filters, height, width)``.
    b : initializer, array, name of a layer, or None
        Biases of shape ``(num_filters,)``.
    nonlinearity : callable or None
        By default `rectify`; None is the identity.
    flip_filters : bool
        Whether filters are rotated by 180 degrees first.

    Examples
    --------
    >>> layer = DilatedConv2DLayer(num_filters=4, filter_size=3, dilation=2)
    >>> layer.output_shape((None, 1, 28, 28))
    (None, 4, 24, 24)
    """

    num_filters: int = structural(check=positive)
    filter_size: Any = structural(check=positive_each)
    dilation: Any = structural(1, check=positive_each)
    pad: Any = structural(0, check=pads_choice(*PADS))
    untie_biases: bool = structural(False, check=flag)
    W: Any = initial(GlorotUniform())
    b: Any = initial(Constant(0.0))
    nonlinearity: Any = structural(UNSET, check=optional_callable)
    flip_filters: bool = structural(False, check=flag)
    stride: Any = field(default=1, init=False, repr=False)
    num_groups: Any = field(default=1, init=False, repr=False)

    spatial = 2
    aliases = {"border_mode": "pad"}

    def param_specs(self, *input_shapes: Shape) -> dict[str, ParamSpec]:
        """Return ``W`` and, unless it is None, ``b``."""
        specs = super().param_specs(*input_shapes)
        filters, channels, *size = specs["W"].shape
        return specs | {"W": replace(specs["W"], shape=(channels, filters, *size))}

    def apply(self, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
        """Return the convolution plus biases, after the nonlinearity."""
        return super().apply(params | {"W": params["W"].swapaxes(0, 1)}, state, *inputs, ctx=ctx)


@dataclass(frozen=True)
class DepthwiseConv2DLayer(_ConvLayer):
    """Depthwise convolution: each filter is applied to a single channel.

    Parameters
    ----------
    filter_size : int or (int, int)
        Height and width of the filters.
    stride, pad, untie_biases, b, nonlinearity, flip_filters, dilation
        As in `Conv2DLayer`.
    W : initializer, array or name of a layer
        Filters of shape ``(channels * depth_multiplier, 1, height, width)``, those of a channel
        next to each other, as in torch. By default their variance is one over the elements of a
        filter, which Glorot and Bengio's rule gives for a single channel.
    depth_multiplier : int
        Number of filters per channel.

    Examples
    --------
    >>> layer = DepthwiseConv2DLayer(filter_size=3, pad='same', depth_multiplier=2)
    >>> layer.output_shape((None, 8, 14, 14))
    (None, 16, 14, 14)
    """

    num_filters: Any = field(default=None, init=False, repr=False)
    num_groups: Any = field(default=None, init=False, repr=False)
    W: Any = initial(HeUniform())
    depth_multiplier: int = structural(1, check=positive)

    spatial = 2
    aliases = {"border_mode": "pad", "strides": "stride"}

    def _filters(self, channels: int) -> tuple[int, int]:
        return channels * self.depth_multiplier, channels


@dataclass(frozen=True)
class SeparableConv2DLayer(DepthwiseConv2DLayer):
    """Separable convolution: depthwise, then pointwise (Chollet 2017).

    Equals a `DepthwiseConv2DLayer` without biases and nonlinearity followed by a 1x1 `Conv2DLayer`,
    at about a ninth of the multiplications of 3x3 filters.

    Parameters
    ----------
    num_filters : int
        Number of pointwise filters, the channels of the output.
    filter_size, stride, pad, flip_filters, dilation, depth_multiplier, W
        As in `DepthwiseConv2DLayer`, for the depthwise filters.
    untie_biases, b, nonlinearity
        As in `Conv2DLayer`, for the pointwise filters.
    W_pointwise : initializer, array or name of a layer
        Pointwise filters of shape ``(num_filters, channels * depth_multiplier, 1, 1)``.

    Examples
    --------
    >>> layer = SeparableConv2DLayer(num_filters=32, filter_size=3)
    >>> {name: spec.shape for name, spec in layer.param_specs((None, 8, 14, 14)).items()}
    {'W': (8, 1, 3, 3), 'W_pointwise': (32, 8, 1, 1), 'b': (32,)}
    """

    num_filters: int = structural(check=positive)
    W_pointwise: Any = initial(GlorotUniform())

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Return the shape of images with one channel per pointwise filter."""
        shape = super().output_shape(*input_shapes)
        return (None, self.num_filters, *shape[2:])

    def param_specs(self, *input_shapes: Shape) -> dict[str, ParamSpec]:
        """Return ``W``, ``W_pointwise`` and, unless it is None, ``b``."""
        W, *biases = super().param_specs(*input_shapes).items()
        pointwise = ParamSpec((self.num_filters, W[1].shape[0], 1, 1), self.W_pointwise)
        return dict([W, ("W_pointwise", pointwise), *biases])

    def apply(self, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
        """Return the separable convolution plus biases, after the nonlinearity."""
        x = self._correlate(inputs[0], params["W"])
        x = convolve(x, params["W_pointwise"], Window((1, 1)))
        return self.activate(add_biases(x, params, untied=self.untie_biases)), state
