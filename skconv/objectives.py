"""Losses and accuracies under Lasagne's names, and the default training objective.

A loss is a function ``(predictions, targets) -> losses`` that returns one loss per row, or an array
whose first axis is the rows. Class targets are integers ``(n,)`` or rows of probabilities
``(n, k)``. Further arguments of a loss are set by ``objective_<name>``; numbers among them are
runtime values. A loss that has a numerically stable form on logits is followed by that form.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from .nonlinearities import linear, sigmoid, softmax
from .utils.checks import above_zero, between, bounded, flag, or_none
from .utils.loss_contracts import OF_OPTAX, LossContract, contract_of, takes

__all__ = [
    "absolute_error",
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
"""Smallest probability passed to a logarithm; in float32, ``1 - 1e-8`` rounds to one."""

_NATURAL = between(0.0, math.inf)

_SHARE = between(0.0, 1.0)


def _factors(value: Any) -> str | None:
    """Check for a non-negative number, or a sequence of them."""
    values = np.asarray(value, dtype=object).ravel()
    return "a finite number >= 0.0, or one per class" if any(map(_NATURAL, values)) else None


_LOGITS_FORMS: dict[tuple[Any, Any], LossFunction] = {
    (loss, softmax if contract.predictions == "scores" else sigmoid): loss
    for loss, contract in OF_OPTAX.items()
    if contract.predictions in ("scores", "log odds")
}
"""Forms of losses on logits; those of optax have no other."""


def _on_logits(
    loss_function: LossFunction, nonlinearity: Any
) -> Callable[[LossFunction], LossFunction]:
    """Return a decorator that registers the form of a loss on logits, for `from_logits`."""

    def register(form: LossFunction) -> LossFunction:
        _LOGITS_FORMS[loss_function, nonlinearity] = form
        return form

    return register


def from_logits(loss_function: LossFunction, nonlinearity: Any) -> LossFunction | None:
    """Return the form of a loss that takes the inputs of the output nonlinearity.

    Parameters
    ----------
    loss_function, nonlinearity : callable

    Returns
    -------
    callable or None
        ``loss(logits, targets)``, equal to ``loss_function(nonlinearity(logits), targets)`` but
        exact where that overflows, with the same further arguments. None if the pair has no such
        form.

    Examples
    --------
    >>> loss = from_logits(categorical_crossentropy, softmax)
    >>> loss(jnp.array([[1000.0, 0.0]]), jnp.array([1])).tolist()
    [1000.0]
    """
    if isinstance(loss_function, partial):
        form = from_logits(loss_function.func, nonlinearity)
        return form and partial(form, *loss_function.args, **loss_function.keywords)
    return _LOGITS_FORMS.get((loss_function, nonlinearity))


def takes_logits(loss_function: LossFunction, nonlinearity: Any) -> bool:
    """Return whether a loss applies the nonlinearity itself, as those of optax do.

    Examples
    --------
    >>> import optax
    >>> takes_logits(optax.sigmoid_binary_cross_entropy, sigmoid)
    True
    """
    while isinstance(loss_function, partial):
        loss_function = loss_function.func
    return _LOGITS_FORMS.get((loss_function, nonlinearity)) is loss_function


def default_nonlinearity(loss_function: LossFunction, usual: Any) -> Any:
    """Return the nonlinearity of an output whose predictions a loss takes.

    Parameters
    ----------
    loss_function : callable
    usual : callable
        The nonlinearity that follows from the targets, for losses that do not demand another.

    Examples
    --------
    >>> default_nonlinearity(multiclass_hinge_loss, softmax) is linear
    True
    """
    contract = contract_of(loss_function)
    if contract is None or takes_logits(loss_function, usual):
        return usual
    return NONLINEARITIES.get(contract.predictions, usual)


NONLINEARITIES: dict[str, Any] = {
    "distribution": softmax,
    "probabilities": sigmoid,
    "scores": linear,
    "log odds": linear,
}
"""Nonlinearity of an output by the kind of its predictions."""


@takes(LossContract("distribution", "classes"))
@bounded(label_smoothing=_SHARE)
def categorical_crossentropy(
    predictions: jax.Array, targets: jax.Array, label_smoothing: float | None = None
) -> jax.Array:
    """Compute the cross-entropy of classes, ``-log(p)`` with the true class's probability ``p``.

    Parameters
    ----------
    predictions : array of shape (n, ..., k)
        Class probabilities. After a softmax, training computes the loss from the logits instead.
    targets : int array of shape (n, ...) or float array of shape (n, ..., k)
        Class indices, or rows of probabilities.
    label_smoothing : float, optional
        Fraction of the targets, from 0 to 1, to spread evenly over the classes (Szegedy et al.
        2016).

    Returns
    -------
    array of shape (n, ...)
    """
    return _crossentropy(jnp.log(jnp.clip(predictions, _TINY, 1.0)), targets, label_smoothing)


@_on_logits(categorical_crossentropy, softmax)
def _softmax_crossentropy(
    logits: jax.Array, targets: jax.Array, label_smoothing: Any = None
) -> jax.Array:
    return _crossentropy(jax.nn.log_softmax(logits, axis=-1), targets, label_smoothing)


def _crossentropy(log_p: jax.Array, targets: jax.Array, label_smoothing: Any) -> jax.Array:
    losses = _of_true_class(-log_p, targets)
    if label_smoothing is None:
        return losses
    return losses - label_smoothing * (losses + log_p.mean(axis=-1))


@takes(LossContract("probabilities", "values", 0, 1))
@bounded(label_smoothing=_SHARE)
def binary_crossentropy(
    predictions: jax.Array, targets: jax.Array, label_smoothing: float | None = None
) -> jax.Array:
    """Compute the negative log likelihood of independent binary targets, elementwise.

    Parameters
    ----------
    predictions : array of shape (n, k)
        Probabilities. After a sigmoid, training computes the loss from the logits instead.
    targets : array of shape (n, k)
        Zeros and ones, or probabilities.
    label_smoothing : float, optional
        Fraction of the targets, from 0 to 1, to replace by 0.5.

    Returns
    -------
    array of shape (n, k)
    """
    p = jnp.clip(predictions, _TINY, 1.0 - _TINY)
    return _of_true_label(-jnp.log(p), -jnp.log1p(-p), _smoothed(targets, label_smoothing))


@_on_logits(binary_crossentropy, sigmoid)
def _sigmoid_crossentropy(
    logits: jax.Array, targets: jax.Array, label_smoothing: Any = None
) -> jax.Array:
    targets = _smoothed(targets, label_smoothing)
    return _of_true_label(-jax.nn.log_sigmoid(logits), -jax.nn.log_sigmoid(-logits), targets)


def _smoothed(targets: jax.Array, label_smoothing: Any) -> jax.Array:
    if label_smoothing is None:
        return targets
    return targets + label_smoothing * (0.5 - targets)


@takes(LossContract("distribution", "classes"))
@bounded(gamma=_NATURAL, alpha=_factors)
def categorical_focal_loss(
    predictions: jax.Array, targets: jax.Array, gamma: float = 2.0, alpha: Any = None
) -> jax.Array:
    """Compute the focal loss, a cross-entropy that puts less weight on easy rows (Lin et al. 2017).

    It is ``-alpha * (1 - p)**gamma * log(p)`` with the true class's probability ``p``, or the mean
    of that over the classes, weighted by the targets, if the targets are probabilities.

    Parameters
    ----------
    predictions, targets
        As for `categorical_crossentropy`.
    gamma : float
        Focusing exponent; 0 gives the cross-entropy.
    alpha : float or sequence of k floats, optional
        Factor on the loss, or one per class.

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
    return _focal(jnp.log(p), jnp.log1p(-p), targets, gamma, alpha)


