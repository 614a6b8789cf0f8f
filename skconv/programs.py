"""The compiled programs and the one cache that holds them.

A program is made from a `Plan`, which has no weights, no data and no numbers, only structure. A
clone, a fold, another learning rate or another number of rows has an equal plan and so the same
program. Batch shapes and dtypes are told apart by `jax.jit` itself.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import lax

from .heads import Head, alone, each
from .layers.base import Context
from .network import Runtime, Variables
from .objectives import from_logits, weighted_mean
from .plans import Plan, PredictPlan, Scores

__all__ = ["clear_programs", "compile_counts"]

MAX_PROGRAMS = 64
"""Plans whose programs are kept; the least recently used goes first."""


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
    weights : float32 array of shape (heads,)
        Of the heads in the training loss.
    """

    runtime: Runtime
    update: Mapping[str, Any]
    objective: Mapping[str, Any]
    weights: Any


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


class Programs:
    """Compiled functions of one plan; they hold the plan and nothing else.

    `train` and `evaluate` return the sums of a chunk as one vector, whose elements have the names
    `train_sums` and `evaluate_sums`: to fetch a vector takes as long as to fetch one number.

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
            self.evaluate_sums = _names(plan.scores_valid, "accuracy", *plan.columns)
            self.start = compiled(partial(_start, plan))
            self.train = compiled(partial(_train, plan))
            self.evaluate = compiled(partial(_evaluate, plan), static_argnames="outputs")


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
        For ``'train'``, ``'evaluate'`` and ``'predict'``.

    Examples
    --------
    >>> sorted(compile_counts())
    ['evaluate', 'predict', 'train']
    """
    return {kind: _counts[kind] for kind in ("train", "evaluate", "predict")}


def clear_programs() -> None:
    """Forget all compiled programs; the next use compiles again."""
    with _lock:
        _cache.clear()


def _start(plan: Plan, params: Variables, rates: Mapping[str, Any]) -> Any:
    return plan.update.transformation(rates).init(params)


def _train(
    plan: Plan,
    carry: TrainState,
    X: dict[str, jax.Array],
    y: Any,
    weights: jax.Array,
    values: Values,
    moment: Moment,
    start: Any,
    stop: Any,
) -> tuple[TrainState, jax.Array]:
    _counts["train"] += 1
    sums = dict.fromkeys(_names(plan.scores_train), jnp.zeros((), jnp.float32))
    epoch_key = jax.random.fold_in(jax.random.key(moment.seed), moment.epoch)

    def step(i: jax.Array, loop: tuple[TrainState, dict[str, jax.Array]]) -> Any:
        (params, state, opt), sums = loop
        w = weights[i]
        keys = jax.random.split(jax.random.fold_in(epoch_key, moment.step + i), 2)
        Xb, yb = _augmented(plan, keys[0], _batch(X, i), _at(y, i))
        ctx = Context(True, keys[1], w > 0)

        def loss(params: Variables) -> tuple[jax.Array, Any]:
            out, new = _forward(plan, plan.network.heads, params, state, Xb, values.runtime, ctx)
            return _objective(plan, out, yb, w, params, values), (out, new)

        (value, (out, state)), grads = jax.value_and_grad(loss, has_aux=True)(params)
        rates = {name: numbers[i] for name, numbers in values.update.items()}
        changes, opt = plan.update.transformation(rates).update(grads, opt, params)
        params = optax.apply_updates(params, changes)
        scores = _scores(plan, plan.scores_train, out, yb, w)
        return TrainState(params, state, opt), _add(sums, w, {"loss": value, **scores})

    carry, sums = lax.fori_loop(start, stop, step, (TrainState(*carry), sums))
    finite = _finite(sums["loss"], carry.params, carry.state)
    return carry, _packed(sums | {"finite": finite.astype(jnp.float32)})


