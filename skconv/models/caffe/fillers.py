"""Initial values of parameters, which Caffe calls fillers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...errors import did_you_mean
from ...init import Constant, GlorotNormal, GlorotUniform, HeNormal, HeUniform, Normal, Uniform
from .numbers import plain

FAN_IN, FAN_OUT = 0, 1

LARGEST = 10**8
"""Most weights that are computed here."""


def _scaled(by_inputs: Any, by_average: Any) -> Callable[[Any], Any]:
    def make(filler: Any) -> Any:
        if filler.variance_norm == FAN_OUT:
            raise ValueError(
                f"variance_norm of the filler {filler.type!r} must be FAN_IN or AVERAGE, got "
                "FAN_OUT"
            )
        return by_inputs if filler.variance_norm == FAN_IN else by_average

    return make


FILLERS: dict[str, Callable[[Any], Any]] = {
    "constant": lambda filler: Constant(plain(filler.value)),
    "gaussian": lambda filler: Normal(plain(filler.std), plain(filler.mean)),
    "uniform": lambda filler: Uniform((plain(filler.min), plain(filler.max))),
    "xavier": _scaled(HeUniform(), GlorotUniform()),
    "msra": _scaled(HeNormal("relu"), GlorotNormal("relu")),
}
"""Initializers by the name of the filler. Caffe's xavier depends on the inputs alone."""


def fillers(param: Any, shape: tuple[int, ...], **names: str) -> dict[str, Any]:
    """Return the fields of a layer for the initial values that its file gives.

    Parameters
    ----------
    param : google.protobuf.message.Message
    shape : tuple of int
        Shape of the weights of the layer, for ``bilinear``.
    **names : str
        Fields of `param` by those of the layer, as in ``W='weight_filler'``.

    Returns
    -------
    dict of str to object
        Without those that the file does not give.

    Raises
    ------
    ValueError
        If a filler is unknown.
    """
    return {
        name: _initializer(getattr(param, field), shape)
        for name, field in names.items()
        if param.HasField(field)
    }


def _initializer(filler: Any, shape: tuple[int, ...]) -> Any:
    if filler.type == "bilinear":
        if math.prod(shape) > LARGEST:
            raise ValueError(f"the filler 'bilinear' must have at most {LARGEST:,} weights")
        return bilinear(shape)
    if filler.type not in FILLERS:
        hint = did_you_mean(filler.type, [*FILLERS, "bilinear"])
        raise ValueError(f"the filler {filler.type!r} is unknown.{hint}")
    return FILLERS[filler.type](filler)


def bilinear(shape: tuple[int, ...]) -> np.ndarray:
    """Return filters that interpolate linearly between pixels, all of them the same.

    Parameters
    ----------
    shape : tuple of int
        Shape of the filters, which end in height and width.

    Examples
    --------
    >>> bilinear((1, 1, 4, 4))[0, 0, 1].tolist()
    [0.1875, 0.5625, 0.5625, 0.1875]
    """
    factor = math.ceil(shape[-1] / 2)
    center = (2 * factor - 1 - factor % 2) / (2 * factor)
    y, x = (1 - np.abs(np.arange(size) / factor - center) for size in shape[-2:])
    return np.broadcast_to(np.outer(y, x), shape).astype(np.float32)
