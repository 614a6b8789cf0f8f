"""Convolutions whose filters are other ones at each place."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import jax.numpy as jnp

from ..errors import LayerError
from ..init import Constant, GlorotUniform
from ..ops.windows import pad, windows
from ..utils.checks import flag, one_of, optional_callable, positive, positive_each
from ..utils.fields import UNSET, initial, structural
from .base import Context, Layer, Params, ParamSpec, add_biases, bias_specs
from .shapes import Shape, each_axis, need_images

__all__ = [
    "LocallyConnected1DLayer",
    "LocallyConnected2DLayer",
    "LocallyConnected3DLayer",
]


@dataclass(frozen=True)
class _LocallyConnectedLayer(Layer):
    """Filters of their own for each place along `spatial` axes."""

    num_filters: int = structural(check=positive)
    filter_size: Any = structural(check=positive_each)
    pad: str = structural("same", check=one_of("same"))
    untie_biases: bool = structural(False, check=flag)
    W: Any = initial(GlorotUniform())
    b: Any = initial(Constant(0.0))
    nonlinearity: Any = structural(UNSET, check=optional_callable)
    channelwise: bool = structural(False, check=flag)

    spatial: ClassVar[int]
    layout = "channels_last"

    def _size(self) -> tuple[int, ...]:
        size = each_axis(self.filter_size, self.spatial, "filter_size")
        if not all(n % 2 for n in size):
            raise LayerError(f"filter_size={self.filter_size!r} is not odd")
        return size

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Images of the same size with a channel for each filter."""
        shape = input_shapes[0]
        need_images(shape, self.spatial)
        self._size()
        if self.channelwise and self.num_filters != shape[1]:
            raise LayerError(
                f"channelwise filters are as many as the channels, {shape[1]}, not "
                f"num_filters={self.num_filters}"
            )
        return (None, self.num_filters, *shape[2:])

    def param_specs(self, *input_shapes: Shape) -> dict[str, ParamSpec]:
        """``W`` and, where there are biases, ``b``."""
        out = self.output_shape(*input_shapes)
        channels = () if self.channelwise else (input_shapes[0][1],)
        W = ParamSpec((self.num_filters, *channels, *self._size(), *out[2:]), self.W)
        return {"W": W} | bias_specs(self.b, out, untied=self.untie_biases)

    def apply(self, params: Params, state: Params, *inputs, ctx: Context):
        """Multiply what each place sees by its own filters."""
        x, size = inputs[0], self._size()
        pads = [(n // 2, n // 2) for n in size]
        seen = jnp.stack(list(windows(pad(x, pads), size)), axis=-2)
        W = params["W"]
        W = W.reshape(*W.shape[: -2 * self.spatial], math.prod(size), *x.shape[1:-1])
        places = "dhw"[-self.spatial :]
        product = f"n{places}tc,ct{places}->n{places}c"
        if not self.channelwise:
            product = f"n{places}tc,oct{places}->n{places}o"
        x = jnp.einsum(product, seen, W)
        return self.activate(add_biases(x, params, untied=self.untie_biases)), state


@dataclass(frozen=True)
class LocallyConnected2DLayer(_LocallyConnectedLayer):
    """Filters as those of `Conv2DLayer`, but other ones at each place of the image.

    Parameters
    ----------
    num_filters : int
        Number of filters at each place, the channels of the output.
    filter_size : int or (int, int)
        Height and width of the filters; odd numbers.
    pad : 'same'
        The output has the size of the input.
    untie_biases : bool
        Whether each place has biases of its own.
    W : initialiser, array or name of a layer
        Filters of shape ``(num_filters, channels, filter height, filter width, height, width)``,
        without channels where `channelwise`.
    b : initialiser, array, name of a layer, or None
        Biases of shape ``(num_filters,)``, or ``(num_filters, height, width)``.
    nonlinearity : callable or None
        `rectify`; None is the identity.
    channelwise : bool
        Whether each filter sees its own channel alone.

    Notes
    -----
    Filters are not turned; Lasagne turns them by 180 degrees.

    Examples
    --------
    >>> layer = LocallyConnected2DLayer(num_filters=4, filter_size=3)
    >>> layer.param_specs((None, 3, 8, 8))['W'].shape
    (4, 3, 3, 3, 8, 8)
    """

    spatial = 2


@dataclass(frozen=True)
class LocallyConnected1DLayer(_LocallyConnectedLayer):
    """Filters as those of `Conv1DLayer`, but other ones at each place of the sequence.

    Parameters
    ----------
    num_filters, filter_size, pad, untie_biases, W, b, nonlinearity, channelwise
        As in `LocallyConnected2DLayer`, for one axis.

    Examples
    --------
    >>> layer = LocallyConnected1DLayer(num_filters=4, filter_size=3)
    >>> layer.param_specs((None, 3, 8))['W'].shape
    (4, 3, 3, 8)
    """

    spatial = 1


@dataclass(frozen=True)
class LocallyConnected3DLayer(_LocallyConnectedLayer):
    """Filters as those of `Conv3DLayer`, but other ones at each place of the volume.

    Parameters
    ----------
    num_filters, filter_size, pad, untie_biases, W, b, nonlinearity, channelwise
        As in `LocallyConnected2DLayer`, for three axes.

    Examples
    --------
    >>> layer = LocallyConnected3DLayer(num_filters=4, filter_size=1)
    >>> layer.param_specs((None, 3, 8, 8, 8))['W'].shape
    (4, 3, 1, 1, 1, 8, 8, 8)
    """

    spatial = 3
