"""The builder of networks as layers and keywords."""

from __future__ import annotations

from typing import Any

from ..init import HeNormal
from ..layers import Conv2DLayer, DenseLayer, GlobalPoolLayer, InputLayer
from ..nonlinearities import rectify
from ..utils.checks import above_zero

RECTIFIED = HeNormal(gain="relu")
"""Initializer of weights before a rectifier (He et al. 2015)."""


class Stack:
    """A network in the making: layers and their keywords.

    Parameters
    ----------
    input_shape : tuple of int or None
        Shape of a row, channels first; None to infer it from X.
    width : float
        Factor on the number of filters and hidden units.

    Raises
    ------
    ValueError
        If `width` is not a positive number.

    Attributes
    ----------
    last : str
        Name of the last layer.

    Examples
    --------
    >>> stack = Stack((1, 28, 28))
    >>> stack.dense('hidden', 100)
    'hidden'
    >>> stack.end(10)['output_num_units']
    10
    """

    def __init__(self, input_shape: tuple[int, ...] | None, width: float = 1.0) -> None:
        check_factor("width", width)
        self.layers: list[tuple[str, type]] = []
        self.keywords: dict[str, Any] = {}
        self.last = ""
        self._width = width
        self.add("input", InputLayer, **_known(shape=input_shape and (None, *input_shape)))

    def add(self, name: str, layer: type, **fields: Any) -> str:
        """Add a layer and return its name."""
        self.layers.append((name, layer))
        self.keywords |= {f"{name}_{field}": value for field, value in fields.items()}
        self.last = name
        return name

    def scaled(self, number: int) -> int:
        """Return a number of filters scaled by `width`, which makes it even."""
        return number if self._width == 1 else max(2, 2 * round(number * self._width / 2))

    def conv(self, name: str, num_filters: int, filter_size: int, **fields: Any) -> str:
        """Add a convolution, by default with the padding that keeps the size of the image."""
        given = {"pad": "same", "W": RECTIFIED, **fields}
        filters = self.scaled(num_filters)
        return self.add(name, Conv2DLayer, num_filters=filters, filter_size=filter_size, **given)

    def dense(self, name: str, num_units: int, **fields: Any) -> str:
        """Add a hidden layer."""
        units = self.scaled(num_units)
        return self.add(name, DenseLayer, num_units=units, W=RECTIFIED, **fields)

    def end(self, num_classes: int | None) -> dict[str, Any]:
        """Add the output and return the network; None infers the classes from y."""
        self.output("output", num_classes)
        return {"layers": self.layers, **self.keywords}

    def end_in_conv(self, name: str, num_classes: int | None, **fields: Any) -> dict[str, Any]:
        """Add a 1x1 convolution with one filter per class and their mean, the output."""
        filters = _known(num_filters=num_classes)
        self.add(name, Conv2DLayer, filter_size=1, nonlinearity=rectify, **filters, **fields)
        self.add("output", GlobalPoolLayer)
        return {"layers": self.layers, **self.keywords}

    def output(self, name: str, num_classes: int | None) -> str:
        """Add an output layer with one unit per class."""
        return self.add(name, DenseLayer, **_known(num_units=num_classes))


def check_factor(name: str, value: Any) -> None:
    """Raise `ValueError` for a factor on the size of a network that is not a positive number."""
    if problem := above_zero(value):
        raise ValueError(f"{name} must be {problem}, got {value!r}")


def _known(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
