"""Which classes are taken for which."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..data.output_targets import as_tuple
from ..data.targets import Classes
from .base import Size, canvas, pyplot
from .output_view import view_output

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MAX_NUMBERS = 20
"""Of more classes than these the numbers would not fit into their fields."""


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
    """Draw how often rows of each class are taken for each, as scikit-learn does.

    Parameters
    ----------
    net : NeuralNet
    X : array-like, DataFrame, sparse matrix, or dict of arrays
        Rows as in `fit`.
    y : array-like of shape (n,)
        Labels of the output.
    normalize : 'true', 'pred', 'all' or None
        Whether shares of rows, columns or all are shown instead of counts.
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
        For an output that does not tell classes.

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
    from sklearn.metrics import ConfusionMatrixDisplay

    pyplot()
    answer = view_output(net, output)
    if not isinstance(answer.target, Classes):
        raise ValueError(
            f"the output {answer.name!r} does not tell classes apart, one for each row"
        )
    count = len(answer.target.classes)
    inches = max(4.0, 0.5 * min(count, 24) + 1.5)
    figure, ax = canvas(ax, figsize, (inches + 1, inches))
    crowded = count > MAX_NUMBERS
    longest = max(len(answer.label(i)) for i in range(count))
    ConfusionMatrixDisplay.from_predictions(
        y,
        as_tuple(net.predict(X))[answer.number],
        labels=answer.target.classes,
        normalize=normalize,
        include_values=not crowded,
        values_format=".2f" if normalize else "d",
        xticks_rotation="vertical" if longest > 2 else "horizontal",
        cmap="Blues",
        ax=ax,
    )
    return figure
