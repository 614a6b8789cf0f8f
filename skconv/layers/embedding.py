"""Embedding layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from ..init import Normal
from ..utils.checks import positive
from ..utils.fields import initial, structural
from .base import Context, Layer, Output, Params, ParamSpec
from .shapes import Shape

__all__ = ["EmbeddingLayer"]


@dataclass(frozen=True)
class EmbeddingLayer(Layer):
    """Learned vectors for integers such as word indices.

    Parameters
    ----------
    input_size : int
        Number of different inputs, 0 to ``input_size - 1``. Other inputs give NaN.
    output_size : int
        Length of the vectors.
    W : initializer, array or name of a layer
        Vectors, of shape ``(input_size, output_size)``.

    Examples
    --------
    >>> EmbeddingLayer(input_size=1000, output_size=16).output_shape((None, 20))
    (None, 20, 16)
    """

    input_size: int = structural(check=positive)
    output_size: int = structural(check=positive)
    W: Any = initial(Normal())

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Return the input's shape with the vectors as last axis."""
        return (*input_shapes[0], self.output_size)

    def param_specs(self, *input_shapes: Shape) -> dict[str, ParamSpec]:
        """Return ``W``."""
        return {"W": ParamSpec((self.input_size, self.output_size), self.W)}

    def apply(self, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
        """Return the vector of each input."""
        index = inputs[0].astype(jnp.int32)
        W = jnp.asarray(params["W"])
        return W.at[index].get(mode="fill", wrap_negative_indices=False), state
