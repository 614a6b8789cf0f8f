"""Heat maps of attributions: one figure for all methods."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from .base import SMALL, ImagePlotter, Size, check_images, panels, strip_axes
from .output_view import view_output

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BRIGHTNESS = 0.5
"""Brightness of an image under a heat map, whose colors would be lost on white."""

Emphasis = Literal["high", "low", "far"]
"""Values that a heat map emphasizes: high ones, low ones, or those far from zero."""


def plot_attribution(
    net: Any,
    X: Any,
    compute: Callable[[np.ndarray, np.ndarray, str], Iterable[np.ndarray]],
    *,
    target: Any,
    output: str | None,
    emphasis: Emphasis,
    title: str,
    ax: Any,
    figsize: Size,
) -> Figure:
    """Plot the heat maps of an attribution method, one row per image.

    Parameters
    ----------
    net : NeuralNet
    X : array-like of shape (images, channels, height, width)
    compute : callable
        ``(images, targets, output) -> maps`` of shape (height, width), one per image; `output` is
        the name of the output layer.
    target : label, index, array-like of shape (images,), or None
        Class or number to explain, for all images or each; None for the most likely class.
    output : str or None
        Name of the output layer; None for the first.
    emphasis : 'high', 'low' or 'far'
        Values that stand out: high ones, low ones, or those far from zero.
    title : str
        Title of the maps.
    ax, figsize
        As in `panels`.

    Returns
    -------
    Figure
    """
    images, view = check_images(net, X), view_output(net, output)
    X = np.asarray(X)
    columns = view.choose_columns(target, X)
    maps = compute(X, view.targets(columns), view.name)
    captions = view.captions(X, columns)
    return plot_heat_maps(
        images, maps, captions, emphasis=emphasis, title=title, ax=ax, figsize=figsize
    )


def plot_heat_maps(
    images: np.ndarray,
    maps: Iterable[np.ndarray],
    captions: Sequence[str],
    *,
    emphasis: Emphasis,
    title: str,
    ax: Any,
    figsize: Size,
) -> Figure:
    """Plot each image in a row with its heat map and an overlay of both.

    Parameters
    ----------
    images : array of shape (n, channels, height, width)
    maps : n arrays of shape (height, width)
    captions : sequence of n str
        Titles of the images.
    emphasis : 'high', 'low' or 'far'
        Values that stand out: high ones, low ones, or those far from zero.
    title : str
        Title of the maps.
    ax, figsize
        As in `panels`.

    Returns
    -------
    Figure
    """
    height, width = images.shape[2:]
    figure, grid = panels(
        len(images), 3, (3.0, 2.7 * height / width + 0.3), ax=ax, figsize=figsize or (9, None)
    )
    draw_image = ImagePlotter(images)
    for axes, image, heat, caption in zip(grid, images, maps, captions, strict=True):
        draw_image(axes[0], image)
        draw_image(axes[2], image, brightness=BRIGHTNESS)
        colors, alpha = _coloring(heat, emphasis)
        drawn = axes[1].imshow(heat, **colors)
        bar = figure.colorbar(drawn, cax=axes[1].inset_axes((1.03, 0.0, 0.05, 1.0)))
        bar.ax.tick_params(labelsize=SMALL - 2)
        bar.outline.set_visible(False)
        axes[2].imshow(heat, alpha=alpha, **colors)
        for panel, text in zip(axes, (caption, title, "both"), strict=True):
            strip_axes(panel, text)
    return figure


def _coloring(heat: np.ndarray, emphasis: Emphasis) -> tuple[dict[str, Any], np.ndarray]:
    """Return the color map and limits of a heat map, and its opacity over the image."""
    if emphasis == "far":
        limit = np.abs(heat).max() or 1.0
        return {"cmap": "RdBu_r", "vmin": -limit, "vmax": limit}, np.sqrt(np.abs(heat) / limit)
    low, high = heat.min(), heat.max()
    share = (heat - low) / ((high - low) or 1.0)
    colors = {"cmap": "inferno" if emphasis == "high" else "inferno_r", "vmin": low, "vmax": high}
    return colors, 0.75 * (share if emphasis == "high" else 1 - share)
