"""Input layers."""

from __future__ import annotations

from dataclasses import dataclass, field

import jax

from ..errors import LayerError
from ..utils.checks import positive
from ..utils.fields import structural
from .base import Context, Layer, Output, Params
from .shapes import Shape

__all__ = ["InputLayer"]


@dataclass(frozen=True)
class InputLayer(Layer):
    """Input of the network.

    Parameters
    ----------
    shape : tuple of int or None
        Shape of the input, starting with the batch, images channels first: ``(None, 1, 28, 28)``.
        If omitted, it is inferred from X. With None for further sizes, ``(None, 1, None, None)``,
        the net takes rows of any size, if the parameters of its layers do not depend on it.

    Examples
    --------
    >>> InputLayer((None, 1, 28, 28)).output_shape()
    (None, 1, 28, 28)
    """

    incoming: None = field(default=None, init=False, repr=False, metadata={"kind": "graph"})
    shape: Shape = structural()

    layout = "any"

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Return `shape`, with None for the batch."""
        rows = self.shape[1:] if isinstance(self.shape, tuple) else ()
        if not rows or any(map(positive, rows)):
            raise LayerError(
                "shape must be a batch size or None, then positive sizes, as in (None, 1, 28, 28), "
                f"got {self.shape!r}"
            )
        return (None, *map(int, rows))

    def apply(self, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
        """Return the input."""
        return inputs[0], state
