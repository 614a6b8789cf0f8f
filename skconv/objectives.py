"""Losses under Lasagne's names, and the objective that a training step lowers.

A loss function is ``(predictions, targets) -> losses``, one loss a row (or an array whose first
axis is the rows). Targets of classes are integers ``(n,)`` or rows of probabilities ``(n, k)``.
Further arguments are set by ``objective_<name>``, numbers as runtime values.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Protocol

import jax
import jax.numpy as jnp
from jax import lax

from .nonlinearities import sigmoid, softmax

__all__ = [
    "binary_accuracy",
    "binary_crossentropy",
    "binary_focal_loss",
    "binary_hinge_loss",
    "categorical_accuracy",
    "categorical_crossentropy",
    "categorical_focal_loss",
    "huber_loss",
    "multiclass_hinge_loss",
    "objective",
    "squared_error",
]


class LossFunction(Protocol):
    """A function ``(predictions, targets) -> losses``, one loss per row or per element."""

    def __call__(self, predictions: jax.Array, targets: jax.Array, /) -> jax.Array:
        """Return the losses."""
        ...


_TINY = 1e-7
"""Smallest probability whose logarithm is taken; float32 cannot tell ``1 - 1e-8`` from one."""


def categorical_crossentropy(
    predictions: jax.Array, targets: jax.Array, label_smoothing: float | None = None
) -> jax.Array:
    """Negative logarithm of the probability given to the true class.

    Parameters
    ----------
    predictions : array of shape (n, ..., k)
        Probabilities. Behind a softmax the loss is computed from the logits instead.
    targets : int array of shape (n, ...) or float array of shape (n, ..., k)
        Class indices, or rows of probabilities.
    label_smoothing : float, optional
        Part of the targets, from 0 to 1, that is spread evenly over the classes (Szegedy et al.
        2016).

    Returns
    -------
    array of shape (n, ...)
    """
    return crossentropy(jnp.log(jnp.clip(predictions, _TINY, 1.0)), targets, label_smoothing)


def binary_crossentropy(
    predictions: jax.Array, targets: jax.Array, label_smoothing: float | None = None
) -> jax.Array:
    """Negative log likelihood of independent yes-or-no targets, elementwise.

    Parameters
    ----------
    predictions : array of shape (n, k)
        Probabilities. Behind a sigmoid the loss is computed from the logits instead.
    targets : array of shape (n, k)
        Zeros and ones, or probabilities.
    label_smoothing : float, optional
        Part of the targets, from 0 to 1, that is replaced by a half.

    Returns
    -------
    array of shape (n, k)
    """
    p = jnp.clip(predictions, _TINY, 1.0 - _TINY)
    return two_sided(-jnp.log(p), -jnp.log1p(-p), smoothed(targets, label_smoothing))


def categorical_focal_loss(
    predictions: jax.Array, targets: jax.Array, gamma: float = 2.0, alpha: Any = None
) -> jax.Array:
    """Cross-entropy that counts less for rows that are right already (Lin et al. 2017).

    ``-alpha * (1 - p)**gamma * log(p)`` with the probability ``p`` of the true class; of its mean
    under the targets where these are probabilities.

    Parameters
    ----------
    predictions, targets
        As in `categorical_crossentropy`.
    gamma : float
        0 gives the cross-entropy.
    alpha : float or sequence of k floats, optional
        Factor on the loss, or one for each class.

    Returns
    -------
    array of shape (n, ...)

    Examples
    --------
    >>> p, classes = jnp.array([[0.9, 0.1], [0.5, 0.5]]), jnp.array([0, 1])
    >>> [round(float(loss), 4) for loss in categorical_focal_loss(p, classes)]
    [0.0011, 0.1733]
    """
    p = jnp.clip(predictions, _TINY, 1.0 - _TINY)
    return focal(jnp.log(p), jnp.log1p(-p), targets, gamma, alpha)


def binary_focal_loss(
    predictions: jax.Array,
    targets: jax.Array,
    gamma: float = 2.0,
    alpha: float | None = None,
) -> jax.Array:
    """Binary cross-entropy that counts less where it is right already (Lin et al. 2017).

    ``-alpha * (1 - p)**gamma * log(p)`` where the target is one and ``-(1 - alpha) * p**gamma *
    log(1 - p)`` where it is zero, elementwise; their mean where targets are probabilities.

    Parameters
    ----------
    predictions, targets
        As in `binary_crossentropy`.
    gamma : float
        0 gives the cross-entropy.
    alpha : float, optional
        Weight of ones against zeros, from 0 to 1; by default both have the weight one.

    Returns
    -------
    array of shape (n, k)
    """
    p = jnp.clip(predictions, _TINY, 1.0 - _TINY)
    return two_sided_focal(jnp.log(p), jnp.log1p(-p), targets, gamma, alpha)


def squared_error(predictions: jax.Array, targets: jax.Array) -> jax.Array:
    """Square of the difference, elementwise.

    Parameters
    ----------
    predictions, targets : arrays of shape (n, ...)

    Returns
    -------
    array of shape (n, ...)
    """
    return jnp.square(predictions - targets)


def huber_loss(predictions: jax.Array, targets: jax.Array, delta: float = 1.0) -> jax.Array:
    """Half the square of differences up to `delta`, a line from there on (Huber 1964).

    Parameters
    ----------
    predictions, targets : arrays of shape (n, ...)
    delta : float

    Returns
    -------
    array of shape (n, ...)

    Examples
    --------
    >>> huber_loss(jnp.array([0.5, 3.0]), jnp.zeros(2)).tolist()
    [0.125, 2.5]
    """
    size = jnp.abs(predictions - targets)
    inner = jnp.minimum(size, delta)
    return inner * (size - 0.5 * inner)


def binary_hinge_loss(
    predictions: jax.Array,
    targets: jax.Array,
    delta: float = 1.0,
    log_odds: bool | None = None,
    binary: bool = True,
) -> jax.Array:
    """Hinge of yes-or-no targets, ``max(0, delta - predictions * targets)``, elementwise.

    Parameters
    ----------
    predictions : array of shape (n, k)
        Probabilities, whose log odds are taken, or log odds. Behind a sigmoid these are the
        logits themselves.
    targets : array of shape (n, k)
    delta : float
        The margin.
    log_odds : bool, optional
        True where predictions are log odds. None is False, which Lasagne announced as its default
        to come.
    binary : bool
        True for targets of zero and one, False for those of minus one and one.

    Returns
    -------
    array of shape (n, k)
    """
    if not log_odds:
        p = jnp.clip(predictions, _TINY, 1.0 - _TINY)
        predictions = jnp.log(p) - jnp.log1p(-p)
    return margin(predictions, targets, delta, binary=binary)


def multiclass_hinge_loss(
    predictions: jax.Array, targets: jax.Array, delta: float = 1.0
) -> jax.Array:
    """Hinge of the best wrong class against the true one (Crammer and Singer 2001).

    ``max(0, delta + best wrong - true)``; its mean under the targets where these are
    probabilities.

    Parameters
    ----------
    predictions : array of shape (n, ..., k)
        Scores; give the output layer ``nonlinearity=None``.
    targets : int array of shape (n, ...) or float array of shape (n, ..., k)
    delta : float
        The margin.

    Returns
    -------
    array of shape (n, ...)

    Examples
    --------
    >>> multiclass_hinge_loss(jnp.array([[0.5, 2.0, 1.0]]), jnp.array([1])).tolist()
    [0.0]
    """
    place = jnp.arange(predictions.shape[-1]) == predictions.argmax(axis=-1, keepdims=True)
    second = jnp.where(place, -jnp.inf, predictions).max(axis=-1, keepdims=True)
    rest = jnp.where(place, second, predictions.max(axis=-1, keepdims=True))
    return select(jnp.maximum(rest - predictions + delta, 0), targets)


def binary_accuracy(
    predictions: jax.Array, targets: jax.Array, threshold: float = 0.5
) -> jax.Array:
    """One where a prediction is on the same side of the threshold as its target, elementwise.

    Parameters
    ----------
    predictions, targets : arrays of shape (n, ...)
    threshold : float

    Returns
    -------
    float array of shape (n, ...)
    """
    return ((predictions >= threshold) == (targets > 0.5)).astype(predictions.dtype)


def categorical_accuracy(predictions: jax.Array, targets: jax.Array, top_k: int = 1) -> jax.Array:
    """One where the true class is among the `top_k` most probable ones.

    Parameters
    ----------
    predictions : array of shape (n, ..., k)
    targets : int array of shape (n, ...) or float array of shape (n, ..., k)
    top_k : int

    Returns
    -------
    float array of shape (n, ...)

    Examples
    --------
    >>> p, classes = jnp.array([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7]]), jnp.array([1, 0])
    >>> categorical_accuracy(p, classes, top_k=2).tolist()
    [1.0, 0.0]
    """
    classes = predictions.shape[-1]
    if not 1 <= top_k <= classes:
        raise ValueError(f"top_k={top_k!r} is not a whole number from 1 to the {classes} classes")
    true = targets.argmax(axis=-1) if targets.ndim == predictions.ndim else targets
    best = predictions.argmax(axis=-1)[..., None]
    if top_k > 1:
        best = lax.top_k(predictions, top_k)[1]
    return (best.astype(true.dtype) == true[..., None]).any(axis=-1).astype(predictions.dtype)


def select(losses: jax.Array, targets: jax.Array) -> jax.Array:
    """Pick the loss of the true class, or the mean of all under the targets."""
    if targets.ndim == losses.ndim:
        return jnp.sum(targets.astype(losses.dtype) * losses, axis=-1)
    return jnp.take_along_axis(losses, targets[..., None], axis=-1)[..., 0]


def crossentropy(log_p: jax.Array, targets: jax.Array, label_smoothing: Any = None) -> jax.Array:
    """`categorical_crossentropy` of logarithms of probabilities."""
    losses = select(-log_p, targets)
    if label_smoothing is None:
        return losses
    return losses - label_smoothing * (losses + log_p.mean(axis=-1))


def smoothed(targets: jax.Array, label_smoothing: Any = None) -> jax.Array:
    """Yes-or-no targets of which a part is replaced by a half."""
    if label_smoothing is None:
        return targets
    return targets + label_smoothing * (0.5 - targets)


def two_sided(of_ones: jax.Array, of_zeros: jax.Array, targets: jax.Array) -> jax.Array:
    """Mean of the losses of ones and of zeros under yes-or-no targets."""
    return targets * of_ones + (1 - targets) * of_zeros


def focal(
    log_p: jax.Array, log_rest: jax.Array, targets: jax.Array, gamma: Any, alpha: Any
) -> jax.Array:
    """`categorical_focal_loss` of the logarithms of ``p`` and ``1 - p``."""
    losses = -jnp.exp(gamma * log_rest) * log_p
    return select(losses if alpha is None else jnp.asarray(alpha, losses.dtype) * losses, targets)


def two_sided_focal(
    log_p: jax.Array, log_not: jax.Array, targets: jax.Array, gamma: Any, alpha: Any
) -> jax.Array:
    """`binary_focal_loss` of the logarithms of ``p`` and ``1 - p``."""
    of_ones, of_zeros = -jnp.exp(gamma * log_not) * log_p, -jnp.exp(gamma * log_p) * log_not
    if alpha is not None:
        of_ones, of_zeros = alpha * of_ones, (1 - alpha) * of_zeros
    return two_sided(of_ones, of_zeros, targets)


def margin(scores: jax.Array, targets: jax.Array, delta: Any, *, binary: bool) -> jax.Array:
    """`binary_hinge_loss` of log odds."""
    signs = 2 * targets - 1 if binary else targets
    return jnp.maximum(delta - scores * signs, 0)


def objective(
    predictions: jax.Array,
    targets: jax.Array,
    weights: jax.Array,
    params: list[jax.Array],
    *,
    loss_function: LossFunction,
    l1: float | jax.Array | None = None,
    l2: float | jax.Array | None = None,
) -> jax.Array:
    """Weighted mean loss of a batch, plus penalties on the weights.

    An own objective has the same signature; its further keywords are set by ``objective_*``. Of
    several outputs it gets tuples of predictions (in training the auxiliary ones come last) and
    of targets, and a loss function that takes such tuples and sums up with the outputs' weights.

    Parameters
    ----------
    predictions : array of shape (n, ...)
        Output of the network.
    targets : array of shape (n, ...)
    weights : array of shape (n,)
        Weight of each row; zero for the rows that only fill up the batch.
    params : list of arrays
        The regularisable parameters.
    loss_function : callable
        ``(predictions, targets) -> losses``.
    l1, l2 : float, optional
        Factors on the sum of absolute values and of squares of `params`.

    Returns
    -------
    scalar array

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> predictions, targets = jnp.array([1.0, 3.0]), jnp.array([0.0, 0.0])
    >>> float(objective(predictions, targets, jnp.ones(2), [], loss_function=squared_error))
    5.0
    """
    losses = loss_function(predictions, targets)
    rows = losses.reshape(losses.shape[0], -1).mean(axis=1)
    loss = weighted_mean(rows, weights)
    if l1 is not None:
        loss += l1 * sum(jnp.abs(p).sum() for p in params)
    if l2 is not None:
        loss += l2 * sum(jnp.square(p).sum() for p in params)
    return loss


def weighted_mean(rows: jax.Array, weights: jax.Array) -> jax.Array:
    """Mean of `rows` under `weights`; zero where all weights are zero."""
    total = weights.sum()
    return (rows * weights).sum() / jnp.where(total > 0, total, 1)


def _softmax_crossentropy(
    logits: jax.Array, targets: jax.Array, label_smoothing: Any = None
) -> jax.Array:
    return crossentropy(jax.nn.log_softmax(logits, axis=-1), targets, label_smoothing)


def _sigmoid_crossentropy(
    logits: jax.Array, targets: jax.Array, label_smoothing: Any = None
) -> jax.Array:
    targets = smoothed(targets, label_smoothing)
    return two_sided(-jax.nn.log_sigmoid(logits), -jax.nn.log_sigmoid(-logits), targets)


def _softmax_focal(
    logits: jax.Array, targets: jax.Array, gamma: Any = 2.0, alpha: Any = None
) -> jax.Array:
    """Take ``log(1 - p)`` of the largest class from the logits of the others.

    Its own probability rounds to one; those of the others are a half at most.
    """
    log_p = jax.nn.log_softmax(logits, axis=-1)
    largest = jnp.arange(logits.shape[-1]) == logits.argmax(axis=-1, keepdims=True)
    others = jax.nn.logsumexp(jnp.where(largest, -jnp.inf, logits), axis=-1, keepdims=True)
    rest = others - jax.nn.logsumexp(logits, axis=-1, keepdims=True)
    log_rest = jnp.where(largest, rest, jnp.log1p(-jnp.where(largest, 0, jnp.exp(log_p))))
    return focal(log_p, log_rest, targets, gamma, alpha)


def _sigmoid_focal(
    logits: jax.Array, targets: jax.Array, gamma: Any = 2.0, alpha: Any = None
) -> jax.Array:
    log_p, log_not = jax.nn.log_sigmoid(logits), jax.nn.log_sigmoid(-logits)
    return two_sided_focal(log_p, log_not, targets, gamma, alpha)


def _sigmoid_hinge(
    logits: jax.Array,
    targets: jax.Array,
    delta: Any = 1.0,
    log_odds: bool | None = None,
    binary: bool = True,
) -> jax.Array:
    return margin(sigmoid(logits) if log_odds else logits, targets, delta, binary=binary)


_FORMS: dict[tuple[Any, Any], LossFunction] = {
    (categorical_crossentropy, softmax): _softmax_crossentropy,
    (binary_crossentropy, sigmoid): _sigmoid_crossentropy,
    (categorical_focal_loss, softmax): _softmax_focal,
    (binary_focal_loss, sigmoid): _sigmoid_focal,
    (binary_hinge_loss, sigmoid): _sigmoid_hinge,
}


def from_logits(loss_function: LossFunction, nonlinearity: Any) -> LossFunction | None:
    """Find the form of a loss that takes what enters the output nonlinearity.

    Parameters
    ----------
    loss_function, nonlinearity : callable

    Returns
    -------
    callable or None
        ``loss(logits, targets)`` equal to ``loss_function(nonlinearity(logits), targets)`` and
        exact where that one overflows, with the same further arguments; None where the pair has
        no such form.

    Examples
    --------
    >>> loss = from_logits(categorical_crossentropy, softmax)
    >>> loss(jnp.array([[1000.0, 0.0]]), jnp.array([1])).tolist()
    [1000.0]
    """
    if isinstance(loss_function, partial):
        form = from_logits(loss_function.func, nonlinearity)
        return form and partial(form, *loss_function.args, **loss_function.keywords)
    return _FORMS.get((loss_function, nonlinearity))
