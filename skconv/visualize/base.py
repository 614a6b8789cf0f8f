"""What the pictures share: matplotlib, places to draw in, images and maps of heat."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Size = tuple[float, float | None] | None
"""Width and height of a figure in inches; what is None follows from what is drawn."""

SMALL = 9
"""Size of the letters beside images, in points."""


DIM = 0.5
"""Light of an image under a map, whose colours would be lost on white."""


def pyplot() -> Any:
    """Import matplotlib's pyplot, or say how to install it."""
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise ImportError(
            'pictures need matplotlib, which is not installed; pip install "skconv[plot]"'
        ) from error
    return pyplot


def canvas(ax: Any, figsize: Size, size: tuple[float, float]) -> tuple[Figure, Axes]:
    """Find a place for one drawing.

    Parameters
    ----------
    ax : Axes or None
        Where to draw; None for a new figure.
    figsize : (float, float or None) or None
        Size of a new figure in inches.
    size : (float, float)
        What stands for None in it.

    Returns
    -------
    Figure, Axes
    """
    figure, grid = panels(1, 1, size, ax=None, figsize=figsize) if ax is None else (ax.figure, None)
    return figure, ax if grid is None else grid[0, 0]


def panels(
    rows: int,
    columns: int,
    cell: tuple[float, float],
    *,
    ax: Any,
    figsize: Size,
    words: float = 0.2,
) -> tuple[Figure, np.ndarray]:
    """Find places for a grid of drawings.

    Parameters
    ----------
    rows, columns : int
    cell : (float, float)
        Width and height of one of them in inches, where `figsize` leaves them open.
    ax : Axes or None
        Where to draw them all; None for a new figure.
    figsize : (float, float or None) or None
        Size of a new figure in inches; a height of None keeps the proportions.
    words : float
        Inches above each drawing that its title takes.

    Returns
    -------
    Figure, array of Axes of shape (rows, columns)
    """
    if ax is not None:
        return ax.figure, _insets(rows, columns, ax, words)
    width, height = figsize or (None, None)
    width = columns * cell[0] if width is None else width
    height = rows * cell[1] * width / (columns * cell[0]) if height is None else height
    return pyplot().subplots(
        rows, columns, figsize=(width, height), squeeze=False, layout="constrained"
    )


def _insets(rows: int, columns: int, ax: Any, words: float) -> np.ndarray:
    """Divide a place, and leave room between the drawings for their titles."""
    ax.set_axis_off()
    high = max(1 / rows - words / inches(ax)[1], 0.4 / rows)
    grid = [
        [
            ax.inset_axes((c / columns, 1 - (r + 1) / rows, 0.92 / columns, high))
            for c in range(columns)
        ]
        for r in range(rows)
    ]
    return np.array(grid)


def inches(ax: Any) -> np.ndarray:
    """Width and height of a place."""
    return ax.get_window_extent().size / ax.figure.dpi


def bare(axes: Axes, title: str = "", **options: Any) -> None:
    """Leave nothing of axes but what they hold, and a title."""
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.set_title(title, fontsize=SMALL, **options)


def shower(X: np.ndarray) -> Callable[[Axes, np.ndarray], Any]:
    """Make a function that shows images, all with the black and the white of the given ones.

    Parameters
    ----------
    X : array of shape (n, channels, height, width)
        Three channels are colours; of another number the mean is shown.
    """
    low, high = X.min(), X.max()
    if X.dtype == np.uint8:
        low, high = 0, 255
    elif low >= 0 and high <= 1:
        low, high = 0, 1
    span = (high - low) or 1

    def show(axes: Axes, image: np.ndarray, light: float = 1.0) -> None:
        shown = image.transpose(1, 2, 0) if len(image) == 3 else image.mean(axis=0)
        axes.imshow(light * np.clip((shown - low) / span, 0, 1), cmap="gray", vmin=0, vmax=1)

    return show


