"""Grad-CAM: where a convolutional layer finds evidence for a class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from ..network.views import FittedLayer, name_of
from .attribution import plot_attribution
from .base import Size
from .gradients import iterate_gradients
from .layer_selection import find_layer, has_filters, require_layer
from .output_view import view_output
from .wrapped_net import unwrap_with_rows

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def grad_cam(
    net: Any,
    X: Any,
    target: Any = None,
    *,
    layer: str | int | FittedLayer | None = None,
    output: str | None = None,
    resize: bool = True,
) -> np.ndarray:
    """Compute where a layer finds evidence for a class.

    The map is the sum of the layer's channels, each weighted by the mean gradient of the class
    score with respect to it, with negative values set to zero (Selvaraju et al. 2017).

    Parameters
    ----------
    net : NeuralNet, or Pipeline or search that has one
    X : array-like, DataFrame, sparse matrix, or dict of arrays
        Samples as in `fit`.
    target : label, index of a predicted number, or array-like of shape (n,), optional
        Class to explain, for all samples or each; by default the most likely class of each.
    layer : str, int or FittedLayer, optional
        A layer whose output has channels and positions; by default the last convolutional one.
    output : str, optional
        Name of the output layer; by default the first.
    resize : bool
        Whether maps of images are interpolated to the size of the images.

    Returns
    -------
    float32 array of shape (n, height, width)

    Raises
    ------
    NotFittedError
        If the net is not fitted.
    ValueError
        If the layer's output has no positions, if the net has no such layer, output or class, or
        if it does not accept X.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skconv import NeuralNet
    >>> digits = load_digits()
    >>> X = digits.images[:, None] / 16
    >>> net = NeuralNet(max_epochs=1).fit(X, digits.target)
    >>> grad_cam(net, X[:5], target=3).shape
    (5, 8, 8)
    """
    net, X = unwrap_with_rows(net, X)
    view_output(net, output)
    if layer is None:
        chosen = find_layer(net, has_filters, "a convolutional layer", last=True)
    else:
        chosen = net.layers_[name_of(layer, net.network_)]
    require_layer(chosen, _has_positions, "a layer with channels and positions")
    maps = []
    for batch in iterate_gradients(net, X, target, layer=chosen, output=output):
        positions = tuple(range(2, batch.outputs.ndim))
        weights = batch.gradients.mean(axis=positions, keepdims=True)
        maps.append(np.maximum((weights * batch.outputs).sum(axis=1), 0))
    heat = np.concatenate(maps)
    rows = net._fitted().rows(X).shapes.values()
    sizes = [row[1:] for row in rows if len(row) == heat.ndim]
    if not resize or not sizes:
        return heat
    return np.asarray(jax.image.resize(heat, (len(heat), *sizes[0]), "bilinear"))


def plot_grad_cam(
    net: Any,
    X: Any,
    figsize: Size = (9, None),
    *,
    target: Any = None,
    layer: str | int | FittedLayer | None = None,
    output: str | None = None,
    ax: Any = None,
) -> Figure:
    """Plot where a layer finds evidence for a class.

    Each row shows an image, its `grad_cam` map, and an overlay of both.

    Parameters
    ----------
    net : NeuralNet, or Pipeline or search that has one
    X : array-like of shape (images, channels, height, width)
    figsize : (float, float or None)
        Size of a new figure in inches; a height of None keeps the proportions of the images.
    target, layer, output
        As in `grad_cam`.
    ax : Axes, optional
        Axes to draw on; by default a new figure.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use('Agg')
    >>> from sklearn.datasets import load_digits
    >>> from skconv import NeuralNet
    >>> digits = load_digits()
    >>> X = digits.images[:, None] / 16
    >>> net = NeuralNet(max_epochs=1).fit(X, digits.target)
    >>> figure = plot_grad_cam(net, X[:2])
    >>> matplotlib.pyplot.close(figure)
    """
    net, X = unwrap_with_rows(net, X)
    return plot_attribution(
        net,
        X,
        lambda images, targets, output: grad_cam(net, images, targets, layer=layer, output=output),
        target=target,
        output=output,
        emphasis="high",
        title="Grad-CAM",
        ax=ax,
        figsize=figsize,
    )


def _has_positions(layer: FittedLayer) -> bool:
    return len(layer.output_shape) > 2
