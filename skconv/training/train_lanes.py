"""The training of several nets in one program."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import Mesh, PartitionSpec

from ..data.device import IndexedBatches, StackedBatches
from ..network.model import TrainState
from ..ops.mesh import ROWS
from .arguments import CallResult, StepPosition, StepRange, TrainArguments, Values
from .plan import Plan
from .train_step import train

LANE_AXES = TrainArguments(
    carry=0,
    rows=StackedBatches._make((None, 0, 0, 0)),
    order=0,
    valid=IndexedBatches._make((None, 0, 0, 0)),
    values=0,
    position=StepPosition(0, 0, None),
    steps=StepRange(None, None, None, 0, None),
)
"""The axis of lanes of each argument of `train_lanes`; None for what all lanes share."""


def train_lanes(
    plan: Plan,
    carry: TrainState,
    rows: StackedBatches,
    order: jax.Array,
    valid: IndexedBatches | None,
    values: Values,
    position: StepPosition,
    steps: StepRange,
    *,
    mode: str,
    mesh: Mesh | None = None,
) -> CallResult:
    """Train several nets on the same data, each as `train` does.

    Parameters
    ----------
    plan : Plan
    carry, rows, order, valid, values, position, steps
        As in `TrainArguments`, with a first axis of lanes where `LANE_AXES` has one.
    mode : {'vmap', 'unroll'}
        Whether an operation acts on all lanes at once, or each lane has operations of its own.
    mesh : Mesh, optional
        Devices that share the lanes, each as many; by default the default device has all.

    Returns
    -------
    CallResult
        With a first axis of lanes.
    """
    args = TrainArguments(carry, rows, order, valid, values, position, steps)
    run, axes = partial(_run_lanes, plan, mode), _lane_axes(args)
    if mesh is not None:  # each device has a program for its own lanes, and exchanges nothing
        shares, own = tuple(map(_shares, axes)), PartitionSpec(ROWS)
        run = jax.shard_map(run, mesh=mesh, in_specs=shares, out_specs=own, check_vma=False)
    return run(*args)


def _lane_axes(args: Sequence[Any]) -> list[Any]:
    """Return the axis of lanes of each argument, of which nets without validation have fewer."""
    return [None if arg is None else axis for arg, axis in zip(args, LANE_AXES, strict=True)]


def _shares(axis: Any) -> Any:
    """Return how devices share an argument with this axis of lanes."""
    if axis is None:
        return PartitionSpec()
    return PartitionSpec(ROWS) if axis == 0 else type(axis)(*map(_shares, axis))


def _run_lanes(plan: Plan, mode: str, *args: Any) -> CallResult:
    axes = _lane_axes(args)
    train_lane, order = partial(train, plan), args[LANE_AXES._fields.index("order")]
    if mode == "vmap":
        return jax.vmap(train_lane, in_axes=tuple(axes))(*args)
    results = [train_lane(*map(partial(_take_lane, i), axes, args)) for i in range(len(order))]
    return jax.tree.map(lambda *parts: jnp.stack(parts), *results)


def _take_lane(i: int, axis: Any, arg: Any) -> Any:
    if axis is None:
        return arg
    if axis == 0:
        return jax.tree.map(lambda array: array[i], arg)
    return type(axis)(*map(partial(_take_lane, i), axis, arg))
