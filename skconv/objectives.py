"""Losses under Lasagne's names, and the objective that a training step lowers.

A loss function is ``(predictions, targets) -> losses``, one loss a row (or an array whose first
axis is the rows). Targets of classes are integers ``(n,)`` or rows of probabilities ``(n, k)``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax

from .nonlinearities import sigmoid, softmax

__all__ = [
    "binary_crossentropy",
    "categorical_crossentropy",
    "objective",
    "squared_error",
]

Loss = Callable[[jax.Array, jax.Array], jax.Array]

_TINY = 1e-7
"""Smallest probability whose logarithm is taken; float32 cannot tell ``1 - 1e-8`` from one."""


def categorical_crossentropy(predictions: jax.Array, targets: jax.Array) -> jax.Array:
    """Negative logarithm of the probability given to the true class.

    Parameters
    ----------
    predictions : array of shape (n, ..., k)
        Probabilities. Behind a softmax the loss is computed from the logits instead.
    targets : int array of shape (n, ...) or float array of shape (n, ..., k)
        Class indices, or rows of probabilities.

    Returns
    -------
    array of shape (n, ...)
    """
    return _select(jnp.log(jnp.clip(predictions, _TINY, 1.0)), targets)


def binary_crossentropy(predictions: jax.Array, targets: jax.Array) -> jax.Array:
    """Negative log likelihood of independent yes-or-no targets, elementwise.

    Parameters
    ----------
    predictions : array of shape (n, k)
        Probabilities. Behind a sigmoid the loss is computed from the logits instead.
    targets : array of shape (n, k)
        Zeros and ones, or probabilities.

    Returns
    -------
    array of shape (n, k)
    """
    p = jnp.clip(predictions, _TINY, 1.0 - _TINY)
    return -(targets * jnp.log(p) + (1 - targets) * jnp.log1p(-p))


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


def _select(log_probabilities: jax.Array, targets: jax.Array) -> jax.Array:
    if targets.ndim == log_probabilities.ndim:
        return -jnp.sum(targets * log_probabilities, axis=-1)
    return -jnp.take_along_axis(log_probabilities, targets[..., None], axis=-1)[..., 0]


def _softmax_crossentropy(logits: jax.Array, targets: jax.Array) -> jax.Array:
    return _select(jax.nn.log_softmax(logits, axis=-1), targets)


def _sigmoid_crossentropy(logits: jax.Array, targets: jax.Array) -> jax.Array:
    return optax.sigmoid_binary_cross_entropy(logits, targets)


_FUSED: dict[tuple[Any, Any], Loss] = {
    (categorical_crossentropy, softmax): _softmax_crossentropy,
    (binary_crossentropy, sigmoid): _sigmoid_crossentropy,
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
        exact where that one overflows; None where the pair has no such form.
    """
    return _FUSED.get((loss_function, nonlinearity))


def objective(
    predictions: jax.Array,
    targets: jax.Array,
    weights: jax.Array,
    params: list[jax.Array],
    *,
    loss_function: Loss,
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
