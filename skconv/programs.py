"""The compiled programs and the one cache that holds them.

A program is made from a `Plan`, which has no weights, no data and no numbers, only structure. A
clone, a fold, another learning rate or another number of rows has an equal plan and so the same
program. Batch shapes and dtypes are told apart by `jax.jit` itself.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import lax

from .keys import structural_key
from .layers.base import Context
from .logits import from_logits
from .network import Network, Runtime, Variables
from .objectives import weighted_mean
from .updating import BatchLoss, Update

__all__ = ["clear_programs", "compile_counts"]

MAX_PROGRAMS = 64
"""Plans whose programs are kept; the least recently used goes first."""

Scores = tuple[tuple[str, Callable[[jax.Array, jax.Array], jax.Array]], ...]


@dataclass(frozen=True, eq=False)
class Plan:
    """All that decides what a training compiles to.

    Parameters
    ----------
    network : Network
    objective : callable
        As `skconv.objectives.objective`.
    objective_structure : tuple of (str, object)
        Keywords of the objective that are no numbers.
    loss_function : callable
        ``(predictions, targets) -> losses``, which holds its keywords that are no numbers.
    accuracy : callable or None
        ``(predictions, targets) -> rows``; None where the loss is the only score.
    update : Update
    augment : tuple of callable
        Each ``(key, Xb, yb) -> (Xb, yb)``, on float32 batches of the public shape.
    scores_train, scores_valid : tuple of (str, callable)
        Each ``(predictions, targets) -> scalar or rows``.
    """

    network: Network
    objective: Callable[..., jax.Array]
    objective_structure: tuple[tuple[str, Any], ...]
    loss_function: Callable[..., jax.Array]
    accuracy: Callable[..., jax.Array] | None
    update: Update
    augment: tuple[Callable[..., Any], ...] = ()
    scores_train: Scores = ()
    scores_valid: Scores = ()

    @cached_property
    def key(self) -> Hashable:
        """Equal for plans that compile to the same programs."""
        rest = {name: value for name, value in vars(self).items() if name not in ("network", "key")}
        return self.network.key, structural_key(rest | {"update": vars(self.update)})


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


class Values(NamedTuple):
    """Numbers that enter a program and never compile it again.

    Parameters
    ----------
    runtime : dict of dict of float32
        Of the layers.
    update : dict of float32 array of shape (steps,)
    objective : dict of float32
    loss : dict of float32
        Keywords of the loss function.
    """

    runtime: Runtime
    update: Mapping[str, Any]
    objective: Mapping[str, Any]
    loss: Mapping[str, Any]


class Batches(NamedTuple):
    """Rows cut into batches, as `skconv.data.Chunk` holds them.

    Parameters
    ----------
    X : dict of array of shape (steps, batch, ...)
    y : array of shape (steps, batch, ...)
    weights : array of shape (steps, batch)
        Weight of each row in the loss; zero for rows that only fill up.
    """

    X: dict[str, Any]
    y: Any
    weights: Any


class Span(NamedTuple):
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


class Moment(NamedTuple):
    """Where in training a chunk begins; with the seed it decides all randomness.

    Parameters
    ----------
    seed, epoch, step : int
        `step` counts within the epoch.
    """

    seed: Any
    epoch: Any
    step: Any


@dataclass(frozen=True, eq=False)
class PredictPlan:
    """All that decides what a prediction compiles to.

    Parameters
    ----------
    network : Network
    test_augment : callable or None
        ``(forward, key, Xb) -> output`` with ``forward(Xb) -> output``.
    """

    network: Network
    test_augment: Callable[..., Any] | None = None

    @cached_property
    def key(self) -> Hashable:
        """Equal for plans that compile to the same program."""
        return self.network.key, structural_key(self.test_augment)


class Trained(NamedTuple):
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


class Programs:
    """Compiled functions of one plan; they hold the plan and nothing else.

    `train_sums` and `valid_sums` name the sums that `train` returns.

    Parameters
    ----------
    plan : Plan or PredictPlan
    """

    def __init__(self, plan: Plan | PredictPlan) -> None:
        compiled = partial(jax.jit, compiler_options=_compiler_options())
        if isinstance(plan, PredictPlan):
            self.predict = compiled(partial(_predict, plan), static_argnames="to")
        else:
            self.train_sums = _names(plan.scores_train, "finite")
            self.valid_sums = _names(plan.scores_valid, "accuracy")
            self.start = compiled(partial(_start, plan))
            self.train = compiled(partial(_train, plan), static_argnames="outputs")


COMPILER_OPTIONS = {"xla_cpu_use_fusion_emitters": False}
"""Options that let programs compile sooner on the CPU.

