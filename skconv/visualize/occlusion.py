"""Occlusion maps: the parts of an image that a prediction depends on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..data.chunks import chunk_steps
from ..data.iterators import as_test_iterator
from ..utils.checks import positive
from .attribution import plot_attribution
from .base import Size, channels_first, check_image
from .output_view import OutputView, view_output
from .wrapped_net import unwrap_with_rows

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def occlusion_heatmap(
    net: Any,
    x: Any,
    target: Any = None,
    square_length: int = 7,
    *,
    stride: int = 1,
    fill: float = 0.0,
    output: str | None = None,
) -> np.ndarray:
    """Compute the prediction for an image while a square hides the part around each pixel.

    Where the value is low, the square hides something that the prediction depends on (Zeiler &
    Fergus 2014). Many positions are predicted per compiled call.

    Parameters
    ----------
    net : NeuralNet, or Pipeline or search that has one
    x : array-like of shape (1, channels, height, width)
        The image.
    target : label or index of a predicted number, optional
        Class whose probability to compute, or index of a predicted number; by default the most
        likely class.
    square_length : int
        Side of the square in pixels, odd so that the square has a center.
    stride : int
        Distance between positions in pixels; pixels between them get the nearest value.
    fill : float
        Value of the hidden pixels.
    output : str, optional
        Name of the output layer; by default the first.

    Returns
    -------
    float array of shape (height, width)
        Prediction with the square centered at each pixel, clipped at the borders.

    Raises
    ------
    NotFittedError
        If the net is not fitted.
    ValueError
        If `square_length` is even, the image has another shape, or the net lacks the class or
        output.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skconv import NeuralNet
    >>> digits = load_digits()
    >>> X = digits.images[:, None] / 16
    >>> net = NeuralNet(max_epochs=1).fit(X, digits.target)
    >>> occlusion_heatmap(net, X[:1], target=3, square_length=3).shape
    (8, 8)
    """
    net, x = unwrap_with_rows(net, x)
    for name, value in (("square_length", square_length), ("stride", stride)):
        if positive(value):
            raise ValueError(f"{name} must be {positive(value)}, got {value!r}")
    if square_length % 2 == 0:
        raise ValueError(
            f"square_length must be odd, so that the square has a center, got {square_length}; "
            f"use {square_length - 1} or {square_length + 1}"
        )
    image, view = check_image(net, x), view_output(channels_first(net), output)
    (column,) = view.choose_columns(target, image)
    return _heat_map(view, image, column, square_length, stride, fill)


def plot_occlusion(
    net: Any,
    X: Any,
    target: Any = None,
    square_length: int = 7,
    figsize: Size = (9, None),
    *,
    stride: int = 1,
    fill: float = 0.0,
    output: str | None = None,
    ax: Any = None,
) -> Figure:
    """Plot which parts of images a prediction depends on.

    Each row shows an image, its `occlusion_heatmap`, and an overlay of both. The brightest parts
    are the most important ones.

    Parameters
    ----------
    net : NeuralNet, or Pipeline or search that has one
    X : array-like of shape (images, channels, height, width)
    target : label, index of a predicted number, or array-like of shape (images,), optional
        As in `occlusion_heatmap`, for all images or each.
    square_length, stride, fill, output
        As in `occlusion_heatmap`.
    figsize : (float, float or None)
        Size of a new figure in inches; a height of None keeps the proportions of the images.
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
    >>> figure = plot_occlusion(net, X[:2], digits.target[:2], square_length=3)
    >>> matplotlib.pyplot.close(figure)
    """
    net, X = unwrap_with_rows(net, X)

    def compute(images: np.ndarray, targets: np.ndarray, output: str) -> list[np.ndarray]:
        return [
            occlusion_heatmap(
                net, image[None], target, square_length, stride=stride, fill=fill, output=output
            )
            for image, target in zip(images, targets, strict=True)
        ]

    return plot_attribution(
        net,
        X,
        compute,
        target=target,
        output=output,
        emphasis="low",
        title=f"answer with {square_length}x{square_length} hidden",
        ax=ax,
        figsize=figsize,
    )


def _heat_map(
    view: OutputView, image: np.ndarray, column: int, length: int, stride: int, fill: float
) -> np.ndarray:
    height, width = image.shape[2:]
    centers = [range(min(stride // 2, size - 1), size, stride) for size in (height, width)]
    positions = [(y, x) for y in centers[0] for x in centers[1]]
    batch_size = as_test_iterator(view.net.batch_iterator_test).batch_size
    per_call = batch_size * chunk_steps(batch_size * image.nbytes)
    values = []
    for start in range(0, len(positions), per_call):
        occluded = _occlude(image, positions[start : start + per_call], length // 2, fill)
        values.append(view.predict(occluded)[:, column])
    coarse = np.concatenate(values).reshape(*map(len, centers))
    rows, columns = (
        np.minimum(np.arange(size) // stride, len(along) - 1)
        for size, along in zip((height, width), centers, strict=True)
    )
    return coarse[np.ix_(rows, columns)]


def _occlude(
    image: np.ndarray, positions: list[tuple[int, int]], half: int, fill: float
) -> np.ndarray:
    """Return a copy of an image for each position of the square."""
    copies = np.repeat(image, len(positions), axis=0)
    for copy, (y, x) in zip(copies, positions, strict=True):
        copy[:, max(y - half, 0) : y + half + 1, max(x - half, 0) : x + half + 1] = fill
    return copies
