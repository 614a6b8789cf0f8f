"""Loss curves of a training."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from sklearn.utils.validation import check_is_fitted

from ..training.history import Row
from .base import SMALL, Size, canvas, pyplot
from .wrapped_net import unwrap

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_loss(net: Any, *, ax: Any = None, figsize: Size = None) -> Figure:
    """Plot training and validation loss over the epochs, and mark the best epoch.

    Parameters
    ----------
    net : NeuralNet, Pipeline or search that has one, or list of dict
        A fitted net, or rows such as those of ``train_history_``. If they have a key that ends in
        ``learning_rate``, its values are plotted on a second axis.
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
        If the history is empty.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use('Agg')
    >>> from sklearn.datasets import load_iris
    >>> from skconv import NeuralNet
    >>> net = NeuralNet(max_epochs=3).fit(*load_iris(return_X_y=True))
    >>> figure = plot_loss(net)
    >>> [line.get_label() for line in figure.axes[0].lines[:2]]
    ['training', 'validation']
    >>> matplotlib.pyplot.close(figure)
    """
    net = unwrap(net)
    pyplot()
    history = _history(net)
    epochs = [row["epoch"] for row in history]
    figure, ax = canvas(ax, figsize, (6.4, 4.0))
    marker = "o" if len(history) == 1 else None
    for key, label in (("train_loss", "training"), ("valid_loss", "validation")):
        losses = [row[key] for row in history]
        if not all(map(math.isnan, losses)):
            ax.plot(epochs, losses, label=label, marker=marker)
    _mark_best(ax, history)
    losses = [row[key] for row in history for key in ("train_loss", "valid_loss")]
    known = list(filter(math.isfinite, losses))
    if known and 0 < 10 * min(known) < max(known):
        ax.set_yscale("log")
    ax.set(xlabel="epoch", ylabel="loss")
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.grid(alpha=0.3)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(handles=[*ax.lines, *_draw_rate(ax, history)], frameon=False)
    return figure


def _history(net: Any) -> list[Row]:
    if not isinstance(net, list):
        check_is_fitted(net)
    history = net if isinstance(net, list) else net.train_history_
    if not history:
        raise ValueError("the history must have at least one epoch, got none; fit the net first")
    return history


def _mark_best(ax: Any, history: list[Row]) -> None:
    key = "train_loss" if all(math.isnan(row["valid_loss"]) for row in history) else "valid_loss"
    known = [row for row in history if not math.isnan(row[key])]
    if not known:
        return
    best = min(known, key=lambda row: row[key])
    label = f"best: {best[key]:.4g} in epoch {best['epoch']}"
    ax.plot(
        best["epoch"],
        best[key],
        "*",
        color=ax.xaxis.label.get_color(),
        markersize=12,
        label=label,
        zorder=3,
    )


def _draw_rate(ax: Any, history: list[Row]) -> list[Any]:
    """Plot the learning rate, if the history has it, and return its lines."""
    names = [name for name in history[-1] if name.endswith("learning_rate")]
    if not names:
        return []
    rows = [row for row in history if names[0] in row]
    twin = ax.twinx()
    rates = [row[names[0]] for row in rows]
    epochs = [row["epoch"] for row in rows]
    lines = twin.plot(epochs, rates, color="tab:gray", linestyle=":", label="learning rate")
    twin.set_ylabel("learning rate", color="tab:gray")
    twin.tick_params(axis="y", colors="tab:gray", labelsize=SMALL)
    twin.spines[["top", "left"]].set_visible(False)
    return lines
