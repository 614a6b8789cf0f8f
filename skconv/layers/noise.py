"""Dropout and noise layers, which act in training only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp

from ..utils.checks import flag
from ..utils.fields import runtime, structural
from .base import Context, Layer, Output, Params
from .shapes import Shape, need_channels, row_axes

__all__ = [
    "DropoutLayer",
    "DropoutLocationsLayer",
    "GaussianNoiseLayer",
    "SpatialDropoutLayer",
    "StochasticDepthLayer",
    "dropout",
    "dropout_channels",
    "dropout_locations",
    "spatial_dropout",
]


@dataclass(frozen=True)
class DropoutLayer(Layer):
    """Set elements to zero at random in training (Srivastava et al. 2014).

    Parameters
    ----------
    p : float
        Probability of zero, between 0 and 1. A runtime value: changing it compiles nothing.
    rescale : bool
        Whether the remaining elements are divided by ``1 - p``, which keeps the expected output.
    shared_axes : tuple of int
        Axes of the public shape along which elements are dropped together.

    Examples
    --------
    >>> DropoutLayer(p=0.1).output_shape((None, 32, 13, 13))
    (None, 32, 13, 13)
    """

    p: float = runtime(0.5, low=0.0, high=1.0)
    rescale: bool = structural(True, check=flag)
    shared_axes: Any = structural(())

    only_noise = True

    @property
    def noisy(self) -> bool:
        """Whether any element may be dropped."""
        return self.p > 0

    @property
    def layout(self) -> str:
        """``'any'``, unless `shared_axes` refers to axes of the public shape."""
        axes = self.shared_axes
        return "any" if isinstance(axes, tuple) and not axes else "channels_first"

    def _together(self, rank: int) -> tuple[int, ...]:
        """Return the axes along which elements are dropped together."""
        return row_axes(self.shared_axes, rank, "shared_axes")

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Return the shape of the input."""
        self._together(len(input_shapes[0]))
        return input_shapes[0]

    def apply(self, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
        """Return the input, with elements dropped where the context has a key."""
        x = inputs[0]
        if ctx.key is None:
            return x, state
        kept = 1.0 - jnp.asarray(self.p, x.dtype)
        if self.rescale:
            x = x / jnp.maximum(kept, jnp.finfo(x.dtype).tiny)
        together = self._together(x.ndim)
        shape = [1 if axis in together else n for axis, n in enumerate(ctx.noise_shape(x.shape))]
        return jnp.where(jax.random.bernoulli(ctx.key, kept, shape), x, 0), state


dropout = DropoutLayer


@dataclass(frozen=True)
class _FixedAxesDropoutLayer(DropoutLayer):
    """Dropout along axes fixed by the class, in channels-last layout."""

    shared_axes: Any = field(default=(), init=False, repr=False)

    layout = "channels_last"

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Return the shape of the input."""
        need_channels(input_shapes[0])
        return input_shapes[0]


@dataclass(frozen=True)
class SpatialDropoutLayer(_FixedAxesDropoutLayer):
    """Set whole channels to zero at random in training (Tompson et al. 2014).

    Parameters
    ----------
    p, rescale
        As in `DropoutLayer`.

    Examples
    --------
    >>> SpatialDropoutLayer(p=0.1).output_shape((None, 32, 13, 13))
    (None, 32, 13, 13)
    """

    def _together(self, rank: int) -> tuple[int, ...]:
        return tuple(range(1, rank - 1))


dropout_channels = spatial_dropout = SpatialDropoutLayer


@dataclass(frozen=True)
class DropoutLocationsLayer(_FixedAxesDropoutLayer):
    """Set all channels of a position to zero at random in training.

    Parameters
    ----------
    p, rescale
        As in `DropoutLayer`.

    Examples
    --------
    >>> DropoutLocationsLayer(p=0.1).output_shape((None, 32, 13, 13))
    (None, 32, 13, 13)
    """

    def _together(self, rank: int) -> tuple[int, ...]:
        return (rank - 1,)


dropout_locations = DropoutLocationsLayer


@dataclass(frozen=True)
class StochasticDepthLayer(_FixedAxesDropoutLayer):
    """Set whole rows to zero at random in training (Huang et al. 2016).

    Placed at the end of a residual branch, before the sum, it skips the branch for those rows.

    Parameters
    ----------
    p, rescale
        As in `DropoutLayer`. The paper increases `p` from block to block up to 0.5.

    Examples
    --------
    >>> StochasticDepthLayer(p=0.1).output_shape((None, 32, 13, 13))
    (None, 32, 13, 13)
    """

    def _together(self, rank: int) -> tuple[int, ...]:
        return tuple(range(1, rank))


@dataclass(frozen=True)
class GaussianNoiseLayer(Layer):
    """Add Gaussian noise in training.

    Parameters
    ----------
    sigma : float
        Standard deviation. A runtime value: changing it compiles nothing.

    Examples
    --------
    >>> GaussianNoiseLayer(sigma=0.2).output_shape((None, 100))
    (None, 100)
    """

    sigma: float = runtime(0.1, low=0.0)

    layout = "any"
    only_noise = True

    @property
    def noisy(self) -> bool:
        """Whether the noise has a deviation above zero."""
        return self.sigma > 0

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Return the shape of the input."""
        return input_shapes[0]

    def apply(self, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
        """Return the input, with noise added where the context has a key."""
        x = inputs[0]
        if ctx.key is None:
            return x, state
        noise = jax.random.normal(ctx.key, ctx.noise_shape(x.shape), x.dtype)
        return x + jnp.asarray(self.sigma, x.dtype) * noise, state
