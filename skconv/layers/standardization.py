"""Layers that give each row mean zero and deviation one, in training and at prediction alike."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from ..errors import LayerError
from ..init import Constant
from ..utils.checks import positive
from ..utils.fields import initial, runtime, structural
from .base import Context, Layer, Params, ParamSpec
from .shapes import Shape, need_channels, row_axes

__all__ = ["GroupNormLayer", "InstanceNormLayer", "LayerNormLayer", "StandardizationLayer"]


@dataclass(frozen=True)
class StandardizationLayer(Layer):
    """Subtract each row's mean and divide by its deviation.

    Parameters
    ----------
    axes : 'auto', 'spatial', 'features', int or tuple of int
        Axes over which mean and deviation are taken: ``'auto'`` is all but the batch (layer
        normalisation), ``'spatial'`` all after the channels (instance normalisation),
        ``'features'`` the channels of each place.
    epsilon : float
        Added to the variance. A runtime value: another one compiles nothing.

    Examples
    --------
    >>> StandardizationLayer(axes='spatial').output_shape((None, 32, 13, 13))
    (None, 32, 13, 13)
    """

    axes: Any = structural("auto")
    epsilon: float = runtime(1e-4, low=0.0)

    def _axes(self, rank: int) -> tuple[int, ...]:
        named = {"auto": range(1, rank), "spatial": range(2, rank), "features": (1,)}
        if isinstance(self.axes, str) and self.axes not in named:
            raise LayerError(f"axes={self.axes!r} is not one of {', '.join(map(repr, named))}")
        axes = tuple(named[self.axes]) if isinstance(self.axes, str) else self.axes
        axes = row_axes(axes, rank, "axes")
        if not axes:
            raise LayerError(f"axes={self.axes!r} are no axes of an input with {rank}")
        return axes

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """The shape of the input."""
        self._axes(len(input_shapes[0]))
        return input_shapes[0]

    def apply(self, params: Params, state: Params, *inputs, ctx: Context):
        """Standardise."""
        x = inputs[0]
        axes = self._axes(x.ndim)
        centred = x - x.mean(axes, keepdims=True)
        variance = jnp.square(centred).mean(axes, keepdims=True)
        return centred * lax.rsqrt(variance + jnp.asarray(self.epsilon, x.dtype)), state


@dataclass(frozen=True)
class GroupNormLayer(Layer):
    """Standardise groups of channels of each row, then scale and shift (Wu and He 2018).

    Parameters
    ----------
    num_groups : int
        Number of groups; it divides the channels.
    epsilon : float
        Added to the variance. A runtime value: another one compiles nothing.
    beta, gamma : initialiser, array, name of a layer, or None
        Shift and scale of each channel.

    Examples
    --------
    >>> GroupNormLayer(num_groups=8).output_shape((None, 32, 13, 13))
    (None, 32, 13, 13)
    """

    num_groups: int = structural(32, check=positive)
    epsilon: float = runtime(1e-5, low=0.0)
    beta: Any = initial(Constant(0.0))
    gamma: Any = initial(Constant(1.0))

    layout = "channels_last"

    def _groups(self, channels: int) -> int:
        if channels % self.num_groups:
            raise LayerError(f"num_groups={self.num_groups} does not divide channels={channels}")
        return self.num_groups

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """The shape of the input."""
        need_channels(input_shapes[0])
        self._groups(input_shapes[0][1])
        return input_shapes[0]

    def param_specs(self, *input_shapes: Shape) -> dict[str, ParamSpec]:
        """Shift and scale, where there are any."""
        shape = input_shapes[0][1:2]
        given = {"beta": self.beta, "gamma": self.gamma}
        return {
            name: ParamSpec(shape, init, regularizable=name == "gamma")
            for name, init in given.items()
            if init is not None
        }

    def apply(self, params: Params, state: Params, *inputs, ctx: Context):
        """Standardise, scale, shift."""
        x = inputs[0]
        centred = x - self._means(x)
        variance = self._means(jnp.square(centred))
        scale = lax.rsqrt(variance + jnp.asarray(self.epsilon, x.dtype))
        out = centred * (scale * params["gamma"] if "gamma" in params else scale)
        return (out + params["beta"] if "beta" in params else out), state

    def _means(self, x: jax.Array) -> jax.Array:
        """Take the mean of each row's groups, once for each of their channels.

        First over the positions: on the CPU over these and the channels of a group at once takes
        twice the time, and five times where a group is one channel.
        """
        rows, channels = len(x), x.shape[-1]
        means = x.reshape(rows, -1, channels).mean(1)
        means = means.reshape(rows, self._groups(channels), -1)
        means = jnp.broadcast_to(means.mean(2, keepdims=True), means.shape)
        return means.reshape(rows, *(1,) * (x.ndim - 2), channels)


@dataclass(frozen=True)
class LayerNormLayer(GroupNormLayer):
    """Standardise each row, then scale and shift its channels (Ba et al. 2016).

    On images mean and deviation are those of all channels and pixels, as in the paper and in
    Lasagne, not of each pixel.

    Parameters
    ----------
    epsilon, beta, gamma
        As in `GroupNormLayer`.

    Examples
    --------
    >>> list(LayerNormLayer().param_specs((None, 100)))
    ['beta', 'gamma']
    """

    num_groups: int = field(default=1, init=False, repr=False)

    def _groups(self, channels: int) -> int:
        return 1


@dataclass(frozen=True)
class InstanceNormLayer(GroupNormLayer):
    """Standardise each channel of each row, then scale and shift (Ulyanov et al. 2016).

    Parameters
    ----------
    epsilon, beta, gamma
        As in `GroupNormLayer`.

    Examples
    --------
    >>> InstanceNormLayer().output_shape((None, 32, 13, 13))
    (None, 32, 13, 13)
    """

    num_groups: int = field(default=1, init=False, repr=False)

    def _groups(self, channels: int) -> int:
        return channels

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """The shape of the input."""
        need_channels(input_shapes[0], places=True)
        return input_shapes[0]