XLA's older emitters of fused loops give programs that run as fast (the tutorial's network and a
VGG-like one, jax 0.10.2); those of the former take 2.2 instead of 3.5 seconds.
"""


@cache
def _compiler_options() -> dict[str, bool]:
    """Choose the options that this platform and version of XLA have."""
    if jax.default_backend() != "cpu":
        return {}
    try:
        jax.jit(lambda: 0, compiler_options=COMPILER_OPTIONS).lower().compile()
    except jax.errors.JaxRuntimeError:
        return {}
    return COMPILER_OPTIONS


_cache: OrderedDict[Hashable, Programs] = OrderedDict()
_lock = threading.Lock()
_counts: Counter[str] = Counter()


def programs_for(plan: Plan | PredictPlan) -> Programs:
    """Get the programs of a plan, from the cache where an equal plan has been there before."""
    key = type(plan), plan.key
    with _lock:
        if key not in _cache:
            _cache[key] = Programs(replace(plan, network=plan.network.structure()))
            while len(_cache) > MAX_PROGRAMS:
                _cache.popitem(last=False)
        _cache.move_to_end(key)
        return _cache[key]


def compile_counts() -> dict[str, int]:
    """Count the programs compiled in this process so far.

    Returns
    -------
    dict of str to int
        For ``'train'``, which evaluates on the validation rows as well, and ``'predict'``.

    Examples
    --------
    >>> sorted(compile_counts())
    ['predict', 'train']
    """
    return {kind: _counts[kind] for kind in ("train", "predict")}


def clear_programs() -> None:
    """Forget all compiled programs; the next use compiles again."""
    with _lock:
        _cache.clear()


def _start(plan: Plan, params: Variables, rates: Mapping[str, Any]) -> Any:
    return plan.update.transformation(rates).init(params)


def _train(
    plan: Plan,
    carry: TrainState,
    rows: Batches,
    order: jax.Array,
    valid: Batches | None,
    values: Values,
    moment: Moment,
    span: Span,
    *,
    outputs: bool = False,
) -> Trained:
    """Train for some epochs or a part of one, and evaluate after each.

    `order` has the shape ``(EPOCHS, steps, batch)`` and tells the place of each row in `rows`; the
    numbers of the update go on from step to step through all epochs. An epoch after which anything
    is not finite leaves the state as it was before it, and those after it do nothing.
    """
    _counts["train"] += 1
    seed = jax.random.key(moment.seed)
    X, y, weights = _flat(rows.X), _flat(rows.y), rows.weights.reshape(-1)
    places = jnp.arange(order.shape[-1], dtype=jnp.int32)

    def epoch(e: jax.Array, loop: Any) -> Any:
        before, going, train_sums, valid_sums, kept = loop
        key = jax.random.fold_in(seed, moment.epoch + e)

        def step(i: jax.Array, loop: tuple[TrainState, dict[str, jax.Array]]) -> Any:
            before, sums = loop
            row = order[e, i]
            w = jnp.where(i * len(places) + places < span.rows, weights[row], 0)
            keys = jax.random.split(jax.random.fold_in(key, moment.step + i), 2)
            Xb = {name: array[row].astype(jnp.float32) for name, array in X.items()}
            Xb, yb = _augmented(plan, keys[0], Xb, jax.tree.map(lambda array: array[row], y))
            number = e * span.stop + i
            rates = {name: numbers[number] for name, numbers in values.update.items()}
            ctx = Context(True, keys[1], w > 0)
            after, out, value = _learn(plan, before, Xb, yb, ctx, w, values, rates)
            scores = _scores(plan, plan.scores_train, out, yb, w)
            return after, _add(sums, w, {"loss": value, **scores})

        sums = dict.fromkeys(_names(plan.scores_train), jnp.zeros((), jnp.float32))
        stop = jnp.where(going, span.stop, span.start)
        after, sums = lax.fori_loop(span.start, stop, step, (before, sums))
        going &= _finite(sums["loss"], after.params, after.state)
        sums |= {"finite": going.astype(jnp.float32)}
        carry = jax.tree.map(partial(jnp.where, going), after, before)
        train_sums = train_sums.at[e].set(_packed(sums))
        if valid is not None:
            sums, kept = _evaluate(plan, carry, valid, values, span.valid, kept)
            valid_sums = valid_sums.at[e].set(_packed(sums))
        return carry, going, train_sums, valid_sums, kept

    def table(names: list[str]) -> jax.Array:
        return jnp.zeros((len(order), len(names)), jnp.float32)

    train_sums, valid_sums = table(_names(plan.scores_train, "finite")), None
    carry, kept = TrainState(*carry), None
    if valid is not None:
        valid_sums = table(_names(plan.scores_valid, "accuracy"))
        kept = _outputs(plan, carry, valid, values) if outputs else None
    start = carry, jnp.array(True), train_sums, valid_sums, kept
    carry, _, *found = lax.fori_loop(0, span.epochs, epoch, start)
    return Trained(carry, *found)


def _learn(
    plan: Plan,
    carry: TrainState,
    X: Any,
    y: Any,
    ctx: Context,
    w: jax.Array,
    values: Values,
    rates: Mapping[str, Any],
) -> tuple[TrainState, jax.Array, jax.Array]:
    """Take a step, and return the state after it, the output and the loss before it."""
    params, state, opt = carry

    def forward(params: Variables) -> tuple[jax.Array, Variables]:
        return _forward(plan, params, state, X, values.runtime, ctx)

    def of_outputs(out: jax.Array, params: Variables) -> jax.Array:
        return _objective(plan, out, y, w, params, values)

    def loss(params: Variables) -> tuple[jax.Array, Any]:
        out, new = forward(params)
        return of_outputs(out, params), (out, new)

    (value, (out, new)), grads = jax.value_and_grad(loss, has_aux=True)(params)
    changes, opt = plan.update.transformation(rates).update(
        plan.network.scaled(grads, values.runtime),
        opt,
        params,
        value=value,
        grad=grads,
        value_fn=BatchLoss(lambda params: forward(params)[0], of_outputs),
    )
    return TrainState(optax.apply_updates(params, changes), new, opt), out, value


def _evaluate(
    plan: Plan,
    carry: TrainState,
    valid: Batches,
    values: Values,
    stop: Any,
    kept: jax.Array | None,
) -> tuple[dict[str, jax.Array], jax.Array | None]:
    """Sum the scores of all batches, and put the predictions into `kept`."""
    sums = dict.fromkeys(_names(plan.scores_valid, "accuracy"), jnp.zeros((), jnp.float32))

    def step(i: jax.Array, loop: Any) -> Any:
        sums, kept = loop
        out, yb, w = _unseen(plan, carry, valid, values, i), valid.y[i], valid.weights[i]
        value = _objective(plan, out, yb, w, carry.params, values)
        scores = {"loss": value, **_scores(plan, plan.scores_valid, out, yb, w)}
        scores["accuracy"] = value
        if plan.accuracy is not None:
            scores["accuracy"] = weighted_mean(plan.accuracy(_predictions(plan, out), yb), w)
        if kept is not None:
            kept = kept.at[i].set(_predictions(plan, out))
        return _add(sums, w, scores), kept

    return lax.fori_loop(0, stop, step, (sums, kept))


def _unseen(plan: Plan, carry: TrainState, valid: Batches, values: Values, i: Any) -> jax.Array:
    """Compute the output for a batch of which nothing is learnt."""
    args = carry.params, carry.state, _batch(valid.X, i), values.runtime, Context(False)
    return _forward(plan, *args)[0]


def _outputs(plan: Plan, carry: TrainState, valid: Batches, values: Values) -> jax.Array:
    return _buffer(lambda i: _unseen(plan, carry, valid, values, i), len(valid.weights))


def _predict(
    plan: PredictPlan,
    params: Variables,
    state: Variables,
    X: dict[str, jax.Array],
    runtime: Runtime,
    moment: Moment,
    stop: Any,
    *,
    to: str | None = None,
) -> jax.Array:
    _counts["predict"] += 1
    epoch_key = jax.random.fold_in(jax.random.key(moment.seed), moment.epoch)

    def forward(Xb: Any) -> jax.Array:
        named = Xb if isinstance(Xb, dict) else dict.fromkeys(X, Xb)
        return plan.network.apply(params, state, named, runtime, Context(False), to=to)[0]

    def batch(i: Any) -> jax.Array:
        if plan.test_augment is None or to is not None:
            return forward(_batch(X, i))
        key = jax.random.fold_in(epoch_key, moment.step + i)
        return plan.test_augment(forward, key, _alone(_batch(X, i)))

    def step(i: jax.Array, kept: jax.Array) -> jax.Array:
        return kept.at[i].set(batch(i))

    length = len(next(iter(X.values())))
    return lax.fori_loop(0, stop, step, _buffer(batch, length))


def _names(scores: Scores, *more: str) -> list[str]:
    return sorted(["weight", "loss", *more, *(name for name, _ in scores)])


def _packed(sums: dict[str, jax.Array]) -> jax.Array:
    return jnp.stack([sums[name] for name in sorted(sums)])


def _flat(batches: Any) -> Any:
    return jax.tree.map(lambda array: array.reshape(-1, *array.shape[2:]), batches)


def _batch(X: dict[str, jax.Array], i: Any) -> dict[str, jax.Array]:
    return {name: array[i].astype(jnp.float32) for name, array in X.items()}


def _alone(X: dict[str, jax.Array]) -> Any:
    return next(iter(X.values())) if len(X) == 1 else X


def _buffer(make: Callable[[Any], jax.Array], length: int) -> jax.Array:
    one = jax.eval_shape(make, 0)
    return jnp.zeros((length, *one.shape), one.dtype)


def _augmented(plan: Plan, key: jax.Array, X: dict[str, jax.Array], y: jax.Array) -> Any:
    for i, transform in enumerate(plan.augment):
        Xb, y = transform(jax.random.fold_in(key, i), _alone(X), y)
        X = Xb if isinstance(Xb, dict) else dict.fromkeys(X, Xb)
    return X, y


def _forward(
    plan: Plan, params: Variables, state: Variables, X: Any, runtime: Runtime, ctx: Context
) -> tuple[jax.Array, Variables]:
    logits = _fused(plan) is not None
    return plan.network.apply(params, state, X, runtime, ctx, logits=logits)


def _fused(plan: Plan) -> Any:
    if len(plan.network.node(plan.network.output).output_shape) != 2:
        return None
    return from_logits(plan.loss_function, plan.network.nonlinearity)


def _predictions(plan: Plan, out: jax.Array) -> jax.Array:
    return plan.network.nonlinearity(out) if _fused(plan) is not None else out


def _objective(
    plan: Plan, out: jax.Array, y: jax.Array, w: jax.Array, params: Variables, values: Values
) -> jax.Array:
    loss = plan.objective(
        out,
        y,
        w,
        plan.network.regularizable(params),
        loss_function=partial(_fused(plan) or plan.loss_function, **values.loss),
        **dict(plan.objective_structure),
        **values.objective,
    )
    return loss + plan.network.penalty(params, values.runtime)


def _scores(
    plan: Plan, scores: Scores, out: jax.Array, y: jax.Array, w: jax.Array
) -> dict[str, jax.Array]:
    found = {name: score(_predictions(plan, out), y) for name, score in scores}
    return {
        name: value if value.ndim == 0 else weighted_mean(value.reshape(len(w), -1).mean(1), w)
        for name, value in found.items()
    }


def _add(sums: dict[str, jax.Array], w: jax.Array, means: dict[str, jax.Array]) -> Any:
    weight = w.sum()
    added = {name: sums[name] + weight * mean for name, mean in means.items()}
    return {**added, "weight": sums["weight"] + weight}


def _finite(loss: jax.Array, *trees: Any) -> jax.Array:
    totals = jnp.stack([loss, *(leaf.sum() for leaf in jax.tree.leaves(trees))])
    return jnp.isfinite(totals).all()