@_on_logits(categorical_focal_loss, softmax)
def _softmax_focal(
    logits: jax.Array, targets: jax.Array, gamma: Any = 2.0, alpha: Any = None
) -> jax.Array:
    """Compute the loss with ``log(1 - p)`` of the largest class taken from the other logits.

    The largest probability may round to one; the others are at most 0.5.
    """
    log_p = jax.nn.log_softmax(logits, axis=-1)
    largest = jnp.arange(logits.shape[-1]) == logits.argmax(axis=-1, keepdims=True)
    others = jax.nn.logsumexp(jnp.where(largest, -jnp.inf, logits), axis=-1, keepdims=True)
    rest = others - jax.nn.logsumexp(logits, axis=-1, keepdims=True)
    log_rest = jnp.where(largest, rest, jnp.log1p(-jnp.where(largest, 0, jnp.exp(log_p))))
    return _focal(log_p, log_rest, targets, gamma, alpha)


def _focal(
    log_p: jax.Array, log_rest: jax.Array, targets: jax.Array, gamma: Any, alpha: Any
) -> jax.Array:
    """Compute the loss from ``log(p)`` and ``log(1 - p)`` of all classes."""
    losses = -jnp.exp(gamma * log_rest) * log_p
    if alpha is not None:
        losses = jnp.asarray(alpha, losses.dtype) * losses
    return _of_true_class(losses, targets)


