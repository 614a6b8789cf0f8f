"""Where a convolutional layer finds what speaks for a class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from ..network.views import name_of
from .base import Size, check_images, heat_rows
from .gradients import iterate_gradients
from .layer_selection import find_layer, has_filters, require_layer
from .output_view import view_output

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def grad_cam(
    net: Any,
    X: Any,
    target: Any = None,
    *,
    layer: Any = None,
    output: str | None = None,
    resize: bool = True,
) -> np.ndarray:
    """Compute where a layer finds what speaks for a class.

    The channels of the layer are added up, each times the mean over all places of the gradient of
    the class's score with respect to it; what speaks against the class counts as zero (Selvaraju
    et al. 2017).

    Parameters
    ----------
    net : NeuralNet
    X : array-like, DataFrame, sparse matrix, or dict of arrays
        Rows as in `fit`.
    target : label, number of an output, or array-like of shape (n,), optional
        The class asked about, for all rows or each; by default the most likely one of each.
    layer : str, int or FittedLayer, optional
        A layer with channels and places; by default the last convolutional one.
    output : str, optional
        Name of the output layer; by default the first.
    resize : bool
        Whether the maps of images are interpolated to their size.

    Returns
    -------
    float32 array of shape (n, height, width)

    Raises
    ------
    NotFittedError
        Where the net is not fitted.
    ValueError
        For a layer without places, and names, rows or classes that the net does not know.

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
    view_output(net, output)
    if layer is None:
        chosen = find_layer(net, has_filters, "convolutional", last=True)
    else:
        chosen = net.layers_[name_of(layer, net.network_)]
    require_layer(chosen, lambda one: len(one.output_shape) > 2, "one with channels and places")
    maps = []
    for batch in iterate_gradients(net, X, target, layer=chosen, output=output):
        places = tuple(range(2, batch.outputs.ndim))
        weights = batch.gradients.mean(axis=places, keepdims=True)
        maps.append(np.maximum((weights * batch.outputs).sum(axis=1), 0))
    found = np.concatenate(maps)
    sizes = [shape[2:] for shape in net.network_.inputs.values() if len(shape) == found.ndim + 1]
    if not resize or not sizes:
        return found
    return np.asarray(jax.image.resize(found, (len(found), *sizes[0]), "bilinear"))


def plot_grad_cam(
    net: Any,
    X: Any,
    figsize: Size = (9, None),
    *,
    target: Any = None,
    layer: Any = None,
    output: str | None = None,
    ax: Any = None,
) -> Figure:
    """Draw where a layer finds what speaks for a class.

    Each row has an image, its map as of `grad_cam`, and both over each other.

    Parameters
    ----------
    net : NeuralNet
    X : array-like of shape (images, channels, height, width)
    figsize : (float, float or None)
        Size of a new figure in inches; a height of None follows from the images.
    target, layer, output
        As of `grad_cam`.
    ax : Axes, optional
        Where to draw; by default a new figure.

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
    images, answer = check_images(net, X), view_output(net, output)
    chosen = answer.chosen(target, images)
    maps = grad_cam(net, images, answer.targets(chosen), layer=layer, output=answer.name)
    names = answer.words(images, chosen)
    return heat_rows(images, maps, names, hot="high", heading="Grad-CAM", ax=ax, figsize=figsize)
