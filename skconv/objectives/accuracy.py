"""Accuracies of classes and of binary labels."""

from __future__ import annotations

import jax
from jax import lax

from .base import aligned

__all__ = ["binary_accuracy", "categorical_accuracy"]


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
    targets = aligned(predictions, targets)
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
    >>> import jax.numpy as jnp
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
