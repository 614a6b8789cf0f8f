"""The computation that is compiled for training and evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax import lax

from ..data.device import (
    IndexedBatches,
    StackedBatches,
    ordered_batches,
    output_buffer,
    store_batch,
)
from ..layers.base import Context
from ..network.graph import Variables
from ..network.model import TrainState
from ..ops.mesh import keep_weights, split_rows
from ..ops.processes import spans_processes
from ..targets.weighted_targets import unpack_targets
from ..updates.update_rule import BatchLoss
from .arguments import CallResult, StepPosition, StepRange, Values
from .augmentation import RowInfo, augment_batch, augment_weights
from .batch_targets import BatchTargets, batch_targets
from .forward import compute_outputs, compute_predictions
from .losses import compute_means, compute_objective
from .plan import Plan
from .scores import compute_accuracies, compute_measures, compute_scores
from .sums import add_batch, batch_sums, loss_parts, stack_sums, train_sums, valid_sums


def start(plan: Plan, params: Variables, rates: Mapping[str, Any]) -> Any:
    """Return the initial state of the update rule."""
    return keep_weights(plan.update.transformation(rates).init(params))


def train(
    plan: Plan,
    carry: TrainState,
    rows: StackedBatches,
    order: jax.Array | None,
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
    seed_key, dtype = jax.random.key(position.seed), plan.network.dtype
    values = values.in_dtype(dtype)
    take_batch = ordered_batches(rows, order)
    epochs, _, batch_size = (1, *rows.weights.shape) if order is None else order.shape
    batch_positions = jnp.arange(batch_size, dtype=jnp.int32)

    def run_epoch(epoch: jax.Array, loop: Any) -> Any:
        before, finite, train_table, valid_table, predictions = loop
        epoch_key = jax.random.fold_in(seed_key, position.epoch + epoch)

        def run_step(step: jax.Array, loop: tuple[TrainState, dict[str, jax.Array]]) -> Any:
            before, sums = loop
            Xb, y, row_weights, row_numbers = take_batch(epoch, step)
            weights = jnp.where(step * batch_size + batch_positions < steps.rows, row_weights, 0)
            keys = jax.random.split(jax.random.fold_in(epoch_key, position.step + step), 2)
            info = RowInfo(position.epoch + epoch, row_numbers)
            yb, target_weights = unpack_targets(y)
            target_weights = augment_weights(plan, keys[0], Xb, target_weights, values, info)
            Xb, yb = split_rows(augment_batch(plan, keys[0], Xb, yb, values, info, before.state))
            targets = batch_targets(plan, yb, target_weights, weights)
            update_step = epoch * steps.stop + step
            rates = {name: rate[update_step] for name, rate in values.update.items()}
            ctx = Context(True, keys[1], weights > 0)
            after, out, means = _update(plan, before, Xb, targets, ctx, values, rates)
            scores = compute_scores(plan, "scores_train", out, targets, before.state)
            parts = {name: [score] for name, score in scores.items()}
            parts["loss"] = loss_parts(plan, out, targets, values)
            return keep_weights(after), add_batch(plan, sums, targets.rows, means, parts)

        sums = dict.fromkeys(batch_sums(plan), jnp.zeros((), dtype))
        after, sums = lax.fori_loop(steps.start, steps.stop, run_step, (before, sums))
        finite &= _is_finite(sums["loss"], after.params, after.state)
        sums |= {"finite": finite.astype(dtype)}
        carry = jax.tree.map(partial(lax.select, finite), after, before)
        train_table = train_table.at[epoch].set(stack_sums(sums))
        if valid is not None:
            sums, predictions = _evaluate(plan, carry, valid, values, steps.valid, predictions)
            valid_table = valid_table.at[epoch].set(stack_sums(sums))
        return carry, finite, train_table, valid_table, predictions

    def empty_table(names: list[str]) -> jax.Array:
        return jnp.zeros((epochs, len(names)), dtype)

    train_table, valid_table = empty_table(train_sums(plan)), None
    carry, predictions = TrainState(*carry), None
    if valid is not None:
        valid_table = empty_table(valid_sums(plan))
        predictions = _prediction_buffer(plan, carry, valid, values) if outputs else None
    initial = carry, jnp.array(True), train_table, valid_table, predictions
    if epochs == 1:  # a loop would hold another copy of the weights
        carry, _, *tables = run_epoch(jnp.zeros((), jnp.int32), initial)
    else:
        carry, _, *tables = lax.fori_loop(0, steps.epochs, run_epoch, initial)
    if spans_processes(plan.mesh):  # each of them reads the results
        tables = keep_weights(tables)
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
    params, state, opt, _ = carry
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
    statistics = tuple(
        update(statistic, (new_params, new_state), **numbers)
        for (_, update), statistic, numbers in zip(
            plan.statistics, carry.statistics, values.statistics, strict=True
        )
    )
    return TrainState(new_params, new_state, opt, statistics), out, measures


def _evaluate(
    plan: Plan,
    carry: TrainState,
    valid: StackedBatches | IndexedBatches,
    values: Values,
    stop: Any,
    predictions: Any,
) -> tuple[dict[str, jax.Array], Any]:
    """Return the sums of the scores of all batches, and the buffer filled with predictions."""
    sums = dict.fromkeys(valid_sums(plan), jnp.zeros((), plan.network.dtype))

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
        parts["loss"] = loss_parts(plan, out, targets, values)
        parts["accuracy"] = accuracies
        loss = {"loss": compute_objective(plan, out, targets, carry.params, values)}
        if predictions is not None:
            predictions = store_batch(predictions, step, compute_predictions(plan, out))
        return add_batch(plan, sums, targets.rows, loss, parts), predictions

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


def _is_finite(loss: jax.Array, *trees: Any) -> jax.Array:
    totals = jnp.stack([loss, *(leaf.sum() for leaf in jax.tree.leaves(trees))])
    return jnp.isfinite(totals).all()
