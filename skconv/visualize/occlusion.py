"""Which parts of an image an answer cannot do without."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..data.chunks import chunk_steps
from ..data.iterators import as_test_iterator
from ..utils.checks import positive
from .base import Size, check_image, check_images, heat_rows
from .output_view import OutputView, view_output

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
    """Compute what a net answers while a square hides a part of the image.

    Where the answer is low, the square hides what it rests on (Zeiler & Fergus 2014). All positions
    go through the compiled prediction, in as few calls as their size allows.

    Parameters
    ----------
    net : NeuralNet
    x : array-like of shape (1, channels, height, width)
        The image.
    target : label or number of an output, optional
        The class whose probability is told, or the number of those that are predicted; by default
        the most likely class.
    square_length : int
        Pixels of a side of the square, odd so that it has a middle.
    stride : int
        Pixels from one position to the next; those between take over the nearest.
    fill : float
        What the pixels of the square become.
    output : str, optional
        Name of the output layer; by default the first.

    Returns
    -------
    float array of shape (height, width)
        For the square with its middle there, cut off at the borders.

    Raises
    ------
    NotFittedError
        Where the net is not fitted.
    ValueError
        For an even square, an image of another shape, or a class that the net does not know.

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
    for name, value in (("square_length", square_length), ("stride", stride)):
        if positive(value):
            raise ValueError(f"{name} must be {positive(value)}, got {value!r}")
    if square_length % 2 == 0:
        raise ValueError(
            f"square_length={square_length} is even, and such a square has no middle; take "
            f"{square_length - 1} or {square_length + 1}"
        )
    image, answer = check_image(net, x), view_output(net, output)
    (column,) = answer.chosen(target, image)
    return _heat(answer, image, column, square_length, stride, fill)


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
    """Draw which parts of images an answer cannot do without.

    Each row has an image, what is left of the probability of its class while a square hides the
    part around a pixel, and both over each other. The brightest parts matter most.

    Parameters
    ----------
    net : NeuralNet
    X : array-like of shape (images, channels, height, width)
    target : label, number of an output, or array-like of shape (images,), optional
        As of `occlusion_heatmap`, for all images or each.
    square_length, stride, fill, output
        As of `occlusion_heatmap`.
    figsize : (float, float or None)
        Size of a new figure in inches; a height of None follows from the images.
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
    >>> figure = plot_occlusion(net, X[:2], digits.target[:2], square_length=3)
    >>> matplotlib.pyplot.close(figure)
    """
    images, answer = check_images(net, X), view_output(net, output)
    columns = answer.chosen(target, images)
    maps = [
        occlusion_heatmap(
            net, image[None], target, square_length, stride=stride, fill=fill, output=answer.name
        )
        for image, target in zip(images, answer.targets(columns), strict=True)
    ]
    return heat_rows(
        images,
        maps,
        answer.words(images, columns),
        hot="low",
        heading=f"answer with {square_length}x{square_length} hidden",
        ax=ax,
        figsize=figsize,
    )


def _heat(
    answer: OutputView, image: np.ndarray, column: int, length: int, stride: int, fill: float
) -> np.ndarray:
    height, width = image.shape[2:]
    middles = [range(min(stride // 2, n - 1), n, stride) for n in (height, width)]
    positions = [(row, place) for row in middles[0] for place in middles[1]]
    size = as_test_iterator(answer.net.batch_iterator_test).batch_size
    at_once = size * chunk_steps(size * image.nbytes)
    found = []
    for start in range(0, len(positions), at_once):
        hidden = _hidden(image, positions[start : start + at_once], length // 2, fill)
        found.append(answer.columns(hidden)[:, column])
    coarse = np.concatenate(found).reshape(*map(len, middles))
    rows, places = (
        np.minimum(np.arange(n) // stride, len(of) - 1)
        for n, of in zip((height, width), middles, strict=True)
    )
    return coarse[np.ix_(rows, places)]


def _hidden(
    image: np.ndarray, positions: list[tuple[int, int]], half: int, fill: float
) -> np.ndarray:
    """Copy an image for each position of the square."""
    copies = np.repeat(image, len(positions), axis=0)
    for copy, (row, place) in zip(copies, positions, strict=True):
        copy[:, max(row - half, 0) : row + half + 1, max(place - half, 0) : place + half + 1] = fill
    return copies
