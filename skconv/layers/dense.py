"""Fully connected layers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from ..init import Constant, GlorotUniform
from ..utils.checks import flag, optional_callable, positive
from ..utils.fields import UNSET, initial, structural
from .base import Context, Layer, Params, ParamSpec, add_biases, bias_specs
from .shapes import Shape, need_channels

__all__ = ["DenseLayer", "NINLayer"]


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
    nonlinearity: Any = structural(UNSET, check=optional_callable)

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Rows of `num_units`."""
        return (None, self.num_units)

    def param_specs(self, *input_shapes: Shape) -> dict[str, ParamSpec]:
        """``W`` and, where there are biases, ``b``."""
        W = ParamSpec((math.prod(input_shapes[0][1:]), self.num_units), self.W)
        return {"W": W} | bias_specs(self.b, self.output_shape(*input_shapes), untied=False)

    def apply(self, params: Params, state: Params, *inputs, ctx: Context):
        """Multiply, add, bend."""
        x = inputs[0].reshape(inputs[0].shape[0], -1) @ params["W"]
        return self.activate(add_biases(x, params, untied=False)), state


@dataclass(frozen=True)
class NINLayer(Layer):
    """A dense layer at each place of an image, a convolution of 1x1 (Lin et al. 2013).

    Parameters
    ----------
    num_units : int
        Number of units, the channels of the output.
    untie_biases : bool
        Whether each place has biases of its own.
    W : initialiser, array or name of a layer
        Weights of shape ``(channels, num_units)``.
    b : initialiser, array, name of a layer, or None
        Biases of shape ``(num_units,)``, or ``(num_units, ...)`` for each place.
    nonlinearity : callable or None
        `rectify`; None is the identity.

    Examples
    --------
    >>> NINLayer(num_units=16).output_shape((None, 64, 7, 7))
    (None, 16, 7, 7)
    """

    num_units: int = structural(check=positive)
    untie_biases: bool = structural(False, check=flag)
    W: Any = initial(GlorotUniform())
    b: Any = initial(Constant(0.0))
    nonlinearity: Any = structural(UNSET, check=optional_callable)

    layout = "channels_last"

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Images with a channel for each unit."""
        need_channels(input_shapes[0])
        return (None, self.num_units, *input_shapes[0][2:])

    def param_specs(self, *input_shapes: Shape) -> dict[str, ParamSpec]:
        """``W`` and, where there are biases, ``b``."""
        W, out = (input_shapes[0][1], self.num_units), self.output_shape(*input_shapes)
        return {"W": ParamSpec(W, self.W)} | bias_specs(self.b, out, untied=self.untie_biases)

    def apply(self, params: Params, state: Params, *inputs, ctx: Context):
        """Multiply, add, bend."""
        x = inputs[0]
        # of a product with more axes XLA's gradient of W takes three times the time on the CPU
        out = x.reshape(-1, x.shape[-1]) @ params["W"]
        out = add_biases(out.reshape(*x.shape[:-1], -1), params, untied=self.untie_biases)
        return self.activate(out), state
