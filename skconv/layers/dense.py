"""Fully connected layers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from ..init import Constant, GlorotUniform
from .base import (
    UNSET,
    Context,
    Layer,
    Params,
    ParamSpec,
    Shape,
    function,
    initial,
    positive,
    structural,
)

__all__ = ["DenseLayer"]


@dataclass(frozen=True)
class DenseLayer(Layer):
    """Every unit sees every input: ``nonlinearity(x @ W + b)``.

    Parameters
    ----------
    num_units : int
        Number of units. At the output it may be missing, and then comes from y.
    W : initialiser, array or name of a layer
        Weights of shape ``(inputs, num_units)``; inputs of more axes are flattened first.
    b : initialiser, array, name of a layer, or None
        Biases of shape ``(num_units,)``.
    nonlinearity : callable or None
        `rectify`, and at the output what the task asks for; None is the identity.

    Examples
    --------
    >>> DenseLayer(num_units=10).output_shape((None, 64, 6, 6))
    (None, 10)
    """

    num_units: int = structural(check=positive)
    W: Any = initial(GlorotUniform())
    b: Any = initial(Constant(0.0))
    nonlinearity: Any = structural(UNSET, check=function)

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Rows of `num_units`."""
        return (None, self.num_units)

    def param_specs(self, *input_shapes: Shape) -> dict[str, ParamSpec]:
        """``W`` and, where there are biases, ``b``."""
        specs = {"W": ParamSpec((math.prod(input_shapes[0][1:]), self.num_units), self.W)}
        if self.b is not None:
            specs["b"] = ParamSpec((self.num_units,), self.b, regularizable=False)
        return specs

    def apply(self, params: Params, state: Params, *inputs, ctx: Context):
        """Multiply, add, bend."""
        x = inputs[0].reshape(inputs[0].shape[0], -1) @ params["W"]
        return self.activate(x + params["b"] if "b" in params else x), state
