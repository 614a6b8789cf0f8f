"""Sums over the batches of an epoch."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from .arguments import Values
from .batch_targets import BatchTargets
from .figures import names_of_parts, part_name, weight_name
from .losses import compute_means
from .plan import Plan

Parts = list[tuple[jax.Array, jax.Array]]
"""Means over the targets that count, with their weights."""


def train_sums(plan: Plan) -> list[str]:
    """Return the names of the sums over training rows that `train` returns, in order."""
    return sorted([*batch_sums(plan), "finite"])


def batch_sums(plan: Plan) -> list[str]:
    """Return the names of the sums over training rows that each batch adds to."""
    names = ["weight", "loss", *dict(plan.measures), *dict(plan.scores_train)]
    parts = {"loss": len(plan.network.heads), **dict.fromkeys(dict(plan.scores_train), 1)}
    return names + (names_of_parts(parts) if plan.weighs_targets else [])


def valid_sums(plan: Plan) -> list[str]:
    """Return the names of the sums over validation rows that `train` returns, in order."""
    scored = sum(map(bool, plan.accuracies))
    single = [*plan.columns, *dict(plan.scores_valid)]
    names = ["weight", "loss", *["accuracy"] * plan.has_accuracy, *single]
    parts = {"loss": len(plan.predicted), "accuracy": scored, **dict.fromkeys(single, 1)}
    return sorted(names + (names_of_parts(parts) if plan.weighs_targets else []))


def loss_parts(plan: Plan, out: Any, targets: BatchTargets, values: Values) -> Parts:
    """Return the mean loss of each output under its weight in the objective."""
    if not plan.weighs_targets:
        return []
    means = compute_means(plan, out, targets, values)
    return [(values.weights[i] * mean, weight) for i, (mean, weight) in enumerate(means)]


def add_batch(
    plan: Plan,
    sums: dict[str, jax.Array],
    weights: jax.Array,
    means: dict[str, jax.Array],
    parts: dict[str, Parts],
) -> dict[str, jax.Array]:
    """Add the numbers of a batch to the sums.

    Parameters
    ----------
    plan : Plan
    sums : dict of str to array
    weights : array of shape (n,)
        Weights of the rows.
    means : dict of str to array
        Means over the rows.
    parts : dict of str to list of (array, array)
        Means over the targets that count, with their weights; if targets have no weights of their
        own, that is the weight of the rows. Those of the loss are left out of its mean.
    """
    weight = weights.sum()
    if plan.weighs_targets:
        means = means | {"loss": means["loss"] - sum(mean for mean, _ in parts["loss"])}
    else:
        own = {name: [mean for mean, _ in pairs] for name, pairs in parts.items() if pairs}
        means = means | {name: sum(pairs[1:], pairs[0]) / len(pairs) for name, pairs in own.items()}
    added = {name: sums[name] + weight * mean for name, mean in means.items()}
    if plan.weighs_targets:
        for name, pairs in parts.items():
            for i, (mean, own_weight) in enumerate(pairs):
                part = part_name(name, i)
                added[part] = sums[part] + own_weight * mean
                added[weight_name(part)] = sums[weight_name(part)] + own_weight
    return sums | added | {"weight": sums["weight"] + weight}


def stack_sums(sums: dict[str, jax.Array]) -> jax.Array:
    """Return the sums in the order of their names, as one array."""
    return jnp.stack([sums[name] for name in sorted(sums)])
