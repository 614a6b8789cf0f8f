"""Layers that join several."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp

from ..errors import LayerError
from .base import Context, MergeLayer, Params, Shape, structural

__all__ = ["ConcatLayer", "ElemwiseSumLayer"]


@dataclass(frozen=True)
class ConcatLayer(MergeLayer):
    """Put inputs side by side.

    Parameters
    ----------
    axis : int
        Axis along which they are joined; 1 is the channels.

    Examples
    --------
    >>> ConcatLayer().output_shape((None, 8, 6, 6), (None, 16, 6, 6))
    (None, 24, 6, 6)
    """

    axis: int = structural(1)

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """The common shape, with the sizes along `axis` added."""
        first = input_shapes[0]
        if not -len(first) <= self.axis < len(first) or self.axis % len(first) == 0:
            raise LayerError(f"axis={self.axis} is no axis of {first} besides the batch")
        axis = self.axis % len(first)
        rest = {(*shape[:axis], *shape[axis + 1 :]) for shape in input_shapes}
        if len(rest) > 1:
            raise LayerError(
                f"inputs must agree in all axes but {axis}, got {', '.join(map(str, input_shapes))}"
            )
        return (*first[:axis], sum(shape[axis] for shape in input_shapes), *first[axis + 1 :])

    def apply(self, params: Params, state: Params, *inputs, ctx: Context):
        """Concatenate."""
        return jnp.concatenate(inputs, axis=self.axis), state


@dataclass(frozen=True)
class ElemwiseSumLayer(MergeLayer):
    """Add inputs of one shape.

    Parameters
    ----------
    coeffs : float or sequence of float
        Factor on each input, or one on all.

    Examples
    --------
    >>> ElemwiseSumLayer().output_shape((None, 8, 6, 6), (None, 8, 6, 6))
    (None, 8, 6, 6)
    """

    coeffs: Any = structural(1.0)

    layout = "any"

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """The common shape."""
        if len(set(input_shapes)) > 1:
            raise LayerError(f"inputs must have one shape, got {', '.join(map(str, input_shapes))}")
        if isinstance(self.coeffs, tuple) and len(self.coeffs) != len(input_shapes):
            raise LayerError(
                f"coeffs={self.coeffs!r} has {len(self.coeffs)} numbers for "
                f"{len(input_shapes)} inputs"
            )
        return input_shapes[0]

    def apply(self, params: Params, state: Params, *inputs, ctx: Context):
        """Scale and add."""
        coeffs = self.coeffs if isinstance(self.coeffs, tuple) else (self.coeffs,) * len(inputs)
        return sum(c * x for c, x in zip(coeffs, inputs, strict=True)), state
