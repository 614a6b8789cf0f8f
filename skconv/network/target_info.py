"""What a target implies for the output layers that are trained on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from ..errors import LayerError
from ..layers.base import Layer
from ..layers.shapes import Shape
from ..utils.fields import UNSET
from .activation import UNIT_FIELDS


class TargetInfo(NamedTuple):
    """Defaults that a target implies for the output layers trained on it.

    Parameters
    ----------
    num_units : callable, optional
        Returns the number of units of a layer that sets none, or None, given the shape of its
        output with None in their place.
    ending : callable, optional
        Returns the nonlinearity of a layer that sets none, given the shape of its output and the
        axis of its units.
    unit_axis : callable, optional
        Returns the axis of the units, given the shape of the output and the axis by the kind of the
        layer.
    """

    num_units: Callable[[Shape], int | None] | None = None
    ending: Callable[[Shape, int], Any] | None = None
    unit_axis: Callable[[Shape, int], int] | None = None


def with_units(layer: Layer, info: TargetInfo, units: int | None) -> Layer:
    """Return a layer with a number of units if it leaves theirs to the target.

    Parameters
    ----------
    layer : Layer
    info : TargetInfo
        Of the layer, which has no `num_units` unless the layer is an output.
    units : int or None
        None leaves the layer as it is, as does 0.
    """
    unset = [field for field in UNIT_FIELDS if getattr(layer, field, None) is UNSET]
    if not unset or not units or info.num_units is None:
        return layer
    changes: dict[str, Any] = dict.fromkeys(unset, units)
    return replace(layer, **changes)


def with_target_units(
    layer: Layer, info: TargetInfo, shapes: Sequence[Shape], then: Sequence[Layer] = ()
) -> Layer:
    """Return a layer with the number of units that suits the target, if it leaves it to the target.

    Parameters
    ----------
    layer : Layer
    info : TargetInfo
        Of the output.
    shapes : sequence of tuple
        Shapes of the inputs of the layer.
    then : sequence of Layer
        The layers between its output and that of the network. They must keep its units, as a
        GlobalPoolLayer does.

    Raises
    ------
    LayerError
        If the target suits any number of units, or later layers do not keep them.
    """
    one, two = (with_units(layer, info, units) for units in (1, 2))
    if one is layer or info.num_units is None:
        return layer
    made = [made.output_shape(*shapes) for made in (one, two)]
    for other in then:
        try:
            made = [other.output_shape(shape) for shape in made]
        except LayerError:
            return one  # that layer will report it
    sizes = list(zip(*made, strict=True))
    changed = [pair for pair in sizes if len(set(pair)) > 1]
    shape = tuple(size if size == other else None for size, other in sizes)
    keeps_units = not then or changed == [(1, 2)]
    known = with_units(layer, info, info.num_units(shape) if keeps_units else None)
    for problem in known.check():
        raise LayerError(problem)
    return known
