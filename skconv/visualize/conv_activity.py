"""Feature maps of a layer for one image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..network.views import FittedLayer
from .base import SMALL, ImagePlotter, Size, pages, panels, square, strip_axes
from .layer_selection import (
    compute_layer_output,
    find_layer,
    has_filters,
    has_image_output,
    require_layer,
)
from .wrapped_net import unwrap_with_rows

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PER_PAGE = 99
"""Channels on a page, besides the image."""

IMAGE_LAYER = "a layer whose output has channels, height and width"


def plot_conv_activity(
    layer: Any,
    x: Any,
    figsize: Size = (6, None),
    *,
    page: int = 1,
    ax: Any = None,
) -> Figure:
    """Plot an image and the feature maps of a layer for it.

    Parameters
    ----------
    layer : FittedLayer, NeuralNet, or Pipeline or search that has one
        An entry of ``net.layers_``, or a net for its first convolutional layer.
    x : array-like of shape (1, channels, height, width)
        The image.
    figsize : (float, float or None)
        Size of a new figure in inches; a height of None keeps the proportions.
    page : int
        Number of the page, from one; each has 99 channels.
    ax : Axes, optional
        Axes to draw on; by default a new figure.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If the output of the layer has no height and width, or if x is not a single image.

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
    layer, x = unwrap_with_rows(layer, x)
    if isinstance(layer, FittedLayer):
        require_layer(layer, has_image_output, IMAGE_LAYER)
        image = _check_image(x)
        maps = compute_layer_output(layer, image)[0]
    else:
        net, layer = layer, find_layer(layer, has_filters, "a convolutional layer")
        image = _check_image(x)
        maps = net.get_output(require_layer(layer, has_image_output, IMAGE_LAYER), image)[0]
    on_page, page_title = pages(len(maps), page, PER_PAGE)
    rows, columns = square(len(on_page) + 1)
    cell = (1.0, maps.shape[1] / maps.shape[2])
    figure, grid = panels(rows, columns, cell, ax=ax, figsize=figsize, title_height=0.06)
    for axes in grid.flat:
        axes.set_axis_off()
    ImagePlotter(image)(grid[0, 0], image[0])
    strip_axes(grid[0, 0], "image")
    low, high = min(0.0, maps.min()), maps.max()
    for axes, i in zip(grid.flat[1:], on_page, strict=False):
        axes.imshow(maps[i], cmap="inferno", vmin=low, vmax=high)
    title = ", ".join(filter(None, (f"{len(maps)} channels of {layer.name!r}", page_title)))
    (figure.suptitle if ax is None else ax.set_title)(title, fontsize=SMALL + 1)
    return figure


def _check_image(x: Any) -> np.ndarray:
    """Check for one image; the network checks its shape."""
    x = np.asarray(x)
    if x.ndim != 4 or len(x) != 1:
        raise ValueError(
            f"x must be one image of shape (1, channels, height, width), got {x.shape}"
        )
    return x
