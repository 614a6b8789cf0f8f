"""Selection of layers to plot, and the output of a single layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

from ..data.iterators import BatchIterator
from ..data.rows import Rows
from ..errors import describe_layer
from ..network.views import FittedLayer, layers_of
from ..training.entering import inputs_of
from ..training.output_rows import predict_rows

Test = Callable[[FittedLayer], bool]


def has_filters(layer: FittedLayer) -> bool:
    """Return whether a layer has filters that slide over one or two axes."""
    shapes = {parameter.place[1]: parameter.shape for parameter in layer.get_params()}
    rank = len(shapes.get("W", ()))
    return rank in (3, 4) and rank == len(layer.output_shape)


def has_image_output(layer: FittedLayer) -> bool:
    """Return whether the output of a layer has channels, height and width."""
    return len(layer.output_shape) == 4


def require_layer(layer: FittedLayer, test: Test, what: str) -> FittedLayer:
    """Return a layer, or raise an error with the names of valid layers if it fails a test.

    Parameters
    ----------
    layer : FittedLayer
    test : callable
    what : str
        Description of the layers that pass, such as ``'a convolutional layer'``.
    """
    if test(layer):
        return layer
    valid = [other.name for other in layers_of(layer.model).values() if test(other)]
    reason = "" if layer.get_params() else ", but has no weights"
    raise ValueError(
        f"{describe_layer(layer.name, layer.layer)} must be {what}{reason}; valid layers: "
        f"{', '.join(valid) or 'none'}"
    )


def find_layer(net: Any, test: Test, what: str, *, last: bool = False) -> FittedLayer:
    """Return the first layer of a net that passes a test, or the last one."""
    check_is_fitted(net)
    passed = list(filter(test, net.layers_.values()))
    if not passed:
        raise ValueError(f"the net must have {what}")
    return passed[-1 if last else 0]


def compute_layer_output(layer: FittedLayer, X: ArrayLike) -> np.ndarray:
    """Compute the output of a layer from the input of its network.

    Parameters
    ----------
    layer : FittedLayer
    X : array-like of shape (n, ...)

    Returns
    -------
    float32 array of shape (n, ...)
    """
    X = np.asarray(X, np.float32)
    network = layer.model.network
    name = next(iter(network.inputs))
    rows = Rows({name: X.reshape(len(X), -1)}, {name: X.shape[1:]}).arrange(inputs_of(network))
    return predict_rows(layer.model, rows, BatchIterator(len(X)), to=layer.name)
