"""Layers that have something to show: filters, or images that they put out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..data.inputs import Rows
from ..errors import describe_layer
from ..layers.base import Context
from ..network.views import FittedLayer, layers_of

Test = Callable[[FittedLayer], bool]


def has_filters(layer: FittedLayer) -> bool:
    """Tell layers whose filters slide over one or two axes."""
    shapes = {parameter.place[1]: parameter.shape for parameter in layer.get_params()}
    rank = len(shapes.get("W", ()))
    return rank in (3, 4) and rank == len(layer.output_shape)


def puts_out_images(layer: FittedLayer) -> bool:
    """Tell layers with channels, height and width."""
    return len(layer.output_shape) == 4


def require_layer(layer: FittedLayer, test: Test, what: str) -> FittedLayer:
    """Return the layer, or raise where it fails a test and name those that do not.

    Parameters
    ----------
    layer : FittedLayer
    test : callable
    what : str
        What a layer is that passes, as in ``'convolutional'``.
    """
    if test(layer):
        return layer
    others = [other.name for other in layers_of(layer.model).values() if test(other)]
    without = "" if layer.get_params() else ", it has no weights"
    raise ValueError(
        f"{describe_layer(layer.name, layer.layer)} is not {what}{without}; these are: "
        f"{', '.join(others) or 'none'}"
    )


def find_layer(net: Any, test: Test, what: str, *, last: bool = False) -> FittedLayer:
    """Find the first layer of a net that passes a test, or the last one."""
    check_is_fitted(net)
    found = list(filter(test, net.layers_.values()))
    if not found:
        raise ValueError(f"the net has no layer that is {what}")
    return found[-1 if last else 0]


def compute_layer_output(layer: FittedLayer, X: Any) -> np.ndarray:
    """Compute what a layer puts out, from rows as the network takes them.

    Parameters
    ----------
    layer : FittedLayer
    X : array-like of shape (n, ...)

    Returns
    -------
    float32 array of shape (n, ...)
    """
    model, X = layer.model, np.asarray(X, np.float32)
    network = model.network
    rows = Rows({None: X.reshape(len(X), -1)}, {None: X.shape[1:]}).arrange(network.inputs)
    inputs = {name: jnp.asarray(array) for name, array in rows.take(np.arange(len(X))).items()}
    args = model.params, model.state, inputs, network.runtime(), Context(False)
    return np.asarray(network.apply(*args, to=[layer.name])[0][0])
