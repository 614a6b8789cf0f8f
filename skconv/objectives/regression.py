"""Losses of numbers."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from ..utils.checks import above_zero, bounded
from ..utils.loss_contracts import LossContract, takes
from .base import aligned

__all__ = ["absolute_error", "huber_loss", "squared_error"]


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
    return jnp.square(predictions - aligned(predictions, targets))


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
    return jnp.abs(predictions - aligned(predictions, targets))


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
    size = jnp.abs(predictions - aligned(predictions, targets))
    inner = jnp.minimum(size, delta)
    return inner * (size - 0.5 * inner)
