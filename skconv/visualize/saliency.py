"""Saliency maps: the pixels that a score is most sensitive to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..network.views import FittedLayer
from .attribution import plot_attribution
from .base import Size
from .gradients import iterate_gradients
from .wrapped_net import unwrap_with_rows

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def saliency_map(
    net: Any,
    X: Any,
    target: Any = None,
    *,
    layer: str | int | FittedLayer | None = None,
    output: str | None = None,
) -> np.ndarray:
    """Compute how sensitive the score of a class is to each pixel.

    This is the absolute gradient of the score, taken before the output's nonlinearity, with
    respect to the image; of several channels the largest value counts (Simonyan et al. 2013).

    Parameters
    ----------
    net : NeuralNet, or Pipeline or search that has one
    X : array-like, DataFrame, sparse matrix, or dict of arrays
        Samples as in `fit`.
    target : label, index of a predicted number, or array-like of shape (n,), optional
        Class to explain, for all samples or each; by default the most likely class of each.
    layer : str, int or FittedLayer, optional
        Layer with respect to whose output the gradient is taken; by default the input, if there
        is only one.
    output : str, optional
        Name of the output layer; by default the first.

    Returns
    -------
    float32 array of shape (n, height, width)
        Of shape (n, features) if the samples are not images.

    Raises
    ------
    NotFittedError
        If the net is not fitted.
    ValueError
        If the net has no such layer, output or class, or does not accept X.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skconv import NeuralNet
    >>> digits = load_digits()
    >>> X = digits.images[:, None] / 16
    >>> net = NeuralNet(max_epochs=1).fit(X, digits.target)
    >>> saliency_map(net, X[:5], target=3).shape
    (5, 8, 8)
    """
    net, X = unwrap_with_rows(net, X)
    batches = iterate_gradients(net, X, target, layer=layer, output=output)
    sizes = np.concatenate([np.abs(batch.gradients) for batch in batches])
    return sizes.max(axis=1) if sizes.ndim > 2 else sizes


def plot_saliency(
    net: Any,
    X: Any,
    figsize: Size = (9, None),
    *,
    target: Any = None,
    output: str | None = None,
    ax: Any = None,
) -> Figure:
    """Plot which pixels of images the score of a class is most sensitive to.

    Each row shows an image, its `saliency_map`, and an overlay of both.

    Parameters
    ----------
    net : NeuralNet, or Pipeline or search that has one
    X : array-like of shape (images, channels, height, width)
    figsize : (float, float or None)
        Size of a new figure in inches; a height of None keeps the proportions of the images.
    target, output
        As in `saliency_map`.
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
    >>> figure = plot_saliency(net, X[:2])
    >>> matplotlib.pyplot.close(figure)
    """
    net, X = unwrap_with_rows(net, X)
    return plot_attribution(
        net,
        X,
        lambda images, targets, output: saliency_map(net, images, targets, output=output),
        target=target,
        output=output,
        emphasis="high",
        title="saliency",
        ax=ax,
        figsize=figsize,
    )
