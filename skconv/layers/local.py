"""Locally connected layers, which are convolutions without shared weights."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from ..errors import LayerError
from ..init import Constant, GlorotUniform
from ..ops.windows import Window, windows
from ..utils.checks import flag, one_of, optional_callable, positive, positive_each
from ..utils.fields import UNSET, initial, structural
from .base import Context, Layer, Output, Params, ParamSpec, add_biases, bias_specs
from .shapes import Shape, each_axis, need_images

__all__ = [
    "LocallyConnected1DLayer",
    "LocallyConnected2DLayer",
    "LocallyConnected3DLayer",
]


def _unit_stride(value: Any) -> str | None:
    return None if not positive_each(value) and set(np.atleast_1d(value)) == {1} else "1"


@dataclass(frozen=True)
class _LocallyConnectedLayer(Layer):
    """Locally connected layer over `spatial` axes."""

    num_filters: int = structural(check=positive)
    filter_size: Any = structural(check=positive_each)
    stride: Any = structural(1, check=_unit_stride)
    pad: str = structural("same", check=one_of("same"))
    untie_biases: bool = structural(False, check=flag)
    W: Any = initial(GlorotUniform())
    b: Any = initial(Constant(0.0))
    nonlinearity: Any = structural(UNSET, check=optional_callable)
    flip_filters: bool = structural(False, check=flag)
    channelwise: bool = structural(False, check=flag)

    spatial: ClassVar[int]
    layout = "channels_last"

    def _size(self) -> tuple[int, ...]:
        size = each_axis(self.filter_size, self.spatial, "filter_size")
        if not all(n % 2 for n in size):
            raise LayerError(f"filter_size must be odd, got {self.filter_size!r}")
        return size

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Return the input's shape with one channel per filter."""
        shape = input_shapes[0]
        need_images(shape, self.spatial)
        self._size()
        each_axis(self.stride, self.spatial, "stride")
        if self.channelwise and self.num_filters != shape[1]:
            raise LayerError(
                f"num_filters must be the number of channels, {shape[1]}, with channelwise=True, "
                f"got {self.num_filters}"
            )
        return (None, self.num_filters, *shape[2:])

    def param_specs(self, *input_shapes: Shape) -> dict[str, ParamSpec]:
        """Return ``W`` and, unless it is None, ``b``."""
        out = self.output_shape(*input_shapes)
        channels = () if self.channelwise else (input_shapes[0][1],)
        W = ParamSpec((self.num_filters, *channels, *self._size(), *out[2:]), self.W)
        return {"W": W} | bias_specs(self.b, out, untied=self.untie_biases)

    def apply(self, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
        """Return the product of each window and its filters, after biases and nonlinearity."""
        x, size = inputs[0], self._size()
        window = Window(size, pads=tuple((n // 2, n // 2) for n in size))
        seen = jnp.stack(list(windows(x, window)), axis=-2)
        W = params["W"]
        if self.flip_filters:
            first = W.ndim - 2 * self.spatial
            W = jnp.flip(W, range(first, first + self.spatial))
        W = W.reshape(*W.shape[: -2 * self.spatial], math.prod(size), *x.shape[1:-1])
        places = "dhw"[-self.spatial :]
        product = f"n{places}tc,ct{places}->n{places}c"
        if not self.channelwise:
            product = f"n{places}tc,oct{places}->n{places}o"
        x = jnp.einsum(product, seen, W)
        return self.activate(add_biases(x, params, untied=self.untie_biases)), state


@dataclass(frozen=True)
class LocallyConnected2DLayer(_LocallyConnectedLayer):
    """`Conv2DLayer` with different filters at each position.

    Parameters
    ----------
    num_filters : int
        Number of filters at each position, the channels of the output.
    filter_size : int or (int, int)
        Height and width of the filters, both odd.
    stride : 1
    pad : 'same'
        The output has the size of the input.
    untie_biases : bool
        Whether each position has its own biases.
    W : initializer, array or name of a layer
        Filters of shape ``(num_filters, channels, filter height, filter width, height, width)``,
        without the channels if `channelwise`.
    b : initializer, array, name of a layer, or None
        Biases of shape ``(num_filters,)``, or ``(num_filters, height, width)``.
    nonlinearity : callable or None
        By default `rectify`; None is the identity.
    flip_filters : bool
        Whether filters are rotated by 180 degrees first. Lasagne does so by default, so set it for
        weights trained there.
    channelwise : bool
        Whether each filter is applied to its own channel only.

    Examples
    --------
    >>> layer = LocallyConnected2DLayer(num_filters=4, filter_size=3)
    >>> layer.param_specs((None, 3, 8, 8))['W'].shape
    (4, 3, 3, 3, 8, 8)
    """

    spatial = 2


@dataclass(frozen=True)
class LocallyConnected1DLayer(_LocallyConnectedLayer):
    """`Conv1DLayer` with different filters at each position.

    Parameters
    ----------
    num_filters, filter_size, stride, pad, untie_biases, W, b, nonlinearity
        As in `LocallyConnected2DLayer`, for one axis.
    flip_filters, channelwise
        As in `LocallyConnected2DLayer`.

    Examples
    --------
    >>> layer = LocallyConnected1DLayer(num_filters=4, filter_size=3)
    >>> layer.param_specs((None, 3, 8))['W'].shape
    (4, 3, 3, 8)
    """

    spatial = 1


@dataclass(frozen=True)
class LocallyConnected3DLayer(_LocallyConnectedLayer):
    """`Conv3DLayer` with different filters at each position.

    Parameters
    ----------
    num_filters, filter_size, stride, pad, untie_biases, W, b, nonlinearity
        As in `LocallyConnected2DLayer`, for three axes.
    flip_filters, channelwise
        As in `LocallyConnected2DLayer`.

    Examples
    --------
    >>> layer = LocallyConnected3DLayer(num_filters=4, filter_size=1)
    >>> layer.param_specs((None, 3, 8, 8, 8))['W'].shape
    (4, 3, 1, 1, 1, 8, 8, 8)
    """

    spatial = 3
