"""What losses share: bounds of their keywords, and the loss of the true class or label."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp

from ..utils.checks import between

TINY = 1e-7
"""Smallest probability passed to a logarithm; in float32, ``1 - 1e-8`` rounds to one."""

NATURAL = between(0.0, math.inf)

SHARE = between(0.0, 1.0)


def aligned(predictions: jax.Array, targets: jax.Array) -> jax.Array:
    """Return the targets, with shape (n, 1) if they are (n,) and the predictions are (n, 1).

    Otherwise the difference of the two would have the shape (n, n). Lasagne's losses do the same.

    Examples
    --------
    >>> aligned(jnp.zeros((3, 1)), jnp.zeros(3)).shape
    (3, 1)
    """
    is_column = jnp.ndim(targets) == 1 and jnp.ndim(predictions) == 2 and predictions.shape[1] == 1
    return targets[:, None] if is_column else targets


def of_true_class(losses: jax.Array, targets: jax.Array) -> jax.Array:
    """Return the loss of the true class, or the mean over classes weighted by the targets."""
    if targets.ndim == losses.ndim:
        return jnp.sum(targets.astype(losses.dtype) * losses, axis=-1)
    return jnp.take_along_axis(losses, targets[..., None], axis=-1)[..., 0]


def of_true_label(of_ones: jax.Array, of_zeros: jax.Array, targets: jax.Array) -> jax.Array:
    """Return the loss of ones or of zeros, or their mean weighted by the targets."""
    targets = aligned(of_ones, targets)
    return targets * of_ones + (1 - targets) * of_zeros
