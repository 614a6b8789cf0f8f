"""Losses of the outputs and the objective for one batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from ..network.graph import Variables
from ..objectives.objective import weighted_mean
from ..targets.by_output import as_tuple, unwrap_single
from ..utils.loss_contracts import WEIGHTS, takes_weights
from .arguments import Values
from .batch_targets import BatchTargets, group_weights, masked_rows, safe_targets
from .forward import loss_on_logits, seen_targets
from .plan import Plan


def compute_losses(
    plan: Plan, out: Any, y: Any, weights: jax.Array, values: Values
) -> list[jax.Array]:
    """Compute the loss of each row by output; auxiliary outputs may be missing from `out`."""
    losses = _losses(plan, out, y, [weights] * len(plan.loss_functions), values)
    return [loss.reshape(len(loss), -1).mean(axis=1) for loss in losses]


def compute_means(
    plan: Plan, out: Any, targets: BatchTargets, values: Values
) -> list[tuple[jax.Array, jax.Array]]:
    """Compute the mean loss of each output, and the weight of the batch in it."""
    y, rows = targets.values, targets.rows
    if targets.weights is None:
        losses, total = compute_losses(plan, out, y, rows, values), rows.sum()
        return [(weighted_mean(loss, rows), total) for loss in losses]
    return [
        (weighted_mean(loss, rows * weights), (rows * weights).sum())
        for loss, weights in _weighted_losses(plan, out, y, targets, values)
    ]


def _losses(
    plan: Plan, out: Any, y: Any, weights: Sequence[jax.Array], values: Values
) -> list[jax.Array]:
    """Compute the losses by output; auxiliary outputs may be missing from `out`.

    Parameters
    ----------
    plan : Plan
    out, y : array or tuple of array
    weights : sequence of array of shape (n,)
        Weights of the rows for each target.
    values : Values
    """
    losses, y = [], as_tuple(seen_targets(plan, y))
    for head, part in zip(plan.network.heads, as_tuple(out), strict=False):
        loss_function = loss_on_logits(plan, head) or plan.loss_functions[head.target]
        keywords = dict(values.losses[head.target])
        if takes_weights(loss_function):
            keywords[WEIGHTS] = weights[head.target]
        losses.append(loss_function(part, y[head.target], **keywords))
    return losses


def _weighted_losses(
    plan: Plan, out: Any, y: Any, targets: BatchTargets, values: Values
) -> list[tuple[jax.Array, jax.Array]]:
    """Compute the loss of each row over the targets that count, and its weight, by output."""
    assert targets.weights is not None
    pairs = zip(as_tuple(y), plan.holes, strict=True)
    safe = unwrap_single([safe_targets(part) if holes else part for part, holes in pairs])
    rows = [targets.rows * group_weights(own) for own in targets.weights]
    losses = zip(plan.network.heads, _losses(plan, out, safe, rows, values), strict=False)
    return [masked_rows(loss, targets.weights[head.target], grouped="all") for head, loss in losses]


def compute_objective(
    plan: Plan, out: Any, targets: BatchTargets, params: Variables, values: Values
) -> jax.Array:
    """Compute the training objective: the weighted loss and all penalties."""
    regularizable = plan.network.regularizable(params)
    loss = unpenalized_objective(plan, out, targets, regularizable, values)
    return loss + plan.network.penalty(params, values.runtime)


def unpenalized_objective(
    plan: Plan, out: Any, targets: BatchTargets, params: list[jax.Array], values: Values
) -> jax.Array:
    """Compute the training objective without the penalties of the layers.

    Parameters
    ----------
    plan : Plan
    out : array or tuple of array
    targets : BatchTargets
    params : list of array
        The parameters that the objective penalizes.
    values : Values
    """
    weights = targets.objective_weights()

    def loss_function(out: Any, y: Any) -> jax.Array:
        if targets.weights is None:
            losses = compute_losses(plan, out, y, weights, values)
        else:
            pairs = _weighted_losses(plan, out, y, targets, values)
            losses = [loss * _share(targets.rows * own, weights) for loss, own in pairs]
        return sum(values.weights[i] * loss for i, loss in enumerate(losses))

    return plan.objective(
        out,
        seen_targets(plan, targets.values),
        weights,
        params,
        loss_function=loss_function,
        **dict(plan.objective_structure),
        **values.objective,
    )


def _share(own: jax.Array, weights: jax.Array) -> jax.Array:
    """Return factors by which a mean under the objective's weights is one under an output's own."""

    def divided(a: jax.Array, b: jax.Array) -> jax.Array:
        return a / jnp.where(b > 0, b, 1)

    return divided(own, weights) * divided(weights.sum(), own.sum())