def _evaluate(
    plan: Plan,
    params: Variables,
    state: Variables,
    X: dict[str, jax.Array],
    y: Any,
    weights: jax.Array,
    values: Values,
    stop: Any,
    *,
    outputs: bool = False,
) -> tuple[jax.Array, Any]:
    _counts["evaluate"] += 1
    names = _names(plan.scores_valid, "accuracy", *plan.columns)
    sums = dict.fromkeys(names, jnp.zeros((), jnp.float32))

    def forward(i: Any) -> Any:
        args = params, state, _batch(X, i), values.runtime, Context(False)
        return _forward(plan, plan.predicted, *args)[0]

    def step(i: jax.Array, loop: Any) -> Any:
        sums, kept = loop
        out, yb, w = forward(i), _at(y, i), weights[i]
        value = _objective(plan, out, yb, w, params, values)
        scores = {"loss": value, **_scores(plan, plan.scores_valid, out, yb, w)}
        accuracies = _accuracies(plan, out, yb, w)
        scores["accuracy"] = sum(accuracies) / len(accuracies) if accuracies else value
        means = [weighted_mean(rows, w) for rows in _losses(plan, out, yb)]
        scores.update(zip(plan.columns, [*means, *accuracies], strict=False))
        if kept is not None:
            kept = _set(kept, i, _predictions(plan, out))
        return _add(sums, w, scores), kept

    kept = _buffer(lambda i: _predictions(plan, forward(i)), len(weights)) if outputs else None
    sums, kept = lax.fori_loop(0, stop, step, (sums, kept))
    return _packed(sums), kept


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
) -> Any:
    _counts["predict"] += 1
    names = list(plan.network.outputs) if to is None else [to]
    epoch_key = jax.random.fold_in(jax.random.key(moment.seed), moment.epoch)

    def forward(Xb: Any) -> Any:
        named = Xb if isinstance(Xb, dict) else dict.fromkeys(X, Xb)
        return alone(plan.network.apply(params, state, named, runtime, Context(False), to=names)[0])

    def batch(i: Any) -> Any:
        if plan.test_augment is None or to is not None:
            return forward(_batch(X, i))
        key = jax.random.fold_in(epoch_key, moment.step + i)
        return plan.test_augment(forward, key, _alone(_batch(X, i)))

    def step(i: jax.Array, kept: Any) -> Any:
        return _set(kept, i, batch(i))

    length = len(next(iter(X.values())))
    return lax.fori_loop(0, stop, step, _buffer(batch, length))


def _names(scores: Scores, *more: str) -> list[str]:
    return sorted(["weight", "loss", *more, *(name for name, _ in scores)])


def _packed(sums: dict[str, jax.Array]) -> jax.Array:
    return jnp.stack([sums[name] for name in sorted(sums)])


def _batch(X: dict[str, jax.Array], i: Any) -> dict[str, jax.Array]:
    return {name: array[i].astype(jnp.float32) for name, array in X.items()}


def _alone(X: dict[str, jax.Array]) -> Any:
    return next(iter(X.values())) if len(X) == 1 else X


def _at(y: Any, i: Any) -> Any:
    return jax.tree.map(lambda array: array[i], y)


def _buffer(make: Callable[[Any], Any], length: int) -> Any:
    return jax.tree.map(
        lambda one: jnp.zeros((length, *one.shape), one.dtype), jax.eval_shape(make, 0)
    )


def _set(kept: Any, i: Any, new: Any) -> Any:
    return jax.tree.map(lambda buffer, one: buffer.at[i].set(one), kept, new)


def _augmented(plan: Plan, key: jax.Array, X: dict[str, jax.Array], y: Any) -> Any:
    for i, transform in enumerate(plan.augment):
        Xb, y = transform(jax.random.fold_in(key, i), _alone(X), y)
        X = Xb if isinstance(Xb, dict) else dict.fromkeys(X, Xb)
    return X, y


def _forward(
    plan: Plan,
    heads: Sequence[Head],
    params: Variables,
    state: Variables,
    X: Any,
    runtime: Runtime,
    ctx: Context,
) -> tuple[Any, Variables]:
    to = [head.name for head in heads]
    logits = [head.name for head in heads if _fused(plan, head)]
    outs, state = plan.network.apply(params, state, X, runtime, ctx, to=to, logits=logits)
    return alone(outs), state


def _fused(plan: Plan, head: Head) -> Any:
    network = plan.network
    if len(network.node(head.name).output_shape) != 2 or network.feeds_others(head.name):
        return None
    return from_logits(plan.loss_functions[head.target], network.nonlinearity(head))


def _predictions(plan: Plan, out: Any) -> Any:
    return alone(
        [
            plan.network.nonlinearity(head)(o) if _fused(plan, head) else o
            for head, o in zip(plan.predicted, each(out), strict=False)
        ]
    )


def _losses(plan: Plan, out: Any, y: Any) -> list[jax.Array]:
    """Losses of the rows by output; where `out` lacks the auxiliary ones, so does the list."""
    found = []
    for head, o in zip(plan.network.heads, each(out), strict=False):
        loss_function = _fused(plan, head) or plan.loss_functions[head.target]
        losses = loss_function(o, each(y)[head.target])
        found.append(losses.reshape(len(losses), -1).mean(axis=1))
    return found


def _accuracies(plan: Plan, out: Any, y: Any, w: jax.Array) -> list[jax.Array]:
    known = zip(plan.accuracies, each(_predictions(plan, out)), each(y), strict=True)
    return [weighted_mean(accuracy(p, true), w) for accuracy, p, true in known if accuracy]


def _objective(
    plan: Plan, out: Any, y: Any, w: jax.Array, params: Variables, values: Values
) -> jax.Array:
    def loss_function(predictions: Any, targets: Any) -> jax.Array:
        rows = _losses(plan, predictions, targets)
        return sum(values.weights[i] * losses for i, losses in enumerate(rows))

    return plan.objective(
        out,
        y,
        w,
        plan.network.regularizable(params),
        loss_function=loss_function,
        **dict(plan.objective_structure),
        **values.objective,
    )


def _scores(plan: Plan, scores: Scores, out: Any, y: Any, w: jax.Array) -> dict[str, jax.Array]:
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
