"""Which pixels an answer is most sensitive to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .base import Size, check_images, heat_rows
from .gradients import iterate_gradients
from .output_view import view_output

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def saliency_map(
    net: Any, X: Any, target: Any = None, *, layer: Any = None, output: str | None = None
) -> np.ndarray:
    """Compute how much the score of a class changes with each pixel.

    The score is what comes before the output's nonlinearity; of the gradient with respect to the
    image the size is taken, and the largest one of the channels (Simonyan et al. 2013).

    Parameters
    ----------
    net : NeuralNet
    X : array-like, DataFrame, sparse matrix, or dict of arrays
        Rows as in `fit`.
    target : label, number of an output, or array-like of shape (n,), optional
        The class asked about, for all rows or each; by default the most likely one of each.
    layer : str, int or FittedLayer, optional
        With respect to whose output; by default the input, where there is one.
    output : str, optional
        Name of the output layer; by default the first.

    Returns
    -------
    float32 array of shape (n, height, width)
        Of rows that are no images, of shape (n, features).

    Raises
    ------
    NotFittedError
        Where the net is not fitted.
    ValueError
        For names, rows or classes that the net does not know.

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
    found = iterate_gradients(net, X, target, layer=layer, output=output)
    sizes = np.concatenate([np.abs(batch.gradients) for batch in found])
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
    """Draw which pixels of images the score of a class is most sensitive to.

    Each row has an image, its map as of `saliency_map`, and both over each other.

    Parameters
    ----------
    net : NeuralNet
    X : array-like of shape (images, channels, height, width)
    figsize : (float, float or None)
        Size of a new figure in inches; a height of None follows from the images.
    target, output
        As of `saliency_map`.
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
    >>> figure = plot_saliency(net, X[:2])
    >>> matplotlib.pyplot.close(figure)
    """
    images, answer = check_images(net, X), view_output(net, output)
    chosen = answer.chosen(target, images)
    maps = saliency_map(net, images, answer.targets(chosen), output=answer.name)
    names = answer.words(images, chosen)
    return heat_rows(images, maps, names, hot="high", heading="saliency", ax=ax, figsize=figsize)
