"""Layers that standardize each row, in training and at prediction alike."""

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
from .base import Context, Layer, Output, Params, ParamSpec
from .shapes import Shape, need_channels, row_axes

__all__ = ["GroupNormLayer", "InstanceNormLayer", "LayerNormLayer", "StandardizationLayer"]


@dataclass(frozen=True)
class StandardizationLayer(Layer):
    """Standardize each row to mean zero and standard deviation one.

    Parameters
    ----------
    axes : 'auto', 'spatial', 'features', int or tuple of int
        Axes over which mean and deviation are taken, as in Lasagne: ``'features'`` is all but the
        batch (layer normalization), ``'spatial'`` all after the channels (instance normalization),
        and ``'auto'`` is ``'spatial'``, or the features of rows that have no further axes. 1 is the
        channels of each position.
    epsilon : float
        Added to the variance. A runtime value: changing it compiles nothing.

    Examples
    --------
    >>> StandardizationLayer(axes='spatial').output_shape((None, 32, 13, 13))
    (None, 32, 13, 13)
    """

    axes: Any = structural("auto")
    epsilon: float = runtime(1e-4, low=0.0)

    full_precision = True

    def standardized_axes(self, rank: int) -> tuple[int, ...]:
        """Return the axes over which mean and deviation are taken."""
        named = {
            "auto": range(min(2, rank - 1), rank),
            "spatial": range(2, rank),
            "features": range(1, rank),
        }
        if isinstance(self.axes, str) and self.axes not in named:
            valid = ", ".join(map(repr, named))
            raise LayerError(f"axes must be one of {valid}, got {self.axes!r}")
        axes = tuple(named[self.axes]) if isinstance(self.axes, str) else self.axes
        axes = row_axes(axes, rank, "axes")
        if not axes:
            raise LayerError(f"axes must be axes of an input with {rank} axes, got {self.axes!r}")
        return axes

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Return the shape of the input."""
        self.standardized_axes(len(input_shapes[0]))
        return input_shapes[0]

    def apply(self, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
        """Return the standardized input."""
        x = inputs[0]
        axes = self.standardized_axes(x.ndim)
        centered = x - x.mean(axes, keepdims=True)
        variance = jnp.square(centered).mean(axes, keepdims=True)
        return centered * lax.rsqrt(variance + jnp.asarray(self.epsilon, x.dtype)), state


@dataclass(frozen=True)
class GroupNormLayer(Layer):
    """Group normalization (Wu and He 2018).

    Parameters
    ----------
    num_groups : int
        Number of groups, a divisor of the number of channels.
    epsilon : float
        Added to the variance. A runtime value: changing it compiles nothing.
    beta, gamma : initializer, array, name of a layer, or None
        Shift and scale of each channel after the normalization.

    Examples
    --------
    >>> GroupNormLayer(num_groups=8).output_shape((None, 32, 13, 13))
    (None, 32, 13, 13)
    """

    num_groups: int = structural(32, check=positive)
    epsilon: float = runtime(1e-5, low=0.0)
    beta: Any = initial(Constant(0.0))
    gamma: Any = initial(Constant(1.0))

    full_precision = True

    @property
    def layout(self) -> str:
        """``'channels_last'``."""
        return "channels_last"

    def _groups(self, channels: int) -> int:
        if channels % self.num_groups:
            raise LayerError(f"num_groups must divide channels={channels}, got {self.num_groups}")
        return self.num_groups

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Return the shape of the input."""
        need_channels(input_shapes[0])
        self._groups(input_shapes[0][1])
        return input_shapes[0]

    def param_specs(self, *input_shapes: Shape) -> dict[str, ParamSpec]:
        """Return shift and scale, unless they are None."""
        return self._affine(input_shapes[0][1:2])

    def _affine(self, shape: tuple[int, ...]) -> dict[str, ParamSpec]:
        given = {"beta": self.beta, "gamma": self.gamma}
        return {
            name: ParamSpec(shape, init, regularizable=name == "gamma")
            for name, init in given.items()
            if init is not None
        }

    def apply(self, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
        """Return the normalized input."""
        x = inputs[0]
        centered = x - self._means(x)
        variance = self._means(jnp.square(centered))
        scale = lax.rsqrt(variance + jnp.asarray(self.epsilon, x.dtype))
        out = centered * (scale * params["gamma"] if "gamma" in params else scale)
        return (out + params["beta"] if "beta" in params else out), state

    def _means(self, x: jax.Array) -> jax.Array:
        """Return the mean of each group of each row, repeated for each of its channels.

        Positions are averaged first: on the CPU, averaging them together with a group's channels
        takes twice as long, and five times as long with one channel per group.
        """
        rows, channels = x.shape[0], x.shape[-1]
        means = x.reshape(rows, -1, channels).mean(1)
        means = means.reshape(rows, self._groups(channels), -1)
        means = jnp.broadcast_to(means.mean(2, keepdims=True), means.shape)
        return means.reshape(rows, *(1,) * (x.ndim - 2), channels)


@dataclass(frozen=True)
class LayerNormLayer(GroupNormLayer):
    """Layer normalization, with scale and shift (Ba et al. 2016).

    Parameters
    ----------
    epsilon : float
        Added to the variance. A runtime value: changing it compiles nothing.
    beta, gamma : initializer, array, name of a layer, or None
        Shift and scale after the normalization.
    axes : 'auto', int or tuple of int
        Axes over which mean and deviation are taken. ``'auto'`` is all but the batch, also the
        positions of images, as in the paper and in Lasagne, with a shift and a scale for each
        channel. Given axes have a shift and a scale for each of their elements, as torch's
        ``normalized_shape``: 1 is the channels of each position, and -1 the features of each step
        of sequences ``(n, time, features)``.

    Examples
    --------
    >>> list(LayerNormLayer().param_specs((None, 100)))
    ['beta', 'gamma']
    >>> LayerNormLayer(axes=-1).param_specs((None, 25, 64))['gamma'].shape
    (64,)
    """

    num_groups: int = field(default=1, init=False, repr=False)
    axes: Any = structural("auto")

    @property
    def layout(self) -> str:
        """``'channels_last'``, unless `axes` refers to other axes of the public shape."""
        return "channels_last" if self._axes_choice() in ("auto", (1,)) else "channels_first"

    def _axes_choice(self) -> Any:
        return self.axes if isinstance(self.axes, str | tuple) else (self.axes,)

    def _groups(self, channels: int) -> int:
        return 1

    def _axes(self, rank: int) -> tuple[int, ...]:
        """Return the axes of the public shape over which each mean is taken."""
        if isinstance(self.axes, str):
            raise LayerError(f"axes must be 'auto' or axes of the input, got {self.axes!r}")
        axes = row_axes(self.axes, rank, "axes")
        if not axes:
            raise LayerError(f"axes must be axes of an input with {rank} axes, got {self.axes!r}")
        return axes

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Return the shape of the input."""
        if self.axes == "auto":
            return super().output_shape(*input_shapes)
        self._axes(len(input_shapes[0]))
        return input_shapes[0]

    def param_specs(self, *input_shapes: Shape) -> dict[str, ParamSpec]:
        """Return shift and scale, unless they are None."""
        given = input_shapes[0]
        if self.axes == "auto":
            return self._affine(given[1:2])
        return self._affine(tuple(given[axis] for axis in self._axes(len(given))))

    def apply(self, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
        """Return the normalized input."""
        if self.axes == "auto":
            return super().apply(params, state, *inputs, ctx=ctx)
        x = inputs[0]
        axes = (x.ndim - 1,) if self.layout == "channels_last" else self._axes(x.ndim)
        others = [axis for axis in range(x.ndim) if axis not in axes]
        spread = {name: jnp.expand_dims(value, others) for name, value in params.items()}
        centered = x - x.mean(axes, keepdims=True)
        variance = jnp.square(centered).mean(axes, keepdims=True)
        out = centered * lax.rsqrt(variance + jnp.asarray(self.epsilon, x.dtype))
        out = out * spread["gamma"] if "gamma" in spread else out
        return (out + spread["beta"] if "beta" in spread else out), state


@dataclass(frozen=True)
class InstanceNormLayer(GroupNormLayer):
    """Instance normalization, with scale and shift per channel (Ulyanov et al. 2016).

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
        """Return the shape of the input."""
        need_channels(input_shapes[0], places=True)
        return input_shapes[0]
