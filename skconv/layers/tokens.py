"""Learned tokens, as vision transformers read their answer from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from ..init import Normal
from ..utils.checks import positive
from ..utils.fields import initial, structural
from .base import Context, Layer, Output, Params, ParamSpec
from .shapes import Shape, need_sequences

__all__ = ["ClassTokenLayer"]


@dataclass(frozen=True)
class ClassTokenLayer(Layer):
    """Put learned tokens before sequences, the same for all rows (Dosovitskiy et al. 2021).

    After layers of attention, ``SliceLayer(indices=0, axis=1)`` takes the first token, which has
    gathered what the classes depend on.

    Parameters
    ----------
    num_tokens : int
        Number of tokens.
    W : initializer, array or name of a layer
        Tokens of shape ``(num_tokens, features)``.

    Examples
    --------
    >>> ClassTokenLayer().output_shape((None, 196, 384))
    (None, 197, 384)
    """

    num_tokens: int = structural(1, check=positive)
    W: Any = initial(Normal(0.02))

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Return ``(n, num_tokens + time, features)``."""
        shape = input_shapes[0]
        need_sequences(shape)
        return (shape[0], self.num_tokens + shape[1], *shape[2:])

    def param_specs(self, *input_shapes: Shape) -> dict[str, ParamSpec]:
        """Return ``W``."""
        return {"W": ParamSpec((self.num_tokens, *input_shapes[0][2:]), self.W)}

    def apply(self, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
        """Return the tokens, followed by the input."""
        x, W = inputs[0], params["W"]
        return jnp.concatenate([jnp.broadcast_to(W, (x.shape[0], *W.shape)), x], axis=1), state
