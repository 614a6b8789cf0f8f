"""Normalization by statistics of the data, of batches, and of neighboring channels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from ..init import Constant
from ..ops.batch_norm import Fixed
from ..ops.platform import kernel_of_platform
from ..utils.checks import positive
from ..utils.fields import UNSET, field_problems, initial, runtime, structural
from ..utils.moments import Moments
from .base import Context, Layer, Output, Params, ParamSpec
from .shapes import Shape, need_images, shared_axes

__all__ = ["BatchNormLayer", "LocalResponseNormalization2DLayer", "NormalizationLayer"]


@dataclass(frozen=True)
class _StatisticsLayer(Layer):
    """Base class of layers with statistics that are shared over some axes.

    Parameters
    ----------
    axes : 'auto', int or tuple of int
    """

    axes: Any = structural("auto")

    full_precision = True

    def _axes(self, rank: int) -> tuple[int, ...]:
        return shared_axes(self.axes, rank, "axes")

    def _kept_shape(self, shape: Shape) -> tuple[Any, ...]:
        """Return the sizes of the axes that have statistics of their own."""
        axes = self._axes(len(shape))
        return tuple(n for axis, n in enumerate(shape) if axis not in axes)

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Return the shape of the input."""
        self._axes(len(input_shapes[0]))
        return input_shapes[0]


