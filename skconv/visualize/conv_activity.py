"""What the filters of a layer make of an image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..network.views import FittedLayer
from .base import SMALL, Size, bare, pages, panels, shower, square
from .layer_selection import (
    compute_layer_output,
    find_layer,
    has_filters,
    puts_out_images,
    require_layer,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PER_PAGE = 99
"""Channels on a page, beside the image."""


def plot_conv_activity(
    layer: Any,
    x: Any,
    figsize: Size = (6, None),
    *,
    page: int = 1,
    ax: Any = None,
) -> Figure:
    """Draw an image, and beside it what each filter of a layer makes of it.

    Parameters
    ----------
    layer : FittedLayer or NeuralNet
        An entry of ``net.layers_``; a net stands for its first convolutional layer.
    x : array-like of shape (1, channels, height, width)
        The image.
    figsize : (float, float or None)
        Size of a new figure in inches; a height of None keeps the proportions.
    page : int
        Which 99 of the channels, from one.
    ax : Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        For a layer that puts out no images, and for what is not one image.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use('Agg')
    >>> from sklearn.datasets import load_digits
    >>> from skconv import NeuralNet
    >>> digits = load_digits()
    >>> X = digits.images[:, None] / 16
    >>> net = NeuralNet(max_epochs=1).fit(X, digits.target)
    >>> figure = plot_conv_activity(net.layers_['conv1'], X[:1])
    >>> len([axes for axes in figure.axes if axes.images])
    33
    >>> matplotlib.pyplot.close(figure)
    """
    if isinstance(layer, FittedLayer):
        require_layer(layer, puts_out_images, "one that puts out images")
        image = _one(x)
        maps = compute_layer_output(layer, image)[0]
    else:
        net, layer = layer, find_layer(layer, has_filters, "convolutional")
        image = _one(x)
        maps = net.get_output(
            require_layer(layer, puts_out_images, "one that puts out images"), image
        )[0]
    on_page, word = pages(len(maps), page, PER_PAGE)
    rows, columns = square(len(on_page) + 1)
    cell = (1.0, maps.shape[1] / maps.shape[2])
    figure, grid = panels(rows, columns, cell, ax=ax, figsize=figsize, words=0.06)
    for axes in grid.flat:
        axes.set_axis_off()
    shower(image)(grid[0, 0], image[0])
    bare(grid[0, 0], "image")
    low, high = min(0.0, maps.min()), maps.max()
    for axes, i in zip(grid.flat[1:], on_page, strict=False):
        axes.imshow(maps[i], cmap="inferno", vmin=low, vmax=high)
    title = ", ".join(filter(None, (f"{len(maps)} channels of {layer.name!r}", word)))
    (figure.suptitle if ax is None else ax.set_title)(title, fontsize=SMALL + 1)
    return figure


def _one(x: Any) -> np.ndarray:
    """Check for one image, whose shape is the network's to judge."""
    x = np.asarray(x)
    if x.ndim != 4 or len(x) != 1:
        raise ValueError(
            f"x must hold one image, of shape (1, channels, height, width); its shape is {x.shape}"
        )
    return x
