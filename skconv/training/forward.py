"""Outputs, predictions and targets of one batch."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from ..layers.base import Context
from ..network.graph import Variables
from ..network.head import Head
from ..network.program_values import Runtime
from ..objectives.by_nonlinearity import from_logits
from ..targets.by_output import as_tuple, unwrap_single
from .parts import in_parts
from .plan import Plan


def compute_outputs(
    plan: Plan,
    heads: Sequence[Head],
    params: Variables,
    state: Variables,
    X: Any,
    runtime: Runtime,
    ctx: Context,
) -> tuple[Any, Variables]:
    """Compute the outputs as the losses see them, as logits if they have a form on logits.

    In training, a batch may be computed in parts, whose outputs alone are kept for the gradients.

    Returns
    -------
    outputs : array or tuple of array
    state : dict of dict of array
        The new state.
    """
    if ctx.train and plan.accumulate_steps > 1:
        compute = partial(_compute_part, plan, heads, params, runtime=runtime)
        return in_parts(compute, plan.accumulate_steps, state, X, ctx)
    return _compute_part(plan, heads, params, state, X, ctx, runtime=runtime)


def _compute_part(
    plan: Plan,
    heads: Sequence[Head],
    params: Variables,
    state: Variables,
    X: Any,
    ctx: Context,
    *,
    runtime: Runtime,
) -> tuple[Any, Variables]:
    """Compute the outputs of a batch as a whole."""
    to = [head.name for head in heads]
    logits = [head.name for head in heads if loss_on_logits(plan, head)]
    blocks = plan.blocks if ctx.train else ()
    outs, new = plan.network.apply(
        params, state, X, runtime, ctx, to=to, logits=logits, blocks=blocks
    )
    # here, as the state after one part of a batch is that of the next
    state = plan.network.freeze_unscaled(state, new, runtime)
    views = [plan.views[head.target] for head in heads]
    seen = [
        out if view is None else view.predictions(out)
        for view, out in zip(views, outs, strict=True)
    ]
    return unwrap_single(seen), state


def loss_on_logits(plan: Plan, head: Head) -> Any:
    """Return the loss that takes logits, or None if the loss takes the output."""
    network = plan.network
    if not network.has_logits(head, units_last=plan.views[head.target] is not None):
        return None
    return from_logits(plan.loss_functions[head.target], network.nonlinearity(head))


def compute_predictions(plan: Plan, out: Any) -> Any:
    """Compute the predictions from the outputs, by applying the nonlinearity to logits."""
    return unwrap_single(
        [
            plan.network.nonlinearity(head)(part) if loss_on_logits(plan, head) else part
            for head, part in zip(plan.predicted, as_tuple(out), strict=False)
        ]
    )


def seen_targets(plan: Plan, y: Any) -> Any:
    """Return the targets as the losses see them."""
    pairs = zip(plan.views, as_tuple(y), strict=True)
    return unwrap_single([part if view is None else view.targets(part) for view, part in pairs])
