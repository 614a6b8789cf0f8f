"""The computation that is compiled for training and evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import lax

from ..data.device import (
    IndexedBatches,
    StackedBatches,
    batch_at,
    flatten_batches,
    output_buffer,
    store_batch,
    targets_at,
)
from ..layers.base import Context
from ..network.graph import Variables
from ..targets.weighted_targets import unpack_targets
from ..updates.update_rule import BatchLoss
from .batch_targets import BatchTargets, batch_targets
from .figures import names_of_parts, part_name, weight_name
from .forward import (
    RowInfo,
    Values,
    augment_batch,
    augment_weights,
    compute_accuracies,
    compute_means,
    compute_measures,
    compute_objective,
    compute_outputs,
    compute_predictions,
    compute_scores,
)
from .plan import Plan

Parts = list[tuple[jax.Array, jax.Array]]
"""Means over the targets that count, with their weights."""


class TrainState(NamedTuple):
    """The state that a training step updates.

    Parameters
    ----------
    params, state : dict of dict of array
    opt : pytree
        State of the update rule.
    """

    params: Variables
    state: Variables
    opt: Any


class StepRange(NamedTuple):
    """The epochs and steps of one call of the training program.

    Parameters
    ----------
    epochs : int
        Number of epochs on the same rows, each in its own order.
    start, stop : int
        Steps of each epoch.
    rows : int
        Number of positions in the order of an epoch that are not padding.
    valid : int
        Number of batches to evaluate after each epoch.
    """

    epochs: Any
    start: Any
    stop: Any
    rows: Any
    valid: Any


class StepPosition(NamedTuple):
    """The position of a chunk within a training; with the seed, it determines all randomness.

    Parameters
    ----------
    seed, epoch, step : int
        `step` counts within the epoch.
    """

    seed: Any
    epoch: Any
    step: Any


class TrainArguments(NamedTuple):
    """The arguments of `train` after the plan.

    Parameters
    ----------
    carry : TrainState
    rows : StackedBatches
        Training rows.
    order : int32 array of shape (EPOCHS, steps, batch)
        Positions of the rows of each batch in `rows`, epoch by epoch.
    valid : StackedBatches, IndexedBatches or None
        Validation rows.
    values : Values
        The update's values follow each other from step to step through all epochs.
    position : StepPosition
        Position of the first step of `order`.
    steps : StepRange
    """

    carry: Any
    rows: Any
    order: Any
    valid: Any
    values: Any
    position: Any
    steps: Any


class CallResult(NamedTuple):
    """The result of one call of the training program.

    Parameters
    ----------
    carry : TrainState or None
        None once the model has it.
    train, valid : array of shape (EPOCHS, sums)
        The sums of each epoch in one array, as fetching an array takes as long as fetching one
        number. `valid` is None without validation rows.
    outputs : array of shape (steps, batch, ...) or None
        Predictions for the validation rows, if requested.
    """

    carry: Any
    train: Any
    valid: Any
    outputs: Any


def train_sums(plan: Plan) -> list[str]:
    """Return the names of the sums over training rows that `train` returns, in order."""
    return sorted([*_batch_sums(plan), "finite"])


def _batch_sums(plan: Plan) -> list[str]:
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


def start(plan: Plan, params: Variables, rates: Mapping[str, Any]) -> Any:
    """Return the initial state of the update rule."""
    return plan.update.transformation(rates).init(params)


def train(
    plan: Plan,
    carry: TrainState,
    rows: StackedBatches,
    order: jax.Array,
    valid: StackedBatches | IndexedBatches | None,
    values: Values,
    position: StepPosition,
    steps: StepRange,
    *,
    outputs: bool = False,
) -> CallResult:
    """Train for some epochs, or part of one, and evaluate after each.

    If the loss or the weights are not finite after an epoch, the state of the epoch before is
    kept, and later epochs change nothing.

    Parameters
    ----------
    plan : Plan
    carry, rows, order, valid, values, position, steps
        As in `TrainArguments`.
    outputs : bool
        Whether to return the predictions for the validation rows.

    Returns
    -------
    CallResult
    """
    seed_key = jax.random.key(position.seed)
    X, y, row_weights, row_numbers = map(flatten_batches, rows)
    batch_positions = jnp.arange(order.shape[-1], dtype=jnp.int32)

    def run_epoch(epoch: jax.Array, loop: Any) -> Any:
        before, finite, train_table, valid_table, predictions = loop
        epoch_key = jax.random.fold_in(seed_key, position.epoch + epoch)

        def run_step(step: jax.Array, loop: tuple[TrainState, dict[str, jax.Array]]) -> Any:
            before, sums = loop
            index = order[epoch, step]
            weights = jnp.where(
                step * len(batch_positions) + batch_positions < steps.rows, row_weights[index], 0
            )
            keys = jax.random.split(jax.random.fold_in(epoch_key, position.step + step), 2)
            Xb = batch_at(X, index)
            info = RowInfo(position.epoch + epoch, row_numbers[index])
            yb, target_weights = unpack_targets(targets_at(y, index))
            target_weights = augment_weights(plan, keys[0], Xb, target_weights, values, info)
            Xb, yb = augment_batch(plan, keys[0], Xb, yb, values, info, before.state)
            targets = batch_targets(plan, yb, target_weights, weights)
            update_step = epoch * steps.stop + step
            rates = {name: rate[update_step] for name, rate in values.update.items()}
            ctx = Context(True, keys[1], weights > 0)
            after, out, means = _update(plan, before, Xb, targets, ctx, values, rates)
            scores = compute_scores(plan, "scores_train", out, targets, before.state)
            parts = {name: [score] for name, score in scores.items()}
            parts["loss"] = _loss_parts(plan, out, targets, values)
            return after, _add_batch(plan, sums, weights, means, parts)

        sums = dict.fromkeys(_batch_sums(plan), jnp.zeros((), jnp.float32))
        after, sums = lax.fori_loop(steps.start, steps.stop, run_step, (before, sums))
        finite &= _is_finite(sums["loss"], after.params, after.state)
        sums |= {"finite": finite.astype(jnp.float32)}
        carry = jax.tree.map(partial(jnp.where, finite), after, before)
        train_table = train_table.at[epoch].set(_stack_sums(sums))
        if valid is not None:
            sums, predictions = _evaluate(plan, carry, valid, values, steps.valid, predictions)
            valid_table = valid_table.at[epoch].set(_stack_sums(sums))
        return carry, finite, train_table, valid_table, predictions

    def empty_table(names: list[str]) -> jax.Array:
        return jnp.zeros((len(order), len(names)), jnp.float32)

    train_table, valid_table = empty_table(train_sums(plan)), None
    carry, predictions = TrainState(*carry), None
    if valid is not None:
        valid_table = empty_table(valid_sums(plan))
        predictions = _prediction_buffer(plan, carry, valid, values) if outputs else None
    initial = carry, jnp.array(True), train_table, valid_table, predictions
    carry, _, *tables = lax.fori_loop(0, steps.epochs, run_epoch, initial)
    return CallResult(carry, *tables)


def _update(
    plan: Plan,
    carry: TrainState,
    X: Any,
    targets: BatchTargets,
    ctx: Context,
    values: Values,
    rates: Mapping[str, Any],
) -> tuple[TrainState, Any, dict[str, jax.Array]]:
    """Take one step; return the new state, and the output and measures from before the step."""
    params, state, opt = carry
    network, runtime = plan.network, values.runtime

    def forward(params: Variables) -> tuple[jax.Array, Variables]:
        return compute_outputs(plan, network.heads, params, state, X, runtime, ctx)

    def loss_of_outputs(out: Any, params: Variables) -> jax.Array:
        return compute_objective(plan, out, targets, params, values)

    def loss(params: Variables) -> tuple[jax.Array, Any]:
        out, new_state = forward(params)
        return loss_of_outputs(out, params), (out, new_state)

    (value, (out, new_state)), grads = jax.value_and_grad(loss, has_aux=True)(params)
    changes, opt = plan.update.transformation(rates).update(
        network.scale_gradients(grads, runtime),
        opt,
        params,
        value=value,
        grad=grads,
        value_fn=BatchLoss(lambda params: forward(params)[0], loss_of_outputs),
    )
    new_params = network.freeze_unscaled(params, optax.apply_updates(params, changes), runtime)
    measures = {"loss": value} | compute_measures(plan, grads)
    new_state = network.freeze_unscaled(state, new_state, runtime)
    return TrainState(new_params, new_state, opt), out, measures


def _evaluate(
    plan: Plan,
    carry: TrainState,
    valid: StackedBatches | IndexedBatches,
    values: Values,
    stop: Any,
    predictions: Any,
) -> tuple[dict[str, jax.Array], Any]:
    """Return the sums of the scores of all batches, and the buffer filled with predictions."""
    sums = dict.fromkeys(valid_sums(plan), jnp.zeros((), jnp.float32))

    def run_step(step: jax.Array, loop: Any) -> Any:
        sums, predictions = loop
        Xb, yb, weights = valid.batch(step)
        targets = batch_targets(plan, *unpack_targets(yb), weights)
        out = _compute_test_outputs(plan, carry, Xb, values)
        scores = compute_scores(plan, "scores_valid", out, targets, carry.state)
        means = compute_means(plan, out, targets, values) if plan.columns else []
        accuracies = compute_accuracies(plan, out, targets)
        parts = {name: [score] for name, score in scores.items()}
        parts |= {
            name: [mean] for name, mean in zip(plan.columns, [*means, *accuracies], strict=False)
        }
        parts["loss"] = _loss_parts(plan, out, targets, values)
        parts["accuracy"] = accuracies
        loss = {"loss": compute_objective(plan, out, targets, carry.params, values)}
        if predictions is not None:
            predictions = store_batch(predictions, step, compute_predictions(plan, out))
        return _add_batch(plan, sums, weights, loss, parts), predictions

    return lax.fori_loop(0, stop, run_step, (sums, predictions))


def _compute_test_outputs(plan: Plan, carry: TrainState, Xb: dict[str, Any], values: Values) -> Any:
    """Compute the predicted outputs for a batch, as at prediction."""
    args = carry.params, carry.state, Xb, values.runtime, Context(False)
    return compute_outputs(plan, plan.predicted, *args)[0]


def _prediction_buffer(
    plan: Plan, carry: TrainState, valid: StackedBatches | IndexedBatches, values: Values
) -> Any:
    def predict_batch(step: Any) -> Any:
        Xb, *_ = valid.batch(step)
        return compute_predictions(plan, _compute_test_outputs(plan, carry, Xb, values))

    return output_buffer(predict_batch, len(valid.weights))


def _stack_sums(sums: dict[str, jax.Array]) -> jax.Array:
    return jnp.stack([sums[name] for name in sorted(sums)])


def _loss_parts(plan: Plan, out: Any, targets: BatchTargets, values: Values) -> Parts:
    """Return the mean loss of each output under its weight in the objective."""
    if not plan.weighs_targets:
        return []
    means = compute_means(plan, out, targets, values)
    return [(values.weights[i] * mean, weight) for i, (mean, weight) in enumerate(means)]


def _add_batch(
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


def _is_finite(loss: jax.Array, *trees: Any) -> jax.Array:
    totals = jnp.stack([loss, *(leaf.sum() for leaf in jax.tree.leaves(trees))])
    return jnp.isfinite(totals).all()


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
) -> CallResult:
    """Train several nets on the same data, each as `train` does.

    Parameters
    ----------
    plan : Plan
    carry, rows, order, valid, values, position, steps
        As in `TrainArguments`, with a first axis of lanes where `LANE_AXES` has one.
    mode : {'vmap', 'unroll'}
        Whether an operation acts on all lanes at once, or each lane has operations of its own.

    Returns
    -------
    CallResult
        With a first axis of lanes.
    """
    args = TrainArguments(carry, rows, order, valid, values, position, steps)
    axes = [None if arg is None else axis for arg, axis in zip(args, LANE_AXES, strict=True)]
    train_lane = partial(train, plan)
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
