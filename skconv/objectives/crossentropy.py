"""Cross-entropies of classes and of binary labels."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from ..nonlinearities import sigmoid, softmax
from ..utils.checks import bounded
from ..utils.loss_contracts import LossContract, takes
from .base import SHARE, TINY, of_true_class, of_true_label
from .by_nonlinearity import on_logits

__all__ = ["binary_crossentropy", "categorical_crossentropy"]


@takes(LossContract("distribution", "classes"))
@bounded(label_smoothing=SHARE)
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
    return _crossentropy(jnp.log(jnp.clip(predictions, TINY, 1.0)), targets, label_smoothing)


@on_logits(categorical_crossentropy, softmax)
def _softmax_crossentropy(
    logits: jax.Array, targets: jax.Array, label_smoothing: Any = None
) -> jax.Array:
    return _crossentropy(jax.nn.log_softmax(logits, axis=-1), targets, label_smoothing)


def _crossentropy(log_p: jax.Array, targets: jax.Array, label_smoothing: Any) -> jax.Array:
    losses = of_true_class(-log_p, targets)
    if label_smoothing is None:
        return losses
    return losses - label_smoothing * (losses + log_p.mean(axis=-1))


@takes(LossContract("probabilities", "values", 0, 1))
@bounded(label_smoothing=SHARE)
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
    p = jnp.clip(predictions, TINY, 1.0 - TINY)
    return of_true_label(-jnp.log(p), -jnp.log1p(-p), _smoothed(targets, label_smoothing))


@on_logits(binary_crossentropy, sigmoid)
def _sigmoid_crossentropy(
    logits: jax.Array, targets: jax.Array, label_smoothing: Any = None
) -> jax.Array:
    targets = _smoothed(targets, label_smoothing)
    return of_true_label(-jax.nn.log_sigmoid(logits), -jax.nn.log_sigmoid(-logits), targets)


def _smoothed(targets: jax.Array, label_smoothing: Any) -> jax.Array:
    if label_smoothing is None:
        return targets
    return targets + label_smoothing * (0.5 - targets)
