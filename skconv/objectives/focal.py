"""Focal losses of classes and of binary labels."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..nonlinearities import sigmoid, softmax
from ..utils.checks import bounded
from ..utils.loss_contracts import LossContract, takes
from .base import NATURAL, SHARE, TINY, of_true_class, of_true_label
from .by_nonlinearity import on_logits

__all__ = ["binary_focal_loss", "categorical_focal_loss"]


def _factors(value: Any) -> str | None:
    """Check for a non-negative number, or a sequence of them."""
    values = np.asarray(value, dtype=object).ravel()
    return "a finite number >= 0.0, or one per class" if any(map(NATURAL, values)) else None


@takes(LossContract("distribution", "classes"))
@bounded(gamma=NATURAL, alpha=_factors)
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
    p = jnp.clip(predictions, TINY, 1.0 - TINY)
    return _focal(jnp.log(p), jnp.log1p(-p), targets, gamma, alpha)


@on_logits(categorical_focal_loss, softmax)
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
    return of_true_class(losses, targets)


@takes(LossContract("probabilities", "values", 0, 1))
@bounded(gamma=NATURAL, alpha=SHARE)
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
    p = jnp.clip(predictions, TINY, 1.0 - TINY)
    return _binary_focal(jnp.log(p), jnp.log1p(-p), targets, gamma, alpha)


@on_logits(binary_focal_loss, sigmoid)
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
    return of_true_label(of_ones, of_zeros, targets)
