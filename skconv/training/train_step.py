"""What the programs compute that train and evaluate."""

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
from ..objectives import weighted_mean
from ..updates.update_rule import BatchLoss
from .forward import (
    RowInfo,
    Values,
    augment_batch,
    compute_accuracies,
    compute_losses,
    compute_objective,
    compute_outputs,
    compute_predictions,
    compute_scores,
)
from .plan import Plan, Scores


class TrainState(NamedTuple):
    """What a training step renews.

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
    """What a call of the training program goes through.

    Parameters
    ----------
    epochs : int
        Epochs on the same rows, each in its own order.
    start, stop : int
        Steps of each epoch.
    rows : int
        Positions in the order of an epoch that are real; those behind fill up its last batch.
    valid : int
        Batches to evaluate on after each epoch.
    """

    epochs: Any
    start: Any
    stop: Any
    rows: Any
    valid: Any


class StepPosition(NamedTuple):
    """Where in training a chunk begins; with the seed it decides all randomness.

    Parameters
    ----------
    seed, epoch, step : int
        `step` counts within the epoch.
    """

    seed: Any
    epoch: Any
    step: Any


class CallResult(NamedTuple):
    """What a call of the training program gives.

    Parameters
    ----------
    carry : TrainState
    train, valid : array of shape (EPOCHS, names)
        The sums of each epoch as one vector: to fetch a vector takes as long as to fetch one
        number. `valid` is None where there is nothing to evaluate on.
    outputs : array of shape (steps, batch, ...) or None
        Predictions for the rows that were evaluated, where they were asked for.
    """

    carry: TrainState
    train: Any
    valid: Any
    outputs: Any


def train_sums(plan: Plan) -> list[str]:
    """Name the sums that `train` returns of the training rows, in order."""
    return _names(plan.scores_train + plan.measures, "finite")


def valid_sums(plan: Plan) -> list[str]:
    """Name the sums that `train` returns of the validation rows, in order."""
    return _names(plan.scores_valid, "accuracy", *plan.columns)


def _names(scores: Scores, *more: str) -> list[str]:
    return sorted(["weight", "loss", *more, *(name for name, _ in scores)])


def start(plan: Plan, params: Variables, rates: Mapping[str, Any]) -> Any:
    """Start the update rule."""
    return plan.update.transformation(rates).init(params)


def train(
    plan: Plan,
    carry: TrainState,
    rows: StackedBatches,
    order: jax.Array,
    valid: StackedBatches | IndexedBatches | None,
    values: Values,
    moment: StepPosition,
    span: StepRange,
    *,
    outputs: bool = False,
) -> CallResult:
    """Train for some epochs or a part of one, and evaluate after each.

    `order` has the shape ``(EPOCHS, steps, batch)`` and tells the place of each row in `rows`; the
    numbers of the update go on from step to step through all epochs. An epoch after which anything
    is not finite leaves the state as it was before it, and so do those after it.
    """
    seed = jax.random.key(moment.seed)
    X, y, weights, numbers = map(flatten_batches, rows)
    places = jnp.arange(order.shape[-1], dtype=jnp.int32)

    def epoch(e: jax.Array, loop: Any) -> Any:
        before, going, of_train, of_valid, kept = loop
        key = jax.random.fold_in(seed, moment.epoch + e)

        def step(i: jax.Array, loop: tuple[TrainState, dict[str, jax.Array]]) -> Any:
            before, sums = loop
            row = order[e, i]
            w = jnp.where(i * len(places) + places < span.rows, weights[row], 0)
            keys = jax.random.split(jax.random.fold_in(key, moment.step + i), 2)
            Xb = batch_at(X, row)
            seen = RowInfo(moment.epoch + e, numbers[row])
            Xb, yb = augment_batch(plan, keys[0], Xb, targets_at(y, row), values, seen)
            number = e * span.stop + i
            rates = {name: rate[number] for name, rate in values.update.items()}
            ctx = Context(True, keys[1], w > 0)
            after, out, measured = _learn(plan, before, Xb, yb, ctx, w, values, rates)
            scores = compute_scores(plan, plan.scores_train, out, yb, w)
            return after, _add(sums, w, measured | scores)

        names = _names(plan.scores_train + plan.measures)
        sums = dict.fromkeys(names, jnp.zeros((), jnp.float32))
        after, sums = lax.fori_loop(span.start, span.stop, step, (before, sums))
        going &= _finite(sums["loss"], after.params, after.state)
        sums |= {"finite": going.astype(jnp.float32)}
        carry = jax.tree.map(partial(jnp.where, going), after, before)
        of_train = of_train.at[e].set(_packed(sums))
        if valid is not None:
            sums, kept = _evaluate(plan, carry, valid, values, span.valid, kept)
            of_valid = of_valid.at[e].set(_packed(sums))
        return carry, going, of_train, of_valid, kept

    def table(names: list[str]) -> jax.Array:
        return jnp.zeros((len(order), len(names)), jnp.float32)

    of_train, of_valid = table(train_sums(plan)), None
    carry, kept = TrainState(*carry), None
    if valid is not None:
        of_valid = table(valid_sums(plan))
        kept = _outputs(plan, carry, valid, values) if outputs else None
    start = carry, jnp.array(True), of_train, of_valid, kept
    carry, _, *found = lax.fori_loop(0, span.epochs, epoch, start)
    return CallResult(carry, *found)


def _learn(
    plan: Plan,
    carry: TrainState,
    X: Any,
    y: Any,
    ctx: Context,
    w: jax.Array,
    values: Values,
    rates: Mapping[str, Any],
) -> tuple[TrainState, Any, dict[str, jax.Array]]:
    """Take a step, and return the state after it, the output and the measures before it."""
    params, state, opt = carry
    network, runtime = plan.network, values.runtime

    def forward(params: Variables) -> tuple[jax.Array, Variables]:
        return compute_outputs(plan, network.heads, params, state, X, runtime, ctx)

    def of_outputs(out: Any, params: Variables) -> jax.Array:
        return compute_objective(plan, out, y, w, params, values)

    def loss(params: Variables) -> tuple[jax.Array, Any]:
        out, new = forward(params)
        return of_outputs(out, params), (out, new)

    (value, (out, new)), grads = jax.value_and_grad(loss, has_aux=True)(params)
    changes, opt = plan.update.transformation(rates).update(
        network.scale_gradients(grads, runtime),
        opt,
        params,
        value=value,
        grad=grads,
        value_fn=BatchLoss(lambda params: forward(params)[0], of_outputs),
    )
    after = network.freeze_unscaled(params, optax.apply_updates(params, changes), runtime)
    measured = {"loss": value} | {name: measure(grads) for name, measure in plan.measures}
    return TrainState(after, network.freeze_unscaled(state, new, runtime), opt), out, measured


def _evaluate(
    plan: Plan,
    carry: TrainState,
    valid: StackedBatches | IndexedBatches,
    values: Values,
    stop: Any,
    kept: Any,
) -> tuple[dict[str, jax.Array], Any]:
    """Sum the scores of all batches, and put the predictions into `kept`."""
    sums = dict.fromkeys(valid_sums(plan), jnp.zeros((), jnp.float32))

    def step(i: jax.Array, loop: Any) -> Any:
        sums, kept = loop
        Xb, yb, w = valid.batch(i)
        out = _unseen(plan, carry, Xb, values)
        value = compute_objective(plan, out, yb, w, carry.params, values)
        scores = {"loss": value, **compute_scores(plan, plan.scores_valid, out, yb, w)}
        accuracies = compute_accuracies(plan, out, yb, w)
        scores["accuracy"] = sum(accuracies) / len(accuracies) if accuracies else value
        means = [weighted_mean(rows, w) for rows in compute_losses(plan, out, yb, values)]
        scores.update(zip(plan.columns, [*means, *accuracies], strict=False))
        if kept is not None:
            kept = store_batch(kept, i, compute_predictions(plan, out))
        return _add(sums, w, scores), kept

    return lax.fori_loop(0, stop, step, (sums, kept))


def _unseen(plan: Plan, carry: TrainState, Xb: dict[str, Any], values: Values) -> Any:
    """Compute the output for a batch of which nothing is learnt."""
    args = carry.params, carry.state, Xb, values.runtime, Context(False)
    return compute_outputs(plan, plan.predicted, *args)[0]


def _outputs(
    plan: Plan, carry: TrainState, valid: StackedBatches | IndexedBatches, values: Values
) -> Any:
    def predictions(i: Any) -> Any:
        return compute_predictions(plan, _unseen(plan, carry, valid.batch(i)[0], values))

    return output_buffer(predictions, len(valid.weights))


def _packed(sums: dict[str, jax.Array]) -> jax.Array:
    return jnp.stack([sums[name] for name in sorted(sums)])


def _add(sums: dict[str, jax.Array], w: jax.Array, means: dict[str, jax.Array]) -> Any:
    weight = w.sum()
    added = {name: sums[name] + weight * mean for name, mean in means.items()}
    return {**added, "weight": sums["weight"] + weight}


def _finite(loss: jax.Array, *trees: Any) -> jax.Array:
    totals = jnp.stack([loss, *(leaf.sum() for leaf in jax.tree.leaves(trees))])
    return jnp.isfinite(totals).all()


AXES = (
    0,
    StackedBatches(None, 0, 0, 0),
    0,
    IndexedBatches(None, 0, 0, 0),
    0,
    StepPosition(0, 0, None),
    StepRange(None, None, None, 0, None),
)
"""Which arguments of `train` have an axis of lanes in `train_lanes`, from `carry` on."""


def train_lanes(
    plan: Plan,
    carry: TrainState,
    rows: StackedBatches,
    order: jax.Array,
    valid: IndexedBatches | None,
    values: Values,
    moment: StepPosition,
    span: StepRange,
    *,
    how: str,
) -> CallResult:
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