@takes(LossContract("probabilities", "values", 0, 1))
@bounded(gamma=_NATURAL, alpha=_SHARE)
def binary_focal_loss(
    predictions: jax.Array,
    targets: jax.Array,
    gamma: float = 2.0,
    alpha: float | None = None,
) -> jax.Array:
    """Compute the binary focal loss, with less weight on easy labels (Lin et al. 2017).

    It is ``-alpha * (1 - p)**gamma * log(p)`` for targets of one and ``-(1 - alpha) * p**gamma *
    log(1 - p)`` for targets of zero, elementwise; between them, the mean weighted by the target.

    Parameters
    ----------
    predictions, targets
        As for `binary_crossentropy`.
    gamma : float
        Focusing exponent; 0 gives the cross-entropy.
    alpha : float, optional
        Weight of ones, from 0 to 1; zeros have the weight ``1 - alpha``. By default both have the
        weight one.

    Returns
    -------
    array of shape (n, k)
    """
    p = jnp.clip(predictions, _TINY, 1.0 - _TINY)
    return _binary_focal(jnp.log(p), jnp.log1p(-p), targets, gamma, alpha)


@_on_logits(binary_focal_loss, sigmoid)
def _sigmoid_focal(
    logits: jax.Array, targets: jax.Array, gamma: Any = 2.0, alpha: Any = None
) -> jax.Array:
    log_p, log_rest = jax.nn.log_sigmoid(logits), jax.nn.log_sigmoid(-logits)
    return _binary_focal(log_p, log_rest, targets, gamma, alpha)


def _binary_focal(
    log_p: jax.Array, log_rest: jax.Array, targets: jax.Array, gamma: Any, alpha: Any
) -> jax.Array:
    """Compute the loss from ``log(p)`` and ``log(1 - p)``."""
    of_ones, of_zeros = -jnp.exp(gamma * log_rest) * log_p, -jnp.exp(gamma * log_p) * log_rest
    if alpha is not None:
        of_ones, of_zeros = alpha * of_ones, (1 - alpha) * of_zeros
    return _of_true_label(of_ones, of_zeros, targets)


def _hinge_contract(
    log_odds: bool | None = None, binary: bool = True, **others: Any
) -> LossContract:
    low = 0 if binary else -1
    return LossContract("log odds" if log_odds else "probabilities", "values", low, 1, binary=True)


