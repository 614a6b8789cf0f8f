"""Layers for special purposes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .base import UNSET, Context, Layer, Params, Shape, function, structural

__all__ = ["NonlinearityLayer"]


@dataclass(frozen=True)
class NonlinearityLayer(Layer):
    """A nonlinearity on its own.

    Parameters
    ----------
    nonlinearity : callable or None
        `rectify`, and at the output what the task asks for; None is the identity.

    Examples
    --------
    >>> NonlinearityLayer().output_shape((None, 32, 13, 13))
    (None, 32, 13, 13)
    """

    nonlinearity: Any = structural(UNSET, check=function)

    layout = "channels_last"

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """The shape of the input."""
        return input_shapes[0]

    def apply(self, params: Params, state: Params, *inputs, ctx: Context):
        """Bend."""
        return self.activate(inputs[0]), state
