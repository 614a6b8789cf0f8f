"""Fully connected layers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import jax

from ..errors import LayerError
from ..init import Constant, GlorotUniform
from ..utils.checks import flag, is_integer, optional_callable, positive
from ..utils.fields import UNSET, initial, structural
from .base import Context, Layer, Output, Params, ParamSpec, add_biases, bias_specs
from .shapes import Shape, need_channels

__all__ = ["DenseLayer", "NINLayer"]


def _leading(value: Any) -> str | None:
    """Check for a number of leading axes."""
    valid = "a positive integer, or a negative one to count the other axes"
    return None if is_integer(value) and value != 0 else valid


@dataclass(frozen=True)
class DenseLayer(Layer):
    """Fully connected layer, ``nonlinearity(x @ W + b)``.

    Parameters
    ----------
    num_units : int
        Number of units. At the output it may be omitted and is inferred from y; layers without
        units of their own may follow.
    W : initializer, array or name of a layer
        Weights of shape ``(inputs, num_units)``, where `inputs` is the product of the axes that
        are not kept.
    b : initializer, array, name of a layer, or None
        Biases of shape ``(num_units,)``.
    nonlinearity : callable or None
        By default `rectify`, and at the output that of the task; None is the identity.
    num_leading_axes : int
        Number of axes to keep. 1 keeps the samples and flattens the others, and 2 applies the same
        weights at each time step of sequences ``(n, time, features)``. A negative number is that
        of the axes that are not kept: -1 applies the weights along the last axis.

    Examples
    --------
    >>> DenseLayer(num_units=10).output_shape((None, 64, 6, 6))
    (None, 10)
    >>> DenseLayer(num_units=10, num_leading_axes=2).output_shape((None, 25, 64))
    (None, 25, 10)
    """

    num_units: int = structural(check=positive)
    W: Any = initial(GlorotUniform())
    b: Any = initial(Constant(0.0))
    nonlinearity: Any = structural(UNSET, check=optional_callable)
    num_leading_axes: int = structural(1, check=_leading)

    def _kept(self, shape: Shape) -> Shape:
        """Return the sizes of the axes to keep."""
        rank = len(shape)
        if not -rank < self.num_leading_axes < max(rank, 2):  # single numbers have no other axis
            raise LayerError(
                f"num_leading_axes must keep the batch and leave another axis of {shape}, got "
                f"{self.num_leading_axes}"
            )
        return shape[: self.num_leading_axes]

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Return the sizes of the leading axes, and the number of units."""
        return (*self._kept(input_shapes[0]), self.num_units)

    def positions(self, *input_shapes: Shape) -> int:
        """Return the product of the leading axes of a row."""
        return math.prod(n or 1 for n in self._kept(input_shapes[0])[1:])

    def param_specs(self, *input_shapes: Shape) -> dict[str, ParamSpec]:
        """Return ``W`` and, unless it is None, ``b``."""
        inputs = math.prod(input_shapes[0][self.num_leading_axes :])
        W = ParamSpec((inputs, self.num_units), self.W)
        return {"W": W} | bias_specs(self.b, (None, self.num_units), untied=False)

    def apply(self, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
        """Return ``nonlinearity(x @ W + b)``."""
        x = inputs[0]
        # one matrix product over all positions, as for NINLayer
        out = add_biases(x.reshape(-1, params["W"].shape[0]) @ params["W"], params, untied=False)
        return self.activate(out.reshape(*self._kept(x.shape), out.shape[-1])), state


@dataclass(frozen=True)
class NINLayer(Layer):
    """Network in network: a dense layer at each position, a 1x1 convolution (Lin et al. 2013).

    Parameters
    ----------
    num_units : int
        Number of units, the channels of the output.
    untie_biases : bool
        Whether each position has its own biases.
    W : initializer, array or name of a layer
        Weights of shape ``(channels, num_units)``.
    b : initializer, array, name of a layer, or None
        Biases of shape ``(num_units,)`` or, if untied, ``(num_units, ...)``.
    nonlinearity : callable or None
        By default `rectify`; None is the identity.

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
        """Return the input's shape with one channel per unit."""
        need_channels(input_shapes[0])
        return (None, self.num_units, *input_shapes[0][2:])

    def param_specs(self, *input_shapes: Shape) -> dict[str, ParamSpec]:
        """Return ``W`` and, unless it is None, ``b``."""
        W, out = (input_shapes[0][1], self.num_units), self.output_shape(*input_shapes)
        return {"W": ParamSpec(W, self.W)} | bias_specs(self.b, out, untied=self.untie_biases)

    def apply(self, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
        """Return ``nonlinearity(x @ W + b)``."""
        x = inputs[0]
        # with more than two axes, XLA's gradient of W takes three times as long on the CPU
        out = x.reshape(-1, x.shape[-1]) @ params["W"]
        out = add_biases(out.reshape(*x.shape[:-1], -1), params, untied=self.untie_biases)
        return self.activate(out), state
