"""Filters of a convolutional layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..network.views import FittedLayer
from ..utils.checks import is_integer
from .base import SMALL, Size, pages, panels, square
from .layer_selection import find_layer, has_filters, require_layer
from .wrapped_net import unwrap

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CONVOLUTIONAL = "a convolutional layer over one or two axes"

PER_PAGE = 100
"""Filters on a page; more would be too small to see."""


def plot_conv_weights(
    layer: Any,
    figsize: Size = (6, None),
    *,
    channel: int | None = None,
    page: int = 1,
    ax: Any = None,
) -> Figure:
    """Plot the filters of a convolutional layer.

    Filters of three channels are shown in color, with gray for zero. Filters of one channel are
    blue where they are negative and red where they are positive. All share one scale.

    Parameters
    ----------
    layer : FittedLayer, NeuralNet, or Pipeline or search that has one
        An entry of ``net.layers_``, or a net for its first convolutional layer.
    figsize : (float, float or None)
        Size of a new figure in inches; a height of None keeps the proportions.
    channel : int, optional
        Index of the filters' channel to show; by default all channels if there are three, else
        the first.
    page : int
        Number of the page, from one; each has 100 filters.
    ax : Axes, optional
        Axes to draw on; by default a new figure.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If the layer has no filters over one or two axes, or lacks the channel or page.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use('Agg')
    >>> from sklearn.datasets import load_digits
    >>> from skconv import NeuralNet
    >>> digits = load_digits()
    >>> net = NeuralNet(max_epochs=1).fit(digits.images[:, None] / 16, digits.target)
    >>> figure = plot_conv_weights(net.layers_['conv1'])
    >>> matplotlib.pyplot.close(figure)
    """
    layer = unwrap(layer)
    if not isinstance(layer, FittedLayer):
        layer = find_layer(layer, has_filters, CONVOLUTIONAL)
    layer = require_layer(layer, has_filters, CONVOLUTIONAL)
    filters, filter_title = _filters(layer, channel)
    on_page, page_title = pages(len(filters), page, PER_PAGE)
    rows, columns = square(len(on_page))
    height, width = filters.shape[2:]
    cell = (1.0, height / width)
    figure, grid = panels(rows, columns, cell, ax=ax, figsize=figsize, title_height=0.06)
    limit = np.abs(filters).max() or 1.0
    for axes in grid.flat:
        axes.set_axis_off()
    for axes, i in zip(grid.flat, on_page, strict=False):
        image = filters[i]
        if len(image) == 3:
            axes.imshow(0.5 + image.transpose(1, 2, 0) / (2 * limit))
        else:
            axes.imshow(image[0], cmap="RdBu_r", vmin=-limit, vmax=limit)
    title = f"{len(filters)} filters of {layer.name!r}"
    title = ", ".join(filter(None, (title, filter_title, page_title)))
    (figure.suptitle if ax is None else ax.set_title)(title, fontsize=SMALL + 1)
    return figure


def _filters(layer: FittedLayer, channel: int | None) -> tuple[np.ndarray, str]:
    """Return filters of shape (n, 1 or 3, height, width), and a title for them."""
    W = layer.W.get_value()
    if W.ndim == 3:
        return W[:, None], "channels down, places across"
    channels = W.shape[1]
    if channel is None and channels in (1, 3):
        return W, ""
    channel = channel or 0
    if not is_integer(channel, 0, channels - 1):
        raise ValueError(f"channel must be an integer from 0 to {channels - 1}, got {channel!r}")
    return W[:, [channel]], f"channel {channel} of 0 to {channels - 1}"
