"""The network for ``layers=None``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..layers import (
    Conv2DLayer,
    DenseLayer,
    DropoutLayer,
    InputLayer,
    MaxPool2DLayer,
    NormalizationLayer,
)

HIDDEN_LAYER_SIZES = (100,)
"""Number of units of each hidden layer by default, as in scikit-learn."""

INPUT_NAMES = ("input",)
"""Names of the input layers."""

DENSE_DROPOUT = 0.3
"""Probability of dropout after dense hidden layers, chosen on scikit-learn's small data sets."""


def default(
    shape: tuple[int, ...], hidden_layer_sizes: int | Sequence[int] = HIDDEN_LAYER_SIZES
) -> dict[str, Any]:
    """Return a small network for rows of a given shape.

    The input is standardized, so that features of any scale train well. Images of at least 8x8
    pixels pass through two convolutions; all other rows go straight to the hidden layers. Dropout
    comes after the convolutions or, without them, after the hidden layers.

    Parameters
    ----------
    shape : tuple of int
        Shape of a row, images channels first.
    hidden_layer_sizes : int or sequence of int
        Number of units of each hidden layer.

    Returns
    -------
    dict
        ``layers`` and their keywords.

    Examples
    --------
    >>> [name for name, layer in default((4,))['layers']]
    ['input', 'norm', 'hidden', 'dropout', 'output']
    >>> [name for name, layer in default((4,), (50, 20))['layers']]
    ['input', 'norm', 'hidden1', 'hidden2', 'dropout', 'output']
    """
    layers = [("input", InputLayer), ("norm", NormalizationLayer)]
    keywords: dict[str, Any] = {}
    convolves = len(shape) == 3 and min(shape[1:]) >= 8
    if convolves:
        for i, filters in enumerate((32, 64), start=1):
            layers += [(f"conv{i}", Conv2DLayer), (f"pool{i}", MaxPool2DLayer)]
            keywords |= {
                f"conv{i}_num_filters": filters,
                f"conv{i}_filter_size": 3,
                f"conv{i}_pad": "same",
                f"pool{i}_pool_size": 2,
            }
    sizes = tuple(np.atleast_1d(hidden_layer_sizes).tolist())
    hidden = []
    for i, size in enumerate(sizes, start=1):
        name = "hidden" if len(sizes) == 1 else f"hidden{i}"
        hidden.append((name, DenseLayer))
        keywords[f"{name}_num_units"] = size
    dropout = ("dropout", DropoutLayer)
    if convolves:
        layers += [dropout, *hidden]
    elif hidden:
        layers += [*hidden, dropout]
        keywords["dropout_p"] = DENSE_DROPOUT
    layers.append(("output", DenseLayer))
    return {"layers": layers, **keywords}
