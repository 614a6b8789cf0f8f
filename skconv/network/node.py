"""A layer connected to its inputs."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, NamedTuple

from ..init import Constant
from ..layers.base import Copies, Layer, ParamSpec
from ..layers.shapes import Shape
from ..layers.specs import InitialHolder
from ..utils.fields import fields_of_kind


class Node(NamedTuple):
    """A layer connected to its inputs.

    Parameters
    ----------
    name : str
    layer : Layer
    incomings : tuple of str
        Names of the incoming layers.
    input_shapes : tuple of tuple
    output_shape : tuple
    specs : dict of str to ParamSpec
        Parameters and state of the layer, in order.
    copies : tuple of int
        Copies of each row that the output holds, as returned by `Layer.copies`.
    """

    name: str
    layer: Layer
    incomings: tuple[str, ...]
    input_shapes: tuple[Shape, ...]
    output_shape: Shape
    specs: dict[str, ParamSpec]
    copies: Copies = ()

    @property
    def output_values(self) -> int:
        """Number of values in the output for one row; free sizes count as one."""
        return math.prod(n or 1 for n in self.output_shape[1:]) * math.prod(self.copies)

    def without_initial(self) -> Node:
        """Return the node with placeholders for its initial values."""
        layer = self.layer
        initial = [field.name for field in fields_of_kind(type(layer), "initial")]
        blank: dict[str, Any] = {
            name: Constant() for name in initial if getattr(layer, name) is not None
        }
        blank |= {name: held.without_initial() for name, held in initial_holders(layer).items()}
        specs = {name: replace(spec, init=Constant()) for name, spec in self.specs.items()}
        return self._replace(layer=replace(layer, **blank), specs=specs)


def initial_holders(layer: Layer) -> dict[str, InitialHolder]:
    """Return the fields of a layer that hold initial values inside, such as graphs of layers."""
    names = (field.name for field in fields_of_kind(type(layer), "structural"))
    values = ((name, getattr(layer, name)) for name in names)
    return {name: value for name, value in values if isinstance(value, InitialHolder)}
