"""Integrated gradients: the contribution of each pixel to an output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..data.iterators import as_test_iterator
from ..utils.checks import positive
from .attribution import plot_attribution
from .base import Size, channels_first
from .gradients import iterate_gradients
from .output_view import view_output
from .wrapped_net import unwrap_with_rows

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def integrated_gradients(
    net: Any,
    X: Any,
    target: Any = None,
    *,
    baseline: Any = 0.0,
    steps: int = 64,
    output: str | None = None,
) -> np.ndarray:
    """Compute the contribution of each feature to an output.

    This is the gradient of the output, averaged along the straight path from a baseline to the
    sample, times the difference of the two. The contributions add up to the difference of the
    outputs for sample and baseline (Sundararajan et al. 2017), more accurately with more steps.

    Parameters
    ----------
    net : NeuralNet, or Pipeline or search that has one
    X : array-like of shape (n, ...)
        Samples as in `fit`.
    target : label, index of a predicted number, or array-like of shape (n,), optional
        Class whose probability to explain, for all samples or each, or index of a predicted
        number; by default the most likely class of each.
    baseline : float or array-like
        An uninformative sample of shape ``(...)``, such as a black image, or one for each sample;
        images channels first.
    steps : int
        Number of points on the path, at the midpoints of equal parts.
    output : str, optional
        Name of the output layer; by default the first.

    Returns
    -------
    float32 array of shape (n, ...)
        In the input shape of the network.

    Raises
    ------
    NotFittedError
        If the net is not fitted.
    ValueError
        If the net has no such output or class, does not accept X, or has several inputs.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skconv import NeuralNet
    >>> digits = load_digits()
    >>> X = digits.images[:, None] / 16
    >>> net = NeuralNet(max_epochs=1, random_state=0).fit(X, digits.target)
    >>> shares = integrated_gradients(net, X[:5], target=3)
    >>> gain = net.predict_proba(X[:5])[:, 3] - net.predict_proba(0 * X[:5])[:, 3]
    >>> bool(abs(shares.sum(axis=(1, 2, 3)) - gain).max() < 0.001)
    True
    """
    net, X = unwrap_with_rows(net, X)
    if positive(steps):
        raise ValueError(f"steps must be {positive(steps)}, got {steps!r}")
    rows = _float32_rows(net, X)
    net = channels_first(net)
    view = view_output(net, output)
    baselines = _baselines(baseline, rows)
    targets = view.targets(view.choose_columns(target, rows))
    midpoints = (np.arange(steps, dtype=np.float32) + 0.5) / steps
    rows_per_call = max(1, as_test_iterator(net.batch_iterator_test).batch_size // steps)
    contributions = []
    for i in range(0, len(rows), rows_per_call):
        part = slice(i, i + rows_per_call)
        difference = rows[part] - baselines[part]
        path = baselines[part][:, None] + np.multiply.outer(midpoints, difference).swapaxes(0, 1)
        gradients = [
            batch.gradients
            for batch in iterate_gradients(
                net,
                path.reshape(-1, *rows.shape[1:]),
                np.repeat(targets[part], steps),
                output=view.name,
                logits=False,
            )
        ]
        mean = np.concatenate(gradients).reshape(path.shape).mean(axis=1)
        contributions.append(mean * difference)
    return np.concatenate(contributions)


def plot_integrated_gradients(
    net: Any,
    X: Any,
    figsize: Size = (9, None),
    *,
    target: Any = None,
    baseline: Any = 0.0,
    steps: int = 64,
    output: str | None = None,
    ax: Any = None,
) -> Figure:
    """Plot the contribution of each pixel to an output: red if it is positive, blue if negative.

    Each row shows an image, its `integrated_gradients` summed over the channels, and an overlay of
    both.

    Parameters
    ----------
    net : NeuralNet, or Pipeline or search that has one
    X : array-like of shape (images, channels, height, width)
    figsize : (float, float or None)
        Size of a new figure in inches; a height of None keeps the proportions of the images.
    target, baseline, steps, output
        As in `integrated_gradients`.
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
    >>> net = NeuralNet(max_epochs=1, random_state=0).fit(X, digits.target)
    >>> figure = plot_integrated_gradients(net, X[:2])
    >>> matplotlib.pyplot.close(figure)
    """
    net, X = unwrap_with_rows(net, X)

    def compute(images: np.ndarray, targets: np.ndarray, output: str) -> np.ndarray:
        contributions = integrated_gradients(
            net, images, targets, baseline=baseline, steps=steps, output=output
        )
        return contributions.sum(axis=1)

    return plot_attribution(
        net,
        X,
        compute,
        target=target,
        output=output,
        emphasis="far",
        title="integrated gradients",
        ax=ax,
        figsize=figsize,
    )


def _baselines(baseline: Any, rows: np.ndarray) -> np.ndarray:
    """Return a baseline for each row."""
    baseline = np.asarray(baseline, np.float32)
    try:
        return np.broadcast_to(baseline, rows.shape)
    except ValueError as error:
        raise ValueError(
            f"baseline must broadcast to the shape of X, {rows.shape}, got {baseline.shape}"
        ) from error


def _float32_rows(net: Any, X: Any) -> np.ndarray:
    """Return the rows of a single input in float32."""
    rows = net._fitted().rows(X).all()
    if isinstance(rows, dict):
        raise ValueError(f"the net must have a single input, got {', '.join(rows)}")
    return rows.astype(np.float32)
