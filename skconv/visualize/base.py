"""Helpers shared by the plots: matplotlib, figures and axes, images and pages."""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..data.inputs import row_shapes, takes_channels_last
from ..utils.image_shapes import describe_rows, mismatch_hint, move_channels_last

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Size = tuple[float, float | None] | None
"""Width and height of a figure in inches; None is replaced by a size that suits the content."""

SMALL = 9
"""Font size of text beside images, in points."""


def pyplot() -> Any:
    """Import matplotlib's pyplot, with a hint on installing it if it is missing."""
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise ImportError(
            "plotting needs matplotlib, which is not installed: pip install 'skconv[plot]'"
        ) from error
    return pyplot


def canvas(ax: Any, figsize: Size, size: tuple[float, float]) -> tuple[Figure, Axes]:
    """Return the figure and axes of a single plot.

    Parameters
    ----------
    ax : Axes or None
        Axes to draw on; None for a new figure.
    figsize : (float, float or None) or None
        Size of a new figure in inches.
    size : (float, float)
        Default for each None in `figsize`.

    Returns
    -------
    Figure, Axes
    """
    if ax is not None:
        return ax.figure, ax
    figure, grid = panels(1, 1, size, ax=None, figsize=figsize)
    return figure, grid[0, 0]


def panels(
    rows: int,
    columns: int,
    cell: tuple[float, float],
    *,
    ax: Any,
    figsize: Size,
    title_height: float = 0.2,
) -> tuple[Figure, np.ndarray]:
    """Return a figure with a grid of axes.

    Parameters
    ----------
    rows, columns : int
    cell : (float, float)
        Default width and height of one panel in inches.
    ax : Axes or None
        Axes to divide into the grid; None for a new figure.
    figsize : (float, float or None) or None
        Size of a new figure in inches; a height of None keeps the proportions.
    title_height : float
        Height in inches of the title above each panel.

    Returns
    -------
    Figure, array of Axes of shape (rows, columns)
    """
    if ax is not None:
        return ax.figure, _insets(rows, columns, ax, title_height)
    width, height = figsize or (None, None)
    width = columns * cell[0] if width is None else width
    height = rows * cell[1] * width / (columns * cell[0]) if height is None else height
    return pyplot().subplots(
        rows, columns, figsize=(width, height), squeeze=False, layout="constrained"
    )


def _insets(rows: int, columns: int, ax: Any, title_height: float) -> np.ndarray:
    """Divide axes into a grid of insets with space for titles between them."""
    ax.set_axis_off()
    height = max(1 / rows - title_height / size_in_inches(ax)[1], 0.4 / rows)
    grid = [
        [
            ax.inset_axes((c / columns, 1 - (r + 1) / rows, 0.92 / columns, height))
            for c in range(columns)
        ]
        for r in range(rows)
    ]
    return np.array(grid)


def size_in_inches(ax: Any) -> np.ndarray:
    """Return the width and height of axes in inches."""
    return ax.get_window_extent().size / ax.figure.dpi


def strip_axes(axes: Axes, title: str = "", **options: Any) -> None:
    """Remove ticks and spines from axes, and set a small title."""
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.set_title(title, fontsize=SMALL, **options)


class ImagePlotter:
    """Function that draws images, all with the same black and white points.

    Parameters
    ----------
    X : array of shape (n, channels, height, width)
        Images that determine the black and white points.
    """

    def __init__(self, X: np.ndarray) -> None:
        low, high = X.min(), X.max()
        if X.dtype == np.uint8:
            low, high = 0, 255
        elif low >= 0 and high <= 1:
            low, high = 0, 1
        self.low, self.span = low, (high - low) or 1

    def __call__(self, axes: Axes, image: np.ndarray, brightness: float = 1.0) -> None:
        """Draw an image: three channels as colors, the mean of any other number as gray."""
        pixels = image.transpose(1, 2, 0) if len(image) == 3 else image.mean(axis=0)
        scaled = brightness * np.clip((pixels - self.low) / self.span, 0, 1)
        axes.imshow(scaled, cmap="gray", vmin=0, vmax=1)


def check_images(net: Any, X: Any) -> np.ndarray:
    """Validate images as a net takes them.

    Parameters
    ----------
    net : NeuralNet
    X : array-like of shape (n, channels, height, width), or as the net's `data_format` says

    Returns
    -------
    float32 or uint8 array of shape (n, channels, height, width)

    Raises
    ------
    NotFittedError
        If the net is not fitted.
    ValueError
        If the net does not take images, or takes images of another shape.
    """
    check_is_fitted(net)
    inputs = net.network_.inputs
    name, expected = next(iter(inputs.items()))
    if len(inputs) > 1 or len(expected) != 4:
        given = ", ".join(f"{name} {shape}" for name, shape in inputs.items())
        raise ValueError(
            f"the net must have a single input of shape (n, channels, height, width), got {given}"
        )
    shape, row = np.shape(X), expected[1:]
    if name in net.network_.free:  # checked with the net's own message
        return net._fitted().rows(X).all()
    if row_shapes({name: X}, net.data_format).get(name) != row:
        last = takes_channels_last(net.data_format, name)
        row = move_channels_last(row) if last else row
        hint = "pass a single image as X[None]" if shape == row else mismatch_hint(shape, row)
        wanted = describe_rows(row)
        raise ValueError(f"X must have shape {wanted}, got {shape}{hint and '; '}{hint}")
    return net._fitted().rows(X).all()


def channels_first(net: Any) -> Any:
    """Return a net that takes images channels first, as `check_images` returns them."""
    copied = copy.copy(net)
    copied.data_format = "channels_first"
    return copied


def check_image(net: Any, x: Any) -> np.ndarray:
    """Validate one image, of shape (1, channels, height, width) or (channels, height, width)."""
    x = np.asarray(x)
    images = check_images(net, x[None] if x.ndim == 3 else x)
    if len(images) > 1:
        raise ValueError(f"x must be a single image, got {len(images)}; pass x[:1]")
    return images


def pages(count: int, page: int, per_page: int) -> tuple[range, str]:
    """Select the items of a page where one figure cannot hold all of them.

    Parameters
    ----------
    count : int
        Number of items.
    page : int
        Number of the page, from one.
    per_page : int

    Returns
    -------
    range, str
        Indices of the items, and a title such as ``'page 2 of 2'``, empty for a single page.

    Examples
    --------
    >>> pages(100, 2, 64)
    (range(64, 100), 'page 2 of 2')
    >>> pages(10, 1, 64)
    (range(0, 10), '')
    """
    last = max(1, math.ceil(count / per_page))
    if page not in range(1, last + 1):
        raise ValueError(f"page must be an integer from 1 to {last}, got {page!r}")
    items = range((page - 1) * per_page, min(page * per_page, count))
    return items, f"page {page} of {last}" if last > 1 else ""


def square(count: int) -> tuple[int, int]:
    """Return the rows and columns of a nearly square grid, at least as wide as high.

    Examples
    --------
    >>> square(32), square(3)
    ((6, 6), (2, 2))
    """
    columns = math.ceil(math.sqrt(count))
    return math.ceil(count / columns), columns