def check_images(net: Any, X: Any) -> np.ndarray:
    """Check that rows are images as a net takes them.

    Parameters
    ----------
    net : NeuralNet
    X : array-like of shape (n, channels, height, width)

    Returns
    -------
    float32 or uint8 array of shape (n, channels, height, width)

    Raises
    ------
    NotFittedError
        Where the net is not fitted.
    ValueError
        For a net that takes no images, and for images of another shape.
    """
    check_is_fitted(net)
    inputs = net.network_.inputs
    takes = next(iter(inputs.values()))
    if len(inputs) > 1 or len(takes) != 4:
        given = ", ".join(f"{name} {shape}" for name, shape in inputs.items())
        raise ValueError(
            f"the net takes {given}; this needs a single input of images, (n, channels, height, "
            "width)"
        )
    shape = np.shape(X)
    if len(shape) != 4 or shape[1:] != takes[1:]:
        hint = "; give a single image as X[None]" if shape == takes[1:] else ""
        wanted = ", ".join(map(str, takes[1:]))
        raise ValueError(f"the net takes images of shape (n, {wanted}), X has shape {shape}{hint}")
    return net._fitted().rows(X).all()


def check_image(net: Any, x: Any) -> np.ndarray:
    """Check for a single image, of shape (1, channels, height, width) or without the first axis."""
    x = np.asarray(x)
    images = check_images(net, x[None] if x.ndim == 3 else x)
    if len(images) > 1:
        raise ValueError(
            f"this is for one image at a time, and there are {len(images)}; give x[:1]"
        )
    return images


def heat_rows(
    images: np.ndarray,
    maps: Sequence[np.ndarray],
    names: Sequence[str],
    *,
    hot: str,
    heading: str,
    ax: Any,
    figsize: Size,
) -> Figure:
    """Draw a row for each image: itself, its map, and the map over it.

    Parameters
    ----------
    images : array of shape (n, channels, height, width)
    maps : sequence of n arrays of shape (height, width)
    names : sequence of n str
        Titles of the images.
    hot : 'high', 'low' or 'far'
        What catches the eye: high numbers, low ones, or those far from zero.
    heading : str
        What the maps show.
    ax, figsize
        As of `panels`.

    Returns
    -------
    Figure
    """
    height, width = images.shape[2:]
    figure, grid = panels(
        len(images), 3, (3.0, 2.7 * height / width + 0.3), ax=ax, figsize=figsize or (9, None)
    )
    show = shower(images)
    for axes, image, heat, name in zip(grid, images, maps, names, strict=True):
        show(axes[0], image)
        show(axes[2], image, light=DIM)
        colors, alpha = _coloring(heat, hot)
        drawn = axes[1].imshow(heat, **colors)
        bar = figure.colorbar(drawn, cax=axes[1].inset_axes((1.03, 0.0, 0.05, 1.0)))
        bar.ax.tick_params(labelsize=SMALL - 2)
        bar.outline.set_visible(False)
        axes[2].imshow(heat, alpha=alpha, **colors)
        for panel, title in zip(axes, (name, heading, "both"), strict=True):
            bare(panel, title)
    return figure


def _coloring(heat: np.ndarray, hot: str) -> tuple[dict[str, Any], np.ndarray]:
    """Colours of a map, and how much of it covers the image."""
    if hot == "far":
        limit = np.abs(heat).max() or 1.0
        return {"cmap": "RdBu_r", "vmin": -limit, "vmax": limit}, np.sqrt(np.abs(heat) / limit)
    low, high = heat.min(), heat.max()
    share = (heat - low) / ((high - low) or 1.0)
    colors = {"cmap": "inferno" if hot == "high" else "inferno_r", "vmin": low, "vmax": high}
    return colors, 0.75 * (share if hot == "high" else 1 - share)


def pages(count: int, page: int, per_page: int) -> tuple[range, str]:
    """Choose what is drawn where there is too much for one figure.

    Parameters
    ----------
    count : int
        How many there are.
    page : int
        From one.
    per_page : int

    Returns
    -------
    range, str
        Those on the page, and a word about it where there are further ones.

    Examples
    --------
    >>> pages(100, 2, 64)
    (range(64, 100), 'page 2 of 2')
    >>> pages(10, 1, 64)
    (range(0, 10), '')
    """
    last = max(1, math.ceil(count / per_page))
    if page not in range(1, last + 1):
        raise ValueError(f"page={page!r} is none of the pages, from 1 to {last}")
    chosen = range((page - 1) * per_page, min(page * per_page, count))
    return chosen, f"page {page} of {last}" if last > 1 else ""


def square(count: int) -> tuple[int, int]:
    """Rows and columns of a grid that is about as wide as high, but rather wider.

    Examples
    --------
    >>> square(32), square(3)
    ((6, 6), (2, 2))
    """
    columns = math.ceil(math.sqrt(count))
    return math.ceil(count / columns), columns
