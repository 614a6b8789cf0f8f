"""Losses of what enters the output's nonlinearity, exact where its probabilities saturate."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from .nonlinearities import sigmoid, softmax
from .objectives import (
    Loss,
    binary_crossentropy,
    binary_focal_loss,
    binary_hinge_loss,
    categorical_crossentropy,
    categorical_focal_loss,
    crossentropy,
    focal,
    margin,
    smoothed,
    two_sided,
    two_sided_focal,
)


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


_FORMS: dict[tuple[Any, Any], Loss] = {
    (categorical_crossentropy, softmax): _softmax_crossentropy,
    (binary_crossentropy, sigmoid): _sigmoid_crossentropy,
    (categorical_focal_loss, softmax): _softmax_focal,
    (binary_focal_loss, sigmoid): _sigmoid_focal,
    (binary_hinge_loss, sigmoid): _sigmoid_hinge,
}


def from_logits(loss_function: Loss, nonlinearity: Any) -> Loss | None:
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
