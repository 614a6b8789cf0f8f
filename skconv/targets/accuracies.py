"""Accuracies of labels, for outputs of probabilities or scores."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp

Accuracy = Callable[[jax.Array, jax.Array], jax.Array]


def label_accuracy(predictions: jax.Array, targets: jax.Array, threshold: float = 0.5) -> jax.Array:
    """Return one for each row whose labels are all correct or NaN, else zero."""
    correct = ((predictions > threshold) == (targets > 0.5)) | jnp.isnan(targets)
    return correct.all(axis=-1).astype(jnp.float32)


score_accuracy = partial(label_accuracy, threshold=0.0)
"""Accuracy of log odds, of which the sign decides."""


def unit_accuracy(predictions: jax.Array, targets: jax.Array, threshold: float = 0.5) -> jax.Array:
    """Return one for each unit that is on the right side of the threshold, else zero."""
    return ((predictions > threshold) == (targets > 0.5)).astype(jnp.float32)
