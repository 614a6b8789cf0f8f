"""Where data enter the network."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..errors import LayerError
from ..utils.checks import positive
from ..utils.fields import structural
from .base import Context, Layer, Params
from .shapes import Shape

__all__ = ["InputLayer"]


@dataclass(frozen=True)
class InputLayer(Layer):
    """Where data enter the network.

    Parameters
    ----------
    shape : tuple of int or None
        Shape of the input, the batch first, images channels first: ``(None, 1, 28, 28)``. Where
        it is missing, it comes from X.

    Examples
    --------
    >>> InputLayer((None, 1, 28, 28)).output_shape()
    (None, 1, 28, 28)
    """

    incoming: None = field(default=None, init=False, repr=False, metadata={"kind": "graph"})
    shape: Shape = structural()

    layout = "any"

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Return the shape, with the batch left open."""
        rows = self.shape[1:] if isinstance(self.shape, tuple) else ()
        if not rows or any(map(positive, rows)):
            raise LayerError(
                f"shape={self.shape!r} is not a batch size (or None) and positive sizes, "
                "as in (None, 1, 28, 28)"
            )
        return (None, *map(int, rows))

    def apply(self, params: Params, state: Params, *inputs, ctx: Context):
        """Pass the data on."""
        return inputs[0], state
