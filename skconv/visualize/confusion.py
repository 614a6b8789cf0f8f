"""Confusion matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..targets.classes import Classes
from .base import Size, canvas, pyplot
from .output_view import view_output
from .wrapped_net import unwrap_with_rows

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MAX_NUMBERS = 20
"""Number of classes above which the cells are too small for numbers."""


def plot_confusion(
    net: Any,
    X: Any,
    y: Any,
    *,
    normalize: str | None = None,
    output: str | None = None,
    ax: Any = None,
    figsize: Size = None,
) -> Figure:
    """Plot the confusion matrix of a net, as scikit-learn does.

    Parameters
    ----------
    net : NeuralNet, or Pipeline or search that has one
    X : array-like, DataFrame, sparse matrix, or dict of arrays
        Samples as in `fit`.
    y : array-like of shape (n,) or (n, ...)
        True labels of the output; those of all positions if rows have several.
    normalize : 'true', 'pred', 'all' or None
        Whether to show fractions of the rows, of the columns or of all samples instead of counts.
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
        If the output is not one of classes.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use('Agg')
    >>> from sklearn.datasets import load_iris
    >>> from skconv import NeuralNet
    >>> X, y = load_iris(return_X_y=True)
    >>> figure = plot_confusion(NeuralNet(max_epochs=1).fit(X, y), X, y)
    >>> figure.axes[0].get_xlabel()
    'Predicted label'
    >>> matplotlib.pyplot.close(figure)
    """
    net, X = unwrap_with_rows(net, X)
    from sklearn.metrics import ConfusionMatrixDisplay

    pyplot()
    view = view_output(net, output, positions=True)
    if not isinstance(view.target, Classes):
        raise ValueError(f"output must have one class per sample, got {view.name!r}")
    count = len(view.target.classes)
    inches = max(4.0, 0.5 * min(count, 24) + 1.5)
    figure, ax = canvas(ax, figsize, (inches + 1, inches))
    crowded = count > MAX_NUMBERS
    longest = max(len(view.label(i)) for i in range(count))
    true, predicted = (np.asarray(labels).ravel() for labels in (y, view.decoded(X)))
    ConfusionMatrixDisplay.from_predictions(
        true,
        predicted,
        labels=view.target.classes,
        normalize=normalize,
        include_values=not crowded,
        values_format=".2f" if normalize else "d",
        xticks_rotation="vertical" if longest > 2 else "horizontal",
        cmap="Blues",
        ax=ax,
    )
    return figure
