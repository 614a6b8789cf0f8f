"""What a plan makes of a batch: augmented rows, outputs, losses and scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ..augment.base import invoke, mixes
from ..augment.tunable import with_values
from ..data.output_targets import as_tuple, unwrap_single
from ..errors import TransformError
from ..layers.base import Context
from ..network.graph import Head, Runtime, Variables
from ..objectives import from_logits, weighted_mean
from .plan import Plan, Scores


class Values(NamedTuple):
    """Numbers that enter a program and never compile it again.

    Parameters
    ----------
    runtime : dict of dict of float32
        Of the layers.
    update : dict of float32 array of shape (steps,)
    objective : dict of float32
    losses : tuple of dict of float32
        By target, keywords of the loss function.
    weights : float32 array of shape (heads,)
        Of the heads in the training loss.
    augment : tuple of dict of float32
        By transform, as of `skconv.augment.tunable.numbers_of`.
    """

    runtime: Runtime
    update: Mapping[str, Any]
    objective: Mapping[str, Any]
    losses: tuple[Mapping[str, Any], ...]
    weights: Any
    augment: tuple[Mapping[str, Any], ...]


class RowInfo(NamedTuple):
    """Which rows a batch holds, and when.

    Parameters
    ----------
    epoch : int32
    rows : int32 array of shape (n,)
        Number of each row in the training data.
    """

    epoch: Any
    rows: Any


def array_or_dict(X: dict[str, jax.Array]) -> Any:
    """Take the array of the only input; several stay a dict."""
    return next(iter(X.values())) if len(X) == 1 else X


def augment_batch(
    plan: Plan, key: jax.Array, X: dict[str, jax.Array], y: Any, values: Values, seen: RowInfo
) -> Any:
    """Change rows and targets as `augment` says."""
    for i in range(len(plan.augment)):
        X, y = apply_transform(plan, i, jax.random.fold_in(key, i), X, y, values, seen)
    return X, y


def apply_transform(
    plan: Plan,
    i: int,
    key: jax.Array,
    X: dict[str, jax.Array],
    y: Any,
    values: Values,
    seen: RowInfo,
) -> Any:
    """Change rows and targets by one transform; labels that it mixes become probabilities."""
    transform = with_values(plan.augment[i], values.augment[i])
    if mixes(transform):
        y = unwrap_single(
            [_probabilities(plan, target, one) for target, one in enumerate(as_tuple(y))]
        )
    made = invoke(transform, key, array_or_dict(X), y, *seen)
    if not isinstance(made, tuple | list) or len(made) != 2:
        raise TransformError("returns no pair (Xb, yb)")
    Xb, y = made
    return Xb if isinstance(Xb, dict) else dict.fromkeys(X, Xb), y


def _probabilities(plan: Plan, target: int, y: jax.Array) -> jax.Array:
    if jnp.issubdtype(y.dtype, jnp.floating):
        return y
    name = next(head.name for head in plan.network.heads if head.target == target)
    return jax.nn.one_hot(y, plan.network.node(name).output_shape[-1], dtype=jnp.float32)


def compute_outputs(
    plan: Plan,
    heads: Sequence[Head],
    params: Variables,
    state: Variables,
    X: Any,
    runtime: Runtime,
    ctx: Context,
) -> tuple[Any, Variables]:
    """Compute outputs, as logits where the loss takes them, and the new state."""
    to = [head.name for head in heads]
    logits = [head.name for head in heads if _fused(plan, head)]
    outs, state = plan.network.apply(params, state, X, runtime, ctx, to=to, logits=logits)
    return unwrap_single(outs), state


def _fused(plan: Plan, head: Head) -> Any:
    network = plan.network
    if len(network.node(head.name).output_shape) != 2 or network.feeds_others(head.name):
        return None
    return from_logits(plan.loss_functions[head.target], network.nonlinearity(head))


def compute_predictions(plan: Plan, out: Any) -> Any:
    """Finish the outputs that are predicted."""
    return unwrap_single(
        [
            plan.network.nonlinearity(head)(o) if _fused(plan, head) else o
            for head, o in zip(plan.predicted, as_tuple(out), strict=False)
        ]
    )


def compute_losses(plan: Plan, out: Any, y: Any, values: Values) -> list[jax.Array]:
    """Losses of the rows by output; where `out` lacks the auxiliary ones, so does the list."""
    found = []
    for head, o in zip(plan.network.heads, as_tuple(out), strict=False):
        loss_function = _fused(plan, head) or plan.loss_functions[head.target]
        each_row = loss_function(o, as_tuple(y)[head.target], **values.losses[head.target])
        found.append(each_row.reshape(len(each_row), -1).mean(axis=1))
    return found


def compute_accuracies(plan: Plan, out: Any, y: Any, w: jax.Array) -> list[jax.Array]:
    """Mean accuracies of the outputs that have one."""
    known = zip(plan.accuracies, as_tuple(compute_predictions(plan, out)), as_tuple(y), strict=True)
    return [weighted_mean(accuracy(p, true), w) for accuracy, p, true in known if accuracy]


def compute_objective(
    plan: Plan, out: Any, y: Any, w: jax.Array, params: Variables, values: Values
) -> jax.Array:
    """What training lowers."""

    def loss_function(out: Any, y: Any) -> jax.Array:
        rows = compute_losses(plan, out, y, values)
        return sum(values.weights[i] * one for i, one in enumerate(rows))

    loss = plan.objective(
        out,
        y,
        w,
        plan.network.regularizable(params),
        loss_function=loss_function,
        **dict(plan.objective_structure),
        **values.objective,
    )
    return loss + plan.network.penalty(params, values.runtime)


def compute_scores(
    plan: Plan, wanted: Scores, out: Any, y: Any, w: jax.Array
) -> dict[str, jax.Array]:
    """Compute the scores of users: means over the rows, where there is a number for each."""
    found = {name: score(compute_predictions(plan, out), y) for name, score in wanted}
    return {
        name: value if value.ndim == 0 else weighted_mean(value.reshape(len(w), -1).mean(1), w)
        for name, value in found.items()
    }
