"""Layers that invert others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax

from ..errors import LayerError
from .base import Context, Layer, Output, Params, layer_reference
from .shapes import Shape

__all__ = ["InverseLayer"]


@dataclass(frozen=True)
class InverseLayer(Layer):
    """Map from the shape of another layer's output back to the shape of its input.

    As in Lasagne, the input is multiplied by the transposed Jacobian of that layer at its current
    input and parameters: a maximum returns to its position (Zeiler and Fergus 2014), a convolution
    becomes a transposed convolution with the same filters, and a linear dense layer ``x @ W.T``.
    The Jacobian includes the layer's nonlinearity.

    Parameters
    ----------
    layer : Layer or str
        The layer to invert, or its name; it must have one incoming layer.

    Examples
    --------
    >>> from skconv import NeuralNet
    >>> from skconv.layers import InputLayer, MaxPool1DLayer
    >>> net = NeuralNet(
    ...     [('input', InputLayer), ('pool', MaxPool1DLayer), ('unpool', InverseLayer)],
    ...     input_shape=(None, 1, 4),
    ...     pool_pool_size=2,
    ...     unpool_layer='pool',
    ...     regression=True,
    ... )
    >>> net.initialize().layers_['unpool'].output_shape
    (None, 1, 4)
    """

    layer: Any = layer_reference()

    layout = "any"

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Return the shape of the other layer's input."""
        given, made, *taken = input_shapes
        if len(taken) != 1:
            raise LayerError(
                f"layer must be a layer with one incoming layer, got {self.layer!r} with "
                f"{len(taken)}"
            )
        if given != made:
            raise LayerError(
                f"input must have the output shape of {self.layer!r}, {made}, got {given}"
            )
        return taken[0]

    def apply(self, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
        """Return the product with the transposed Jacobian."""
        x, _, taken = inputs
        _, pull_back = jax.vjp(ctx.functions[self.layer], taken)
        return pull_back(x)[0], state