@takes(_hinge_contract)
@bounded(delta=above_zero, log_odds=or_none(flag), binary=flag)
def binary_hinge_loss(
    predictions: jax.Array,
    targets: jax.Array,
    delta: float = 1.0,
    log_odds: bool | None = None,
    binary: bool = True,
) -> jax.Array:
    """Compute the hinge loss of binary targets, ``max(0, delta - log_odds * sign)``, elementwise.

    Parameters
    ----------
    predictions : array of shape (n, k)
        Probabilities, which are converted to log odds, or log odds. After a sigmoid, training takes
        the logits as log odds.
    targets : array of shape (n, k)
    delta : float
        Margin.
    log_odds : bool, optional
        Whether predictions are log odds. None means False, which Lasagne announced as its future
        default.
    binary : bool
        Whether targets are zero and one rather than minus one and one.

    Returns
    -------
    array of shape (n, k)
    """
    if not log_odds:
        p = jnp.clip(predictions, _TINY, 1.0 - _TINY)
        predictions = jnp.log(p) - jnp.log1p(-p)
    return _hinge(predictions, targets, delta, binary=binary)


@_on_logits(binary_hinge_loss, sigmoid)
def _sigmoid_hinge(
    logits: jax.Array,
    targets: jax.Array,
    delta: Any = 1.0,
    log_odds: bool | None = None,
    binary: bool = True,
) -> jax.Array:
    return _hinge(sigmoid(logits) if log_odds else logits, targets, delta, binary=binary)


def _hinge(log_odds: jax.Array, targets: jax.Array, delta: Any, *, binary: bool) -> jax.Array:
    signs = 2 * targets - 1 if binary else targets
    return jnp.maximum(delta - log_odds * signs, 0)


@takes(LossContract("scores", "classes"))
@bounded(delta=above_zero)
def multiclass_hinge_loss(
    predictions: jax.Array, targets: jax.Array, delta: float = 1.0
) -> jax.Array:
    """Compute the hinge loss of the best wrong class (Crammer and Singer 2001).

    It is ``max(0, delta + best wrong score - true score)``, or the mean of that over the classes,
    weighted by the targets, if the targets are probabilities.

    Parameters
    ----------
    predictions : array of shape (n, ..., k)
        Scores, from an output layer with ``nonlinearity=None``.
    targets : int array of shape (n, ...) or float array of shape (n, ..., k)
        Class indices, or rows of probabilities.
    delta : float
        Margin.

    Returns
    -------
    array of shape (n, ...)

    Examples
    --------
    >>> multiclass_hinge_loss(jnp.array([[0.5, 2.0, 1.0]]), jnp.array([1])).tolist()
    [0.0]
    """
    best = jnp.arange(predictions.shape[-1]) == predictions.argmax(axis=-1, keepdims=True)
    second = jnp.where(best, -jnp.inf, predictions).max(axis=-1, keepdims=True)
    rest = jnp.where(best, second, predictions.max(axis=-1, keepdims=True))
    return _of_true_class(jnp.maximum(rest - predictions + delta, 0), targets)


@takes(LossContract("numbers", "values"))
def squared_error(predictions: jax.Array, targets: jax.Array) -> jax.Array:
    """Compute the squared difference, elementwise.

    Parameters
    ----------
    predictions, targets : arrays of shape (n, ...)

    Returns
    -------
    array of shape (n, ...)
    """
    return jnp.square(predictions - targets)


@takes(LossContract("numbers", "values"))
def absolute_error(predictions: jax.Array, targets: jax.Array) -> jax.Array:
    """Compute the absolute difference, elementwise.

    Its minimum is the median of the targets, which outliers do not move.

    Parameters
    ----------
    predictions, targets : arrays of shape (n, ...)

    Returns
    -------
    array of shape (n, ...)

    Examples
    --------
    >>> absolute_error(jnp.array([0.5, -3.0]), jnp.zeros(2)).tolist()
    [0.5, 3.0]
    """
    return jnp.abs(predictions - targets)


