"""The network for ``layers=None``."""

from __future__ import annotations

from typing import Any

from ..layers import (
    BatchNormLayer,
    Conv2DLayer,
    DenseLayer,
    DropoutLayer,
    InputLayer,
    MaxPool2DLayer,
)


def default(shape: tuple[int, ...]) -> dict[str, Any]:
    """Return a small network for rows of a given shape.

    The input is normalized, so that features of any scale train well. Images of at least 8x8 pixels
    pass through two convolutions; all other rows go straight to a hidden layer.

    Parameters
    ----------
    shape : tuple of int
        Shape of a row, images channels first.

    Returns
    -------
    dict
        ``layers`` and their keywords.

    Examples
    --------
    >>> [name for name, layer in default((4,))['layers']]
    ['input', 'norm', 'hidden', 'output']
    """
    layers = [("input", InputLayer), ("norm", BatchNormLayer)]
    keywords: dict[str, Any] = {"norm_beta": None, "norm_gamma": None, "hidden_num_units": 100}
    if len(shape) == 3 and min(shape[1:]) >= 8:
        for i, filters in enumerate((32, 64), start=1):
            layers += [(f"conv{i}", Conv2DLayer), (f"pool{i}", MaxPool2DLayer)]
            keywords |= {
                f"conv{i}_num_filters": filters,
                f"conv{i}_filter_size": 3,
                f"conv{i}_pad": "same",
                f"pool{i}_pool_size": 2,
            }
        layers.append(("dropout", DropoutLayer))
    layers += [("hidden", DenseLayer), ("output", DenseLayer)]
    return {"layers": layers, **keywords}
