"""Gallery of images with targets and predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..targets.classes import Classes
from ..targets.labels import Labels
from ..utils.checks import positive
from .base import (
    ImagePlotter,
    Size,
    channels_first,
    check_images,
    panels,
    size_in_inches,
    strip_axes,
)
from .output_view import OutputView, view_output
from .wrapped_net import unwrap_targets, unwrap_with_rows

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH = 8.0
"""Maximum width of a new figure in inches."""

CHARACTER, MIN_CHARACTERS = 0.08, 12
"""Width in inches of a character in a caption, and the least number of characters to fit."""

RIGHT, WRONG, UNKNOWN = "#1a7f37", "#c6210f", "#767676"
"""Colors of the captions, for light and dark figures."""


def plot_predictions(
    net: Any,
    X: Any,
    y: Any = None,
    n: int = 24,
    *,
    output: str | None = None,
    ax: Any = None,
    figsize: Size = None,
) -> Figure:
    """Plot images with their targets and predictions, the worst predictions first.

    The worst are those with the lowest probability of the true class or the largest error of the
    predicted numbers, and without y those with the lowest probability of the most likely class.

    Parameters
    ----------
    net : NeuralNet, or Pipeline or search that has one
    X : array-like of shape (images, channels, height, width)
    y : array-like of shape (images, ...), optional
        Targets of the output.
    n : int
        Maximum number of images.
    output : str, optional
        Name of the output layer; by default the first.
    ax : Axes, optional
        Axes to draw on; by default a new figure.
    figsize : (float, float), optional
        Size of a new figure in inches.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    NotFittedError
        If the net is not fitted.
    ValueError
        If the images have another shape, y has unknown labels, or y is missing for a regression
        output.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use('Agg')
    >>> from sklearn.datasets import load_digits
    >>> from skconv import NeuralNet
    >>> digits = load_digits()
    >>> X = digits.images[:, None] / 16
    >>> net = NeuralNet(max_epochs=1).fit(X, digits.target)
    >>> figure = plot_predictions(net, X, digits.target, n=12)
    >>> len(figure.axes)
    16
    >>> matplotlib.pyplot.close(figure)
    """
    y = None if y is None else unwrap_targets(net, y)
    net, X = unwrap_with_rows(net, X)
    if positive(n):
        raise ValueError(f"n must be {positive(n)}, got {n!r}")
    images, view = check_images(net, X), view_output(channels_first(net), output)
    if y is not None and len(y) != len(images):
        raise ValueError(f"y must have as many rows as X, {len(images)}, got {len(y)}")
    captions = _captions(view, images, y)
    worst = np.argsort(-captions.badness, kind="stable")[:n]
    characters = max(len(line) for i in worst for line in captions.texts[i].split("\n"))
    cell_width = CHARACTER * max(characters, MIN_CHARACTERS)
    height, width = images.shape[2:]
    columns = min(max(1, int(_available_width(ax, figsize) / cell_width)), len(worst))
    rows = -(-len(worst) // columns)
    cell = (cell_width, 1.2 * height / width + 0.5)
    figure, grid = panels(rows, columns, cell, ax=ax, figsize=figsize, title_height=0.4)
    draw_image = ImagePlotter(images)
    for axes in grid.flat:
        axes.set_axis_off()
    for axes, i in zip(grid.flat, worst, strict=False):
        draw_image(axes, images[i])
        strip_axes(axes, captions.texts[i], color=captions.colors[i])
    return figure


def _available_width(ax: Any, figsize: Size) -> float:
    """Return the width in inches that the columns may take."""
    if ax is not None:
        return size_in_inches(ax)[0]
    return WIDTH if figsize is None else figsize[0]


class _Captions(NamedTuple):
    """Text and color of each image's caption, and how bad its prediction is."""

    texts: list[str]
    colors: list[str]
    badness: np.ndarray


def _captions(view: OutputView, images: np.ndarray, y: Any) -> _Captions:
    predictions = view.predict(images)
    if isinstance(view.target, Classes):
        return _class_captions(view, images, predictions, y)
    if isinstance(view.target, Labels):
        return _label_captions(predictions, y)
    if y is None:
        raise ValueError("y must be given for a regression output, which has no probabilities")
    true = np.asarray(y, np.float64).reshape(len(y), -1)
    errors = np.sqrt(np.square(predictions - true).mean(axis=1))
    if predictions.shape[1] == 1:
        texts = [f"{t:.3g} → {p:.3g}" for (t,), (p,) in zip(true, predictions, strict=True)]
    else:
        texts = [f"error {error:.3g}" for error in errors]
    return _Captions(texts, [UNKNOWN] * len(texts), errors)


def _class_captions(
    view: OutputView, images: np.ndarray, probabilities: np.ndarray, y: Any
) -> _Captions:
    best = probabilities.argmax(axis=1)
    predicted = [
        f"{view.label(i)}\n({row[i]:.0%})" for i, row in zip(best, probabilities, strict=True)
    ]
    if y is None:
        return _Captions(predicted, [UNKNOWN] * len(predicted), -probabilities.max(axis=1))
    true = view.choose_columns(y, images)
    texts = [f"{view.label(i)} → {text}" for i, text in zip(true, predicted, strict=True)]
    colors = [RIGHT if right else WRONG for right in true == best]
    return _Captions(texts, colors, -probabilities[np.arange(len(true)), true])


def _label_captions(probabilities: np.ndarray, y: Any) -> _Captions:
    def join(labels: np.ndarray) -> str:
        return ", ".join(map(str, np.flatnonzero(labels))) or "none"

    predicted = [join(labels) for labels in probabilities > 0.5]
    if y is None:
        uncertainty = -np.abs(probabilities - 0.5).min(axis=1)
        return _Captions(predicted, [UNKNOWN] * len(predicted), uncertainty)
    true = np.asarray(y) > 0.5
    texts = [f"{join(labels)} → {text}" for labels, text in zip(true, predicted, strict=True)]
    colors = [RIGHT if right else WRONG for right in (true == (probabilities > 0.5)).all(axis=1)]
    return _Captions(texts, colors, np.abs(probabilities - true).max(axis=1))