@takes(LossContract("numbers", "values"))
@bounded(delta=above_zero)
def huber_loss(predictions: jax.Array, targets: jax.Array, delta: float = 1.0) -> jax.Array:
    """Compute half the squared difference up to `delta`, linear beyond it (Huber 1964).

    Parameters
    ----------
    predictions, targets : arrays of shape (n, ...)
    delta : float
        Absolute difference at which the loss becomes linear.

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


def _of_true_class(losses: jax.Array, targets: jax.Array) -> jax.Array:
    """Return the loss of the true class, or the mean over classes weighted by the targets."""
    if targets.ndim == losses.ndim:
        return jnp.sum(targets.astype(losses.dtype) * losses, axis=-1)
    return jnp.take_along_axis(losses, targets[..., None], axis=-1)[..., 0]


def _of_true_label(of_ones: jax.Array, of_zeros: jax.Array, targets: jax.Array) -> jax.Array:
    """Return the loss of ones or of zeros, or their mean weighted by the targets."""
    return targets * of_ones + (1 - targets) * of_zeros


def binary_accuracy(
    predictions: jax.Array, targets: jax.Array, threshold: float = 0.5
) -> jax.Array:
    """Compute whether the thresholded prediction equals the target, elementwise.

    Parameters
    ----------
    predictions, targets : arrays of shape (n, ...)
        Targets are zeros and ones, or probabilities to round.
    threshold : float
        Smallest prediction that counts as one.

    Returns
    -------
    float array of shape (n, ...)
        Ones and zeros.
    """
    return ((predictions >= threshold) == (targets > 0.5)).astype(predictions.dtype)


def categorical_accuracy(predictions: jax.Array, targets: jax.Array, top_k: int = 1) -> jax.Array:
    """Compute whether the true class is among the `top_k` most probable classes.

    Parameters
    ----------
    predictions : array of shape (n, ..., k)
    targets : int array of shape (n, ...) or float array of shape (n, ..., k)
        Class indices, or rows of probabilities.
    top_k : int

    Returns
    -------
    float array of shape (n, ...)
        Ones and zeros.

    Raises
    ------
    ValueError
        If `top_k` exceeds the number of classes or is not positive.

    Examples
    --------
    >>> p, classes = jnp.array([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7]]), jnp.array([1, 0])
    >>> categorical_accuracy(p, classes, top_k=2).tolist()
    [1.0, 0.0]
    """
    classes = predictions.shape[-1]
    if not 1 <= top_k <= classes:
        raise ValueError(
            f"top_k must be an integer from 1 to the number of classes ({classes}), got {top_k!r}"
        )
    true = targets.argmax(axis=-1) if targets.ndim == predictions.ndim else targets
    best = predictions.argmax(axis=-1)[..., None]
    if top_k > 1:
        best = lax.top_k(predictions, top_k)[1]
    return (best.astype(true.dtype) == true[..., None]).any(axis=-1).astype(predictions.dtype)


@bounded(l1=_NATURAL, l2=_NATURAL)
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
    """Compute the weighted mean loss of a batch, plus penalties on the parameters.

    A custom objective has the same signature; its further keywords are set by ``objective_*``. For
    a net with several outputs, predictions and targets are tuples (in training, predictions of
    auxiliary outputs come last), and the loss function takes such tuples and returns the sum of the
    losses under the outputs' weights.

    Parameters
    ----------
    predictions : array of shape (n, ...)
        Outputs of the network.
    targets : array of shape (n, ...)
    weights : array of shape (n,)
        Weight of each row; zero for rows that pad the batch.
    params : list of arrays
        The regularizable parameters.
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
    """Return the mean of `rows` under `weights`, or zero if all weights are zero."""
    total = weights.sum()
    return (rows * weights).sum() / jnp.where(total > 0, total, 1)
