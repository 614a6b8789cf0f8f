"""Hinge losses of classes and of binary labels."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from ..nonlinearities import sigmoid
from ..utils.checks import above_zero, bounded, flag, or_none
from ..utils.loss_contracts import LossContract, takes
from .base import TINY, aligned, of_true_class
from .by_nonlinearity import on_logits

__all__ = ["binary_hinge_loss", "multiclass_hinge_loss"]


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
        p = jnp.clip(predictions, TINY, 1.0 - TINY)
        predictions = jnp.log(p) - jnp.log1p(-p)
    return _hinge(predictions, targets, delta, binary=binary)


@on_logits(binary_hinge_loss, sigmoid)
def _sigmoid_hinge(
    logits: jax.Array,
    targets: jax.Array,
    delta: Any = 1.0,
    log_odds: bool | None = None,
    binary: bool = True,
) -> jax.Array:
    return _hinge(sigmoid(logits) if log_odds else logits, targets, delta, binary=binary)


def _hinge(log_odds: jax.Array, targets: jax.Array, delta: Any, *, binary: bool) -> jax.Array:
    targets = aligned(log_odds, targets)
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
    return of_true_class(jnp.maximum(rest - predictions + delta, 0), targets)
