"""Targets of a batch with their weights: which count, and how much, in losses and figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ..network.precision import cast_floats
from ..targets.by_output import as_tuple, unwrap_single
from ..targets.holes import is_known
from .plan import Plan


class BatchTargets(NamedTuple):
    """The targets of a batch and their weights.

    Parameters
    ----------
    values : array of shape (n, ...), or tuple of arrays
        Encoded targets; ignored ones are -1 for classes, and NaN otherwise.
    rows : array of shape (n,)
        Weight of each row; zero for padding.
    weights : tuple of array of shape (n, ...), or None
        Weight of each target relative to its row, by output; zero for ignored ones. None if rows
        alone have weights.
    """

    values: Any
    rows: jax.Array
    weights: tuple[jax.Array, ...] | None = None

    def objective_weights(self) -> jax.Array:
        """Return the weights of the rows in the objective: the mean over the targets of a row."""
        if self.weights is None:
            return self.rows
        shares = [weights.reshape(len(weights), -1).mean(axis=1) for weights in self.weights]
        return self.rows * sum(shares) / len(shares)

    def for_accuracy(self) -> Any:
        """Return targets of which those without weight are ignored, too."""
        if self.weights is None:
            return self.values
        pairs = zip(as_tuple(self.values), self.weights, strict=True)
        return unwrap_single([_without_weightless(*pair) for pair in pairs])


def batch_targets(plan: Plan, y: Any, weights: Any, rows: jax.Array) -> BatchTargets:
    """Return the targets of a batch with their weights.

    Parameters
    ----------
    plan : Plan
    y : array of shape (n, ...), or tuple of arrays
        Encoded targets.
    weights : tuple of array of shape (n, ...), or None
        Weight of each target, if they have any.
    rows : array of shape (n,)
        Weight of each row.
    """
    y, weights, rows = cast_floats((y, weights, rows), plan.network.dtype)
    if not plan.weighs_targets:
        return BatchTargets(y, rows)
    parts = as_tuple(y)
    given = [jnp.ones(part.shape, rows.dtype) for part in parts] if weights is None else weights
    own = [
        _of_known(part, weight) if holes else weight
        for part, weight, holes in zip(parts, given, plan.holes, strict=True)
    ]
    return BatchTargets(y, rows, tuple(own))


def _of_known(targets: jax.Array, weights: jax.Array) -> jax.Array:
    """Return the weights with zeros for ignored targets; labels may have become probabilities."""
    known = is_known(targets)
    return weights.reshape(*weights.shape, *(1,) * (known.ndim - weights.ndim)) * known.astype(
        weights.dtype
    )


def _without_weightless(targets: jax.Array, weights: jax.Array) -> jax.Array:
    if not jnp.issubdtype(targets.dtype, jnp.floating) or weights.ndim != targets.ndim:
        return targets
    return jnp.where(weights > 0, targets, jnp.nan)


def safe_targets(targets: jax.Array) -> jax.Array:
    """Replace ignored targets by values for which any loss is finite: others of the batch."""
    known = is_known(targets)
    if not jnp.issubdtype(targets.dtype, jnp.floating):
        return jnp.where(known, targets, 0)
    largest = jnp.where(known, targets, -jnp.inf).max()
    return jnp.where(known, targets, jnp.where(known.any(), largest, 1.0))


def group_weights(weights: jax.Array) -> jax.Array:
    """Return the weights of rows whose targets count only together: their mean, or zero."""
    by_row = weights.reshape(len(weights), -1)
    return jnp.where((by_row > 0).all(axis=1), by_row.mean(axis=1), 0)


def masked_rows(
    losses: jax.Array, weights: jax.Array, *, grouped: str
) -> tuple[jax.Array, jax.Array]:
    """Return the weighted mean of the values of each row, and the weight of the row.

    Parameters
    ----------
    losses : array of shape (n, ...)
        Values that belong to the targets with which they share their first axes.
    weights : array of shape (n, ...)
        Weights of the targets.
    grouped : {'all', 'any'}
        Whether a value for several targets counts only if all of them do, or if any does.

    Returns
    -------
    rows, weights : arrays of shape (n,)
    """
    axes = shared_axes(losses.shape, weights.shape)
    values = losses.reshape(*losses.shape[:axes], -1).mean(axis=-1)
    several = weights.reshape(*weights.shape[:axes], -1)
    counts = several > 0
    if grouped == "all":
        own = jnp.where(counts.all(axis=-1), several.mean(axis=-1), 0)
    else:
        count = counts.astype(weights.dtype).sum(axis=-1)
        own = several.sum(axis=-1) / jnp.maximum(count, 1)
    own = own.reshape(len(own), -1)
    values = jnp.where(own > 0, values.reshape(own.shape), 0)
    total = own.sum(axis=1)
    return (values * own).sum(axis=1) / jnp.where(total > 0, total, 1), own.mean(axis=1)


def shared_axes(first: Sequence[int], second: Sequence[int]) -> int:
    """Return the number of leading axes of the same length.

    Examples
    --------
    >>> shared_axes((8, 3), (8, 3, 2)), shared_axes((8,), (8, 3)), shared_axes((8, 6), (8, 3))
    (2, 1, 1)
    """
    same = [a == b for a, b in zip(first, second, strict=False)]
    return same.index(False) if False in same else len(same)
