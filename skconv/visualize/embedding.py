"""Two-dimensional embedding of the outputs of a layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..network.views import FittedLayer, name_of
from ..targets.classes import Classes
from .base import SMALL, Size, canvas, pyplot
from .output_view import view_output
from .wrapped_net import unwrap_with_rows

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_embedding(
    net: Any,
    X: Any,
    y: Any = None,
    *,
    layer: str | int | FittedLayer | None = None,
    method: Any = "pca",
    output: str | None = None,
    random_state: Any = 0,
    ax: Any = None,
    figsize: Size = None,
) -> Figure:
    """Plot samples as points in two dimensions, from the output of a layer.

    Parameters
    ----------
    net : NeuralNet, or Pipeline or search that has one
    X : array-like, DataFrame, sparse matrix, or dict of arrays
        Samples as in `fit`.
    y : array-like of shape (n,), optional
        Labels or numbers that color the points; by default the predictions of the net.
    layer : str, int or FittedLayer, optional
        Layer whose output is embedded; by default the one before the output layer.
    method : 'pca', 'tsne' or transformer
        Principal components, t-SNE (van der Maaten & Hinton 2008), or an object whose
        `fit_transform` returns two columns.
    output : str, optional
        Name of the output layer; by default the first.
    random_state : int, RandomState or None
        Seed of the method.
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
        If the net has no such layer, the method is unknown, or y has another length.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use('Agg')
    >>> from sklearn.datasets import load_iris
    >>> from skconv import NeuralNet
    >>> X, y = load_iris(return_X_y=True)
    >>> figure = plot_embedding(NeuralNet(max_epochs=1).fit(X, y), X, y)
    >>> [len(points.get_offsets()) for points in figure.axes[0].collections]
    [50, 50, 50]
    >>> matplotlib.pyplot.close(figure)
    """
    net, X = unwrap_with_rows(net, X)
    pyplot()
    view = view_output(net, output, positions=y is not None)
    network = net.network_
    name = network.node(view.name).incomings[0] if layer is None else name_of(layer, network)
    values = net.get_output(name, X)
    colors = np.asarray(view.decoded(X) if y is None else y)
    if colors.shape != (len(values),):
        raise ValueError(f"y must have shape ({len(values)},), got {colors.shape}")
    transformer = _transformer(method, random_state, len(values))
    points = transformer.fit_transform(values.reshape(len(values), -1))
    figure, ax = canvas(ax, figsize, (6.4, 5.0))
    if isinstance(view.target, Classes):
        _draw_classes(ax, points, colors)
    else:
        drawn = ax.scatter(*points.T, c=colors, s=12, alpha=0.8)
        figure.colorbar(drawn, ax=ax)
    ax.set(xticks=[], yticks=[])
    ax.set_title(
        f"{len(points)} rows in {name!r}, by {type(transformer).__name__}", fontsize=SMALL + 1
    )
    return figure


def _transformer(method: Any, random_state: Any, n: int) -> Any:
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    if hasattr(method, "fit_transform"):
        return method
    if method == "pca":
        return PCA(2, random_state=random_state)
    if method == "tsne":
        return TSNE(perplexity=min(30.0, (n - 1) / 3), random_state=random_state)
    raise ValueError(f"method must be 'pca', 'tsne' or have fit_transform, got {method!r}")


def _draw_classes(ax: Any, points: np.ndarray, labels: np.ndarray) -> None:
    classes = np.unique(labels)
    palette = pyplot().get_cmap("tab10" if len(classes) <= 10 else "tab20")
    for i, label in enumerate(classes):
        own = points[labels == label]
        ax.scatter(*own.T, color=palette(i % palette.N), s=12, alpha=0.8, label=str(label))
    ax.legend(
        frameon=False, fontsize=SMALL, markerscale=1.5, loc="center left", bbox_to_anchor=(1, 0.5)
    )
