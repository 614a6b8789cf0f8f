"""What the programs compute that train several nets at once."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from .batches import Batches, Gathered
from .passes import Values
from .plans import Plan
from .steps import Moment, Span, Trained, TrainState, train

AXES = (
    0,
    Batches(None, 0, 0, 0),
    0,
    Gathered(None, 0, 0, 0),
    0,
    Moment(0, 0, None),
    Span(None, None, None, 0, None),
)
"""Which arguments of `train` have an axis of lanes in `train_lanes`, from `carry` on."""


def train_lanes(
    plan: Plan,
    carry: TrainState,
    rows: Batches,
    order: jax.Array,
    valid: Gathered | None,
    values: Values,
    moment: Moment,
    span: Span,
    *,
    how: str,
) -> Trained:
    """Train several nets on the same data, as `train` does each of them.

    All that may differ between them has a first axis of lanes, as `AXES` says. `how` is
    ``'vmap'``, with operations on all lanes at once, or ``'unroll'``, with operations for each.
    """
    args = carry, rows, order, valid, values, moment, span
    axes = [None if arg is None else axis for arg, axis in zip(args, AXES, strict=True)]
    lane = partial(train, plan)
    if how == "vmap":
        return jax.vmap(lane, in_axes=tuple(axes))(*args)
    trained = [lane(*map(partial(_of_lane, i), axes, args)) for i in range(len(order))]
    return jax.tree.map(lambda *parts: jnp.stack(parts), *trained)


def _of_lane(i: int, axis: Any, arg: Any) -> Any:
    if axis is None:
        return arg
    if axis == 0:
        return jax.tree.map(lambda array: array[i], arg)
    return type(axis)(*map(partial(_of_lane, i), axis, arg))
