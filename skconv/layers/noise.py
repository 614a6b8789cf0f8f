"""Layers that disturb training."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp

from .base import Context, Layer, Params, Shape, runtime, structural

__all__ = ["DropoutLayer"]


@dataclass(frozen=True)
class DropoutLayer(Layer):
    """Set elements to zero at random in training (Srivastava et al. 2014).

    Parameters
    ----------
    p : float
        Probability of zero, from 0 to 1. A runtime value: another one compiles nothing.
    rescale : bool
        Whether what is left is divided by ``1 - p``, so that nothing changes at prediction.

    Examples
    --------
    >>> DropoutLayer(p=0.1).output_shape((None, 32, 13, 13))
    (None, 32, 13, 13)
    """

    p: float = runtime(0.5, low=0.0, high=1.0)
    rescale: bool = structural(True)

    layout = "any"

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """The shape of the input."""
        return input_shapes[0]

    def apply(self, params: Params, state: Params, *inputs, ctx: Context):
        """Drop in training, pass on at prediction."""
        x = inputs[0]
        if not ctx.train:
            return x, state
        kept = 1.0 - jnp.asarray(self.p, x.dtype)
        if self.rescale:
            x = x / jnp.maximum(kept, jnp.finfo(x.dtype).tiny)
        return jnp.where(jax.random.bernoulli(ctx.key, kept, x.shape), x, 0), state
