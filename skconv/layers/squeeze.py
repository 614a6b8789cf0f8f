"""Channel attention."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from ..errors import LayerError
from ..init import Constant, GlorotUniform
from ..nonlinearities import linear, rectify, sigmoid
from ..utils.checks import optional_callable, positive, positive_or_none
from ..utils.fields import initial, structural
from .base import Context, Layer, Output, Params, ParamSpec
from .shapes import Shape, need_channels

__all__ = ["SqueezeExciteLayer"]


@dataclass(frozen=True)
class SqueezeExciteLayer(Layer):
    """Squeeze-and-excitation: weight channels by their means (Hu et al. 2018).

    ``x * nonlinearity2(nonlinearity1(z @ W1 + b1) @ W2 + b2)``, where ``z`` are the channel means.

    Parameters
    ----------
    ratio : int
        Number of channels per hidden unit.
    num_hidden : int, optional
        Number of hidden units; by default ``channels // ratio``.
    W1, W2 : initializer, array or name of a layer
        Weights of shape ``(channels, num_hidden)`` and ``(num_hidden, channels)``.
    b1, b2 : initializer, array, name of a layer, or None
        Biases of shape ``(num_hidden,)`` and ``(channels,)``.
    nonlinearity1, nonlinearity2 : callable or None
        By default `rectify` and `sigmoid`; None is the identity.

    Examples
    --------
    >>> layer = SqueezeExciteLayer(ratio=4)
    >>> layer.param_specs((None, 32, 13, 13))['W1'].shape
    (32, 8)
    """

    ratio: int = structural(16, check=positive)
    num_hidden: Any = structural(None, check=positive_or_none)
    W1: Any = initial(GlorotUniform())
    b1: Any = initial(Constant(0.0))
    W2: Any = initial(GlorotUniform())
    b2: Any = initial(Constant(0.0))
    nonlinearity1: Any = structural(rectify, check=optional_callable)
    nonlinearity2: Any = structural(sigmoid, check=optional_callable)

    layout = "channels_last"

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Return the shape of the input."""
        shape = input_shapes[0]
        need_channels(shape, places=True)
        if self.num_hidden is None and self.ratio > shape[1]:
            raise LayerError(
                f"ratio must be at most the number of channels, {shape[1]}, got {self.ratio}; "
                "or give num_hidden"
            )
        return shape

    def param_specs(self, *input_shapes: Shape) -> dict[str, ParamSpec]:
        """Return weights and, unless None, biases, in the order of use."""
        channels = self.output_shape(*input_shapes)[1]
        hidden = self.num_hidden or channels // self.ratio
        layers = (
            ("1", (channels, hidden), self.W1, self.b1),
            ("2", (hidden, channels), self.W2, self.b2),
        )
        specs = {}
        for number, shape, W, b in layers:
            specs[f"W{number}"] = ParamSpec(shape, W)
            if b is not None:
                specs[f"b{number}"] = ParamSpec(shape[1:], b, regularizable=False)
        return specs

    def apply(self, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
        """Return the weighted input."""
        x = inputs[0]
        weights = x.mean(tuple(range(1, x.ndim - 1)))
        for number, nonlinearity in (("1", self.nonlinearity1), ("2", self.nonlinearity2)):
            weights = weights @ params[f"W{number}"]
            if f"b{number}" in params:
                weights = weights + params[f"b{number}"]
            weights = (nonlinearity or linear)(weights)
        return x * jnp.expand_dims(weights, tuple(range(1, x.ndim - 1))), state
