"""What each pixel adds to an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..data.iterators import as_test_iterator
from ..utils.checks import positive
from .base import Size, check_images, heat_rows
from .gradients import iterate_gradients
from .output_view import view_output

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
    """Share out among the numbers of a row what they add to the answer.

    The gradient of the answer is averaged over the straight path from a baseline to the row, and
    multiplied by the way; all shares add up to the difference of the answers to both (Sundararajan
    et al. 2017), the better the more steps.

    Parameters
    ----------
    net : NeuralNet
    X : array-like of shape (n, ...)
        Rows as in `fit`.
    target : label, number of an output, or array-like of shape (n,), optional
        The class whose probability is shared out, or the number of those that are predicted; by
        default the most likely class of each row.
    baseline : float or array-like
        A row without anything to see, of shape ``(...)``, or one for each.
    steps : int
        Points of the path at which the gradient is taken, in the middles of as many equal parts.
    output : str, optional
        Name of the output layer; by default the first.

    Returns
    -------
    float32 array of shape (n, ...)
        In the shape that the network takes.

    Raises
    ------
    NotFittedError
        Where the net is not fitted.
    ValueError
        For names, rows or classes that the net does not know.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skconv import NeuralNet
    >>> digits = load_digits()
    >>> X = digits.images[:, None] / 16
    >>> net = NeuralNet(max_epochs=1).fit(X, digits.target)
    >>> shares = integrated_gradients(net, X[:5], target=3)
    >>> gain = net.predict_proba(X[:5])[:, 3] - net.predict_proba(0 * X[:5])[:, 3]
    >>> bool(abs(shares.sum(axis=(1, 2, 3)) - gain).max() < 0.001)
    True
    """
    if positive(steps):
        raise ValueError(f"steps must be {positive(steps)}, got {steps!r}")
    answer = view_output(net, output)
    rows = _rows(net, X)
    start = _start(baseline, rows)
    chosen = answer.targets(answer.chosen(target, rows))
    middles = (np.arange(steps, dtype=np.float32) + 0.5) / steps
    at_once = max(1, as_test_iterator(net.batch_iterator_test).batch_size // steps)
    shares = []
    for i in range(0, len(rows), at_once):
        part = slice(i, i + at_once)
        way = rows[part] - start[part]
        path = start[part][:, None] + np.multiply.outer(middles, way).swapaxes(0, 1)
        slopes = [
            batch.gradients
            for batch in iterate_gradients(
                net,
                path.reshape(-1, *rows.shape[1:]),
                np.repeat(chosen[part], steps),
                output=answer.name,
                logits=False,
            )
        ]
        mean = np.concatenate(slopes).reshape(path.shape).mean(axis=1)
        shares.append(mean * way)
    return np.concatenate(shares)


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
    """Draw what each pixel adds to an answer: red for what it adds, blue for what it takes.

    Each row has an image, the shares as of `integrated_gradients` summed over the channels, and
    both over each other.

    Parameters
    ----------
    net : NeuralNet
    X : array-like of shape (images, channels, height, width)
    figsize : (float, float or None)
        Size of a new figure in inches; a height of None follows from the images.
    target, baseline, steps, output
        As of `integrated_gradients`.
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
    >>> figure = plot_integrated_gradients(net, X[:2])
    >>> matplotlib.pyplot.close(figure)
    """
    images, answer = check_images(net, X), view_output(net, output)
    chosen = answer.chosen(target, images)
    shares = integrated_gradients(
        net,
        images,
        answer.targets(chosen),
        baseline=baseline,
        steps=steps,
        output=answer.name,
    )
    names = answer.words(images, chosen)
    return heat_rows(
        images,
        shares.sum(axis=1),
        names,
        hot="far",
        heading="integrated gradients",
        ax=ax,
        figsize=figsize,
    )


def _start(baseline: Any, rows: np.ndarray) -> np.ndarray:
    """Give each row a baseline."""
    baseline = np.asarray(baseline, np.float32)
    try:
        return np.broadcast_to(baseline, rows.shape)
    except ValueError as error:
        raise ValueError(
            f"baseline has shape {baseline.shape}, which fits no rows of shape {rows.shape}"
        ) from error


def _rows(net: Any, X: Any) -> np.ndarray:
    """Take the rows of a single input, in float32."""
    rows = net._fitted().rows(X).all()
    if isinstance(rows, dict):
        raise ValueError(f"this needs a net of one input; it has {', '.join(rows)}")
    return rows.astype(np.float32)
