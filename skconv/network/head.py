"""Output layers, and what scales their outputs back to the units of y."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import numpy as np

from ..init import Constant
from ..layers.base import Params, ParamSpec
from ..layers.shapes import Shape
from .node import Node


class Head(NamedTuple):
    """An output layer.

    Parameters
    ----------
    name : str
    target : int
        Index of the target that the layer is trained on.
    predicted : bool
        False for an auxiliary output, which only adds to the training loss.
    ending : callable, optional
        Nonlinearity applied after a layer that has none of its own.
    scaled : bool
        Whether targets are standardized; the layer's state then holds what scales its output back
        under the names `SCALE`.
    unit_axis : int
        Axis of the units in the output: 1, or -1 if they come after the positions of a row.
    settled : callable, optional
        Nonlinearity whose values the output has because of layers before it.
    """

    name: str
    target: int = 0
    predicted: bool = True
    ending: Any = None
    scaled: bool = False
    unit_axis: int = 1
    settled: Any = None

    def as_declared(self) -> Head:
        """Return the head without what the network adds to it."""
        return self._replace(ending=None, unit_axis=1, settled=None)


SCALE = ("y_mean", "y_scale")
"""Names of the shift and the factor of an output: mean and standard deviation of its targets."""


def scale_specs(shape: Shape) -> dict[str, ParamSpec]:
    """Return the specifications of the shift and the factor that scale an output back."""
    values = zip(SCALE, (0.0, 1.0), strict=True)
    return {
        name: ParamSpec(shape[1:], Constant(value), regularizable=False, trainable=False)
        for name, value in values
    }


def draw_scale(node: Node) -> Params:
    """Return the initial shift and factor of an output; none if its targets are as they are."""
    specs = {name: node.specs[name] for name in SCALE if name in node.specs}
    return {
        name: jax.device_put(np.full(spec.shape, spec.init.val, np.float32))
        for name, spec in specs.items()
    }
