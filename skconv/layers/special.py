"""Elementwise layers with parameters, nonlinearities, and layers for any function."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from ..errors import LayerError
from ..init import Constant
from ..utils.checks import optional_callable, required_callable
from ..utils.fields import UNSET, initial, runtime, structural
from .base import Context, Layer, Output, Params, ParamSpec
from .shapes import Shape, need_traced_shape, shared_axes, traced_shape

__all__ = [
    "BiasLayer",
    "ExpressionLayer",
    "NonlinearityLayer",
    "ParametricRectifierLayer",
    "RandomizedRectifierLayer",
    "ScaleLayer",
]


@dataclass(frozen=True)
class NonlinearityLayer(Layer):
    """A nonlinearity as a layer of its own.

    Parameters
    ----------
    nonlinearity : callable or None
        By default `rectify`, and at the output that of the task; None is the identity.

    Examples
    --------
    >>> NonlinearityLayer().output_shape((None, 32, 13, 13))
    (None, 32, 13, 13)
    """

    nonlinearity: Any = structural(UNSET, check=optional_callable)

    layout = "channels_last"

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Return the shape of the input."""
        return input_shapes[0]

    def apply(self, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
        """Return the nonlinearity of the input."""
        return self.activate(inputs[0]), state


@dataclass(frozen=True)
class ExpressionLayer(Layer):
    """A function that JAX can trace.

    Parameters
    ----------
    function : callable
        From a batch in its public shape, channels first, to another. It must use functions of
        `jax.numpy` rather than those for other packages' arrays.
    output_shape : 'auto', tuple or None
        ``'auto'`` is the shape that the function returns. Otherwise the shape it must return: None
        for that of the input, or a tuple with None for the batch.

    Raises
    ------
    ValueError
        When the network is built, if the function fails, changes the batch axis or returns another
        shape.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> layer = ExpressionLayer(function=lambda x: jnp.concatenate([x, -x], axis=1))
    >>> layer.output_shape((None, 8, 5, 5))
    (None, 16, 5, 5)
    """

    function: Any = structural(check=required_callable)
    shape: Any = structural("auto")

    aliases = {"output_shape": "shape"}

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Return the shape of the function's output."""
        given = input_shapes[0]
        if isinstance(self.shape, str) and self.shape == "auto":
            return traced_shape(self.function, "function", given)
        if self.shape is not None and not isinstance(self.shape, tuple):
            raise LayerError(f"output_shape must be 'auto', a tuple or None, got {self.shape!r}")
        shape = given if self.shape is None else (None, *self.shape[1:])
        return need_traced_shape(shape, self.function, "function", given)

    def apply(self, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
        """Return the function of the input."""
        return self.function(inputs[0]), state


class _SharedLayer(Layer):
    """Base class of layers with one parameter that is shared along some axes."""

    shared_axes: Any

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Return the shape of the input."""
        shared_axes(self.shared_axes, len(input_shapes[0]))
        return input_shapes[0]

    @property
    def layout(self) -> str:
        """``'channels_last'``, unless `shared_axes` refers to axes of the public shape."""
        return "channels_last" if self.shared_axes == "auto" else "channels_first"

    def _shape(self, shape: Shape) -> tuple[int, ...]:
        axes = shared_axes(self.shared_axes, len(shape))
        return tuple(n for axis, n in enumerate(shape) if axis not in axes)

    def _spread(self, value: jax.Array, x: jax.Array) -> jax.Array:
        if self.shared_axes == "auto":
            return value
        return jnp.expand_dims(value, shared_axes(self.shared_axes, x.ndim))


@dataclass(frozen=True)
class BiasLayer(_SharedLayer):
    """Add a learned bias to each channel.

    Parameters
    ----------
    b : initializer, array, name of a layer, or None
        Biases, shaped like the other axes. None adds nothing.
    shared_axes : 'auto', int or tuple of int
        Axes along which the parameter is shared; ``'auto'`` is all but the channels.

    Examples
    --------
    >>> BiasLayer().param_specs((None, 32, 13, 13))['b'].shape
    (32,)
    """

    b: Any = initial(Constant(0.0))
    shared_axes: Any = structural("auto")

    def param_specs(self, *input_shapes: Shape) -> dict[str, ParamSpec]:
        """Return ``b``, unless it is None."""
        if self.b is None:
            return {}
        return {"b": ParamSpec(self._shape(input_shapes[0]), self.b, regularizable=False)}

    def apply(self, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
        """Return the input plus the biases."""
        x = inputs[0]
        return (x + self._spread(params["b"], x) if "b" in params else x), state


@dataclass(frozen=True)
class ScaleLayer(_SharedLayer):
    """Multiply each channel by a learned factor.

    Parameters
    ----------
    scales : initializer, array or name of a layer
        Factors, shaped like the other axes.
    shared_axes : 'auto', int or tuple of int
        Axes along which the parameter is shared; ``'auto'`` is all but the channels.

    Examples
    --------
    >>> ScaleLayer().param_specs((None, 32, 13, 13))['scales'].shape
    (32,)
    """

    scales: Any = initial(Constant(1.0))
    shared_axes: Any = structural("auto")

    def param_specs(self, *input_shapes: Shape) -> dict[str, ParamSpec]:
        """Return ``scales``."""
        return {"scales": ParamSpec(self._shape(input_shapes[0]), self.scales)}

    def apply(self, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
        """Return the input times the factors."""
        x = inputs[0]
        return x * self._spread(params["scales"], x), state


@dataclass(frozen=True)
class ParametricRectifierLayer(_SharedLayer):
    """Rectifier with a learned slope on the negative side (He et al. 2015).

    The preceding layer should have ``nonlinearity=None``.

    Parameters
    ----------
    alpha : initializer, array or name of a layer
        Slopes, shaped like the other axes.
    shared_axes : 'auto', int or tuple of int
        Axes along which the slope is the same; ``'auto'`` is all but the channels.

    Examples
    --------
    >>> ParametricRectifierLayer().param_specs((None, 32, 13, 13))['alpha'].shape
    (32,)
    """

    alpha: Any = initial(Constant(0.25))
    shared_axes: Any = structural("auto")

    def param_specs(self, *input_shapes: Shape) -> dict[str, ParamSpec]:
        """Return ``alpha``."""
        return {"alpha": ParamSpec(self._shape(input_shapes[0]), self.alpha, regularizable=False)}

    def apply(self, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
        """Return the rectified input."""
        x = inputs[0]
        return jnp.where(x > 0, x, self._spread(params["alpha"], x) * x), state


@dataclass(frozen=True)
class RandomizedRectifierLayer(_SharedLayer):
    """Leaky rectifier with a random slope in each training step (Xu et al. 2015).

    The preceding layer should have ``nonlinearity=None``. At prediction the slope is the mean of
    `lower` and `upper`.

    Parameters
    ----------
    lower, upper : float
        Bounds of the slope. Runtime values: changing them compiles nothing.
    shared_axes : 'auto', int or tuple of int
        Axes along which the slope is the same, including the batch; ``'auto'`` is all but the
        channels.

    Examples
    --------
    >>> RandomizedRectifierLayer(lower=0.1).output_shape((None, 32, 13, 13))
    (None, 32, 13, 13)
    """

    lower: float = runtime(0.3)
    upper: float = runtime(0.8)
    shared_axes: Any = structural("auto")

    @property
    def noisy(self) -> bool:
        """Whether slopes are random."""
        return self.lower < self.upper

    def check(self) -> Iterable[str]:
        """Yield a message for each invalid field, regardless of the inputs."""
        problems = list(super().check())
        if not problems and self.lower > self.upper:
            problems = [f"lower must be at most upper={self.upper!r}, got {self.lower!r}"]
        return problems

    def apply(self, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
        """Return the rectified input, with random slopes in training."""
        x = inputs[0]
        low, high = jnp.asarray(self.lower, x.dtype), jnp.asarray(self.upper, x.dtype)
        slope = (low + high) / 2
        if ctx.key is not None:
            axes = tuple(range(x.ndim - 1))
            if self.shared_axes != "auto":
                axes = shared_axes(self.shared_axes, x.ndim)
            sizes = ctx.noise_shape(x.shape)
            shape = [1 if axis in axes else n for axis, n in enumerate(sizes)]
            slope = low + (high - low) * jax.random.uniform(ctx.key, shape, x.dtype)
        return jnp.where(x > 0, x, slope * x), state
