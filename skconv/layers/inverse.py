"""Layers that undo others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax

from ..errors import LayerError
from .base import Context, Layer, Params, layer_reference
from .shapes import Shape

__all__ = ["InverseLayer"]


@dataclass(frozen=True)
class InverseLayer(Layer):
    """Carry back what has the shape of another layer's output to the shape of its input.

    As in Lasagne it is multiplied by the transposed derivative of that layer at its present input
    and parameters: a maximum goes back to where it came from (Zeiler and Fergus 2014), a
    convolution becomes a transposed one with the same filters, and a linear dense layer
    ``x @ W.T``. The derivative of the layer's nonlinearity counts as well.

    Parameters
    ----------
    layer : Layer or str
        The layer to undo, or its name; it has one incoming layer.

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
        """The shape of the other layer's input."""
        given, made, *taken = input_shapes
        if len(taken) != 1:
            raise LayerError(
                f"layer={self.layer!r} has {len(taken)} incoming layers; only what one "
                "layer feeds can be undone"
            )
        if given != made:
            raise LayerError(f"takes the shape that {self.layer!r} puts out, {made}, got {given}")
        return taken[0]

    def apply(self, params: Params, state: Params, *inputs, ctx: Context):
        """Multiply by the transposed derivative."""
        x, _, taken = inputs
        _, pull_back = jax.vjp(ctx.functions[self.layer], taken)
        return pull_back(x)[0], state
