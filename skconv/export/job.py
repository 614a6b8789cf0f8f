"""What a layer is written from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..layers.shapes import Shape
from .functions import write_function
from .writer import Writer


@dataclass(frozen=True)
class Job:
    """A layer to be written to a graph of ONNX.

    Parameters
    ----------
    writer : Writer
        In the scope of the layer.
    layer : Layer
    inputs : sequence of str
        Names of the values that feed the layer.
    shapes : sequence of tuple
        Their shapes, channels first, with None for the batch.
    shape : tuple
        Shape of the output.
    params : mapping of str to array
        Parameters and state.
    """

    writer: Writer
    layer: Any
    inputs: Sequence[str]
    shapes: Sequence[Shape]
    shape: Shape
    params: Mapping[str, np.ndarray]

    @property
    def x(self) -> str:
        """Name of the first input."""
        return self.inputs[0]

    @property
    def given(self) -> Shape:
        """Shape of the first input."""
        return self.shapes[0]

    def add(self, op: str, *inputs: str, **attributes: Any) -> str:
        """Add a node, as `Writer.add` does."""
        return self.writer.add(op, *inputs, **attributes)

    def param(self, name: str, array: np.ndarray | None = None) -> str:
        """Add a parameter, or another array under its name, and return the name of the constant."""
        return self.writer.constant(self.params[name] if array is None else array, name)

    def spread(self, array: np.ndarray, axes: Sequence[int]) -> np.ndarray:
        """Return an array with new axes of size one."""
        return np.expand_dims(array, tuple(axes))

    def flat(self, x: str, kept: int = 1) -> str:
        """Flatten the axes after the first ones."""
        sizes = [-1] if None in self.given[kept:] else [int(np.prod(self.given[kept:]))]
        shape = self.writer.integers(*[0] * kept, *sizes, name="shape")
        return self.add("Reshape", x, shape)

    def activate(self, x: str, rank: int | None = None) -> str:
        """Apply the field `nonlinearity` along the units of an output."""
        function = getattr(self.layer, "nonlinearity", None)
        rank = len(self.shape) if rank is None else rank
        axis = 1 if self.layer.layout == "channels_last" and rank > 2 else -1
        return write_function(self.writer, function, x, axis)
