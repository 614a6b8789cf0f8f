"""Embedding layers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import jax
import jax.numpy as jnp

from ..errors import LayerError
from ..init import Normal
from ..utils.checks import flag, is_integer, positive
from ..utils.fields import UNSET, initial, structural
from .base import Context, Layer, Output, Params, ParamSpec
from .shapes import Shape

__all__ = ["EmbeddingLayer"]

LARGEST = 2**24
"""Number of integers from 0 that float32, the type of all inputs, can tell apart."""

WIDEST = 50
"""Largest default length of the vectors."""


def _table_size(value: Any) -> str | None:
    if is_integer(value, high=LARGEST):
        return positive(value)
    return f"a positive integer up to {LARGEST}" if is_integer(value) else "a positive integer"


@dataclass(frozen=True)
class EmbeddingLayer(Layer):
    """Learned vectors for integers such as word indices.

    Parameters
    ----------
    input_size : int
        Number of different inputs, 0 to ``input_size - 1``. By default one more than the largest
        that X has in `fit`, where the values of X reach the layer unchanged.
    output_size : int
        Length of the vectors. By default half of `input_size`, at most 50: the rule of thumb of
        the fast.ai course of 2018.
    W : initializer, array or name of a layer
        Vectors, of shape ``(input_size, output_size)``, with one row more for `unknown`.
    unknown : bool
        Whether all other inputs, such as negative ones or words that are not in a vocabulary,
        share one more vector, the last row of `W`. It is trained by such inputs only.

    Raises
    ------
    ValueError
        In `fit` and `predict`, if X has other values where they reach the layer directly or
        through layers that only move values, and `unknown` is False. Other values that layers
        compute, or that ``check_input=False`` lets pass, become the nearest valid integer.

    Examples
    --------
    >>> EmbeddingLayer(input_size=1000, output_size=16).output_shape((None, 20))
    (None, 20, 16)
    """

    input_size: int = structural(check=_table_size)
    output_size: int = structural(check=positive)
    W: Any = initial(Normal())
    unknown: bool = structural(False, check=flag)

    full_precision = True
    exact_inputs = True
    sized_by_values: ClassVar[tuple[str, ...]] = ("input_size",)

    def sized_for(self, largest: int | None) -> Self:
        """Return the layer with `input_size` and `output_size`, unless it has them."""
        changes: dict[str, Any] = {}
        size = self.input_size
        if size is UNSET:
            if largest is None:
                raise LayerError(
                    "input_size is missing; it follows only from values of X that reach the layer "
                    "unchanged"
                )
            size = changes["input_size"] = min(largest, LARGEST) + 1
        if self.output_size is UNSET and is_integer(size):
            changes["output_size"] = min(WIDEST, (size + 1) // 2)
        return replace(self, **changes) if changes else self

    @property
    def index_size(self) -> int | None:
        """Return `input_size`, or None with `unknown`."""
        return None if self.unknown else self.input_size

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Return the input's shape with the vectors as last axis."""
        return (*input_shapes[0], self.output_size)

    def param_specs(self, *input_shapes: Shape) -> dict[str, ParamSpec]:
        """Return ``W``."""
        return {"W": ParamSpec((self.input_size + bool(self.unknown), self.output_size), self.W)}

    def apply(self, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
        """Return the vector of each input."""
        x = inputs[0]
        index = jnp.clip(jnp.nan_to_num(x), 0, self.input_size - 1).astype(jnp.int32)
        if self.unknown:
            index = jnp.where(index.astype(x.dtype) == x, index, self.input_size)
        return jnp.asarray(params["W"]).at[index].get(mode="clip"), state