@dataclass(frozen=True)
class BatchNormLayer(_StatisticsLayer):
    """Batch normalization (Ioffe and Szegedy 2015).

    Parameters
    ----------
    axes : 'auto', int or tuple of int
        Axes over which statistics are shared; ``'auto'`` is all but the channels.
    epsilon : float
        Added to the variance.
    alpha : float
        Weight of each batch in the running statistics, which are used at prediction.
    beta, gamma : initializer, array, name of a layer, or None
        Shift and scale after the normalization.
    mean, inv_std : initializer or array
        Initial running mean and running inverse standard deviation.

    Notes
    -----
    The preceding layer needs no biases: set its ``b=None``.

    If it is frozen by ``grad_scale=0``, it normalizes by the running statistics in training as
    well, so that frozen layers compute the same in training and at prediction.

    The running inverse deviation is that of the running mean of the variances, as in the paper and
    in torch. Lasagne averages the inverse deviations themselves, so that channels that are constant
    in most batches explode at prediction. The parameter is the same, and its weights can be loaded.

    Examples
    --------
    >>> list(BatchNormLayer().param_specs((None, 32, 13, 13)))
    ['beta', 'gamma', 'mean', 'inv_std']
    """

    epsilon: float = runtime(1e-4, low=0.0)
    alpha: float = runtime(0.1, low=0.0, high=1.0)
    beta: Any = initial(Constant(0.0))
    gamma: Any = initial(Constant(1.0))
    mean: Any = initial(Constant(0.0))
    inv_std: Any = initial(Constant(1.0))

    @property
    def layout(self) -> str:
        """``'channels_last'``, unless `axes` refers to axes of the public shape."""
        return "channels_last" if self.axes == "auto" else "channels_first"

    def param_specs(self, *input_shapes: Shape) -> dict[str, ParamSpec]:
        """Return shift, scale, running mean and inverse deviation, in Lasagne's order."""
        shape = self._kept_shape(input_shapes[0])
        specs = {}
        if self.beta is not None:
            specs["beta"] = ParamSpec(shape, self.beta, regularizable=False)
        if self.gamma is not None:
            specs["gamma"] = ParamSpec(shape, self.gamma)
        specs["mean"] = ParamSpec(shape, self.mean, regularizable=False, trainable=False)
        specs["inv_std"] = ParamSpec(shape, self.inv_std, regularizable=False, trainable=False)
        return specs

    def apply(self, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
        """Normalize by the batch in training, by the running statistics at prediction."""
        x = inputs[0]
        axes = tuple(range(x.ndim - 1)) if self.axes == "auto" else self._axes(x.ndim)

        gamma, beta = params.get("gamma"), params.get("beta")
        if ctx.train:
            epsilon, alpha = jnp.asarray(self.epsilon, x.dtype), jnp.asarray(self.alpha, x.dtype)
            normalize = kernel_of_platform("batch_norm")
            fixed = None
            if self.grad_scale is not None:
                fixed = Fixed(jnp.asarray(self.grad_scale) == 0, state["mean"], state["inv_std"])
            x, mean, inv_std = normalize(x, gamma, beta, epsilon, axes, fixed)
            running = lax.integer_pow(state["inv_std"], -2)
            variance = lax.stop_gradient(lax.integer_pow(inv_std, -2))
            return x, {
                "mean": state["mean"] + alpha * (lax.stop_gradient(mean) - state["mean"]),
                "inv_std": lax.rsqrt(running + alpha * (variance - running)),
            }

        def spread(value: jax.Array) -> jax.Array:
            return jnp.expand_dims(value, axes)

        mean, inv_std = state["mean"], state["inv_std"]
        x = (x - spread(mean)) * spread(inv_std if gamma is None else inv_std * gamma)
        return (x if beta is None else x + spread(beta)), state


@dataclass(frozen=True)
class NormalizationLayer(_StatisticsLayer):
    """Standardization by the mean and the standard deviation of the training set.

    They are computed from all training samples, before augmentation, and stay fixed from the first
    epoch on. The layer must follow an `InputLayer` directly.

    Parameters
    ----------
    axes : 'auto', int or tuple of int
        Axes over which statistics are shared; ``'auto'`` is all but the channels.
    mean, std : initializer or array, optional
        Mean and standard deviation; by default those of the training set, where a deviation of zero
        is replaced by one.

    Examples
    --------
    >>> list(NormalizationLayer().param_specs((None, 3, 32, 32)))
    ['mean', 'std']
    """

    mean: Any = initial(UNSET)
    std: Any = initial(UNSET)

    adapts = True

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("mean", "std"):
            if getattr(self, name) is None:
                object.__setattr__(self, name, UNSET)

    def check(self) -> Iterable[str]:
        """Yield a message for each invalid field, regardless of the inputs."""
        return field_problems(self, inferred=("mean", "std"))

    def param_specs(self, *input_shapes: Shape) -> dict[str, ParamSpec]:
        """Return mean and standard deviation, neither of which is trained."""
        shape = self._kept_shape(input_shapes[0])
        initial_values = {"mean": (self.mean, 0.0), "std": (self.std, 1.0)}
        return {
            name: ParamSpec(
                shape,
                Constant(identity) if value is UNSET else value,
                regularizable=False,
                trainable=False,
            )
            for name, (value, identity) in initial_values.items()
        }

    def adapt(self, batches: Iterable[tuple[np.ndarray, np.ndarray]]) -> dict[str, np.ndarray]:
        """Return the mean and the standard deviation of the rows, unless they are given."""
        given = [name for name in ("mean", "std") if getattr(self, name) is not UNSET]
        if len(given) == 2:
            return {}
        statistics: dict[str, np.ndarray] = {}
        moments = None
        for X, weights in batches:
            moments = moments or Moments(self._axes(X.ndim))
            moments.add(X, weights)
        if moments is not None:
            statistics = {"mean": moments.mean, "std": moments.scale}
        return {name: value for name, value in statistics.items() if name not in given}

    def apply(self, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
        """Return the standardized input."""
        x = inputs[0]
        axes = self._axes(x.ndim)
        mean, std = (jnp.expand_dims(state[name], axes) for name in ("mean", "std"))
        return (x - mean) / std, state


@dataclass(frozen=True)
class LocalResponseNormalization2DLayer(Layer):
    """Local response normalization across channels (Krizhevsky et al. 2012).

    ``x / (k + alpha * sum(x ** 2 over n channels)) ** beta``. torch divides `alpha` by `n`.

    Parameters
    ----------
    alpha, k, beta : float
        Runtime values: changing them compiles nothing.
    n : int
        Odd number of neighboring channels, centered at the channel itself.

    Examples
    --------
    >>> LocalResponseNormalization2DLayer().output_shape((None, 96, 55, 55))
    (None, 96, 55, 55)
    """

    alpha: float = runtime(1e-4, low=0.0)
    k: float = runtime(2.0, low=0.0)
    beta: float = runtime(0.75)
    n: int = structural(5, check=positive)

    layout = "channels_last"
    full_precision = True

    def check(self) -> Iterable[str]:
        """Yield a message for each invalid field, regardless of the inputs."""
        problems = list(super().check())
        return problems if problems or self.n % 2 else [f"n must be odd, got {self.n!r}"]

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Return the shape of the input."""
        need_images(input_shapes[0], 2)
        return input_shapes[0]

    def apply(self, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
        """Return the normalized input."""
        x = inputs[0]
        alpha, k, beta = (jnp.asarray(v, x.dtype) for v in (self.alpha, self.k, self.beta))
        half, channels = self.n // 2, x.shape[-1]
        squares = jnp.pad(jnp.square(x), ((0, 0),) * (x.ndim - 1) + ((half, half),))
        total = sum(squares[..., i : i + channels] for i in range(self.n))
        return x * (k + alpha * total) ** -beta, state
