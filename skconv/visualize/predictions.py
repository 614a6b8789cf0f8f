"""A gallery of images with what is true of them and what a net says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..data.targets import Classes, Labels
from ..utils.checks import positive
from .base import Size, bare, check_images, inches, panels, shower
from .output_view import OutputView, view_output

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH = 8.0
"""Inches that a new figure may be wide."""

LETTER, LETTERS = 0.08, 12
"""Inches that a letter beside an image takes, and letters for which there is room at least."""

RIGHT, WRONG, UNKNOWN = "#1a7f37", "#c6210f", "#555555"
"""Colours of the words beside an image."""


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
    """Draw images with what is true and what the net says, the worst first.

    The worst are those whose true class was least likely, or whose numbers are farthest from the
    true ones; without y those whose most likely class was least likely.

    Parameters
    ----------
    net : NeuralNet
    X : array-like of shape (images, channels, height, width)
    y : array-like of shape (images, ...), optional
        Targets of the output.
    n : int
        Images to draw, at most.
    output : str, optional
        Name of the output layer; by default the first.
    ax : Axes, optional
        Where to draw; by default a new figure.
    figsize : (float, float), optional
        Size of a new figure in inches.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    NotFittedError
        Where the net is not fitted.
    ValueError
        For images of another shape, labels that the net does not know, and no y where the net
        answers with numbers.

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
    if positive(n):
        raise ValueError(f"n must be {positive(n)}, got {n!r}")
    images, answer = check_images(net, X), view_output(net, output)
    if y is not None and len(y) != len(images):
        raise ValueError(f"y has {len(y)} rows, and X has {len(images)}")
    told = _told(answer, images, y)
    worst = np.argsort(-told.badness, kind="stable")[:n]
    letters = max(len(line) for i in worst for line in told.words[i].split("\n"))
    wide, (height, width) = LETTER * max(letters, LETTERS), images.shape[2:]
    columns = min(max(1, int(_room(ax, figsize) / wide)), len(worst))
    rows = -(-len(worst) // columns)
    cell = (wide, 1.2 * height / width + 0.5)
    figure, grid = panels(rows, columns, cell, ax=ax, figsize=figsize, words=0.4)
    show = shower(images)
    for axes in grid.flat:
        axes.set_axis_off()
    for axes, i in zip(grid.flat, worst, strict=False):
        show(axes, images[i])
        bare(axes, told.words[i], color=told.colors[i])
    return figure


def _room(ax: Any, figsize: Size) -> float:
    """Inches that there are for the columns."""
    if ax is not None:
        return inches(ax)[0]
    return WIDTH if figsize is None else figsize[0]


class _Told(NamedTuple):
    """What is said of each image, in which colour, and how bad it is."""

    words: list[str]
    colors: list[str]
    badness: np.ndarray


def _told(answer: OutputView, images: np.ndarray, y: Any) -> _Told:
    found = answer.columns(images)
    if isinstance(answer.target, Classes):
        return _of_classes(answer, images, found, y)
    if isinstance(answer.target, Labels):
        return _of_labels(found, y)
    if y is None:
        raise ValueError("y is needed: the net answers with numbers, which have no probability")
    true = np.asarray(y, np.float64).reshape(len(y), -1)
    error = np.sqrt(np.square(found - true).mean(axis=1))
    if found.shape[1] == 1:
        words = [f"{t:.3g} → {p:.3g}" for (t,), (p,) in zip(true, found, strict=True)]
    else:
        words = [f"error {one:.3g}" for one in error]
    return _Told(words, [UNKNOWN] * len(words), error)


def _of_classes(answer: OutputView, images: np.ndarray, found: np.ndarray, y: Any) -> _Told:
    best = found.argmax(axis=1)
    said = [f"{answer.label(i)}\n({row[i]:.0%})" for i, row in zip(best, found, strict=True)]
    if y is None:
        return _Told(said, [UNKNOWN] * len(said), -found.max(axis=1))
    true = answer.chosen(y, images)
    words = [f"{answer.label(i)} → {word}" for i, word in zip(true, said, strict=True)]
    colors = [RIGHT if right else WRONG for right in true == best]
    return _Told(words, colors, -found[np.arange(len(true)), true])


def _of_labels(found: np.ndarray, y: Any) -> _Told:
    def listed(row: np.ndarray) -> str:
        return ", ".join(map(str, np.flatnonzero(row))) or "none"

    said = [listed(row) for row in found > 0.5]
    if y is None:
        return _Told(said, [UNKNOWN] * len(said), -np.abs(found - 0.5).min(axis=1))
    true = np.asarray(y) > 0.5
    words = [f"{listed(row)} → {word}" for row, word in zip(true, said, strict=True)]
    right = (true == (found > 0.5)).all(axis=1)
    return _Told(words, [RIGHT if r else WRONG for r in right], np.abs(found - true).max(axis=1))
