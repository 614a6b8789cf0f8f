"""Augmentation, outputs, losses, objective and scores of one batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ..augment.base import invoke, mixes, moves_masks, with_weighted_outside
from ..augment.tunable import with_values
from ..errors import TransformError
from ..layers.base import Context
from ..network.graph import SCALE, Head, Runtime, Variables
from ..objectives.by_nonlinearity import from_logits
from ..objectives.objective import weighted_mean
from ..targets.by_output import as_tuple, unwrap_single
from ..targets.holes import is_known
from ..utils.loss_contracts import WEIGHTS, takes_weights
from .batch_targets import BatchTargets, group_weights, masked_rows, safe_targets
from .plan import Plan, Scores, View


class Values(NamedTuple):
    """Values that enter a program as arguments, so that changing them compiles nothing.

    Parameters
    ----------
    runtime : dict of dict of float32
        Runtime fields by layer.
    update : dict of float32 array of shape (steps,)
        Parameters of the update rule, step by step.
    objective : dict of float32
        Keywords of the objective.
    losses : tuple of dict of float32
        Keywords of each target's loss function.
    weights : float32 array of shape (heads,)
        Weights of the output layers in the training loss.
    augment : tuple of dict of float32
        Values of each transform, as returned by `skconv.augment.tunable.float32_values`.
    """

    runtime: Runtime
    update: Mapping[str, Any]
    objective: Mapping[str, Any]
    losses: tuple[Mapping[str, Any], ...]
    weights: Any
    augment: tuple[Mapping[str, Any], ...]


class RowInfo(NamedTuple):
    """The epoch and the rows of a batch, for transforms that depend on them.

    Parameters
    ----------
    epoch : int32
    rows : int32 array of shape (n,)
        Index of each row in the training data.
    """

    epoch: Any
    rows: Any


def array_or_dict(X: dict[str, jax.Array]) -> Any:
    """Return the array of a single input, or the dict of several inputs."""
    return next(iter(X.values())) if len(X) == 1 else X


def augment_batch(
    plan: Plan,
    key: jax.Array,
    X: dict[str, jax.Array],
    y: Any,
    values: Values,
    info: RowInfo,
    state: Variables,
) -> tuple[dict[str, jax.Array], Any]:
    """Apply all transforms of `augment` to a batch; they get targets in the units of y."""
    if not plan.augment:
        return X, y
    y = in_units(plan, y, state)
    for i in range(len(plan.augment)):
        X, y = apply_transform(plan, i, jax.random.fold_in(key, i), X, y, values, info)
    return X, standardize(plan, y, state)


def augment_weights(
    plan: Plan, key: jax.Array, X: dict[str, jax.Array], weights: Any, values: Values, info: RowInfo
) -> Any:
    """Move the weights of masks as `augment_batch` moves the masks, with the same key and batch."""
    for i, transform in enumerate(plan.augment if weights is not None else ()):
        if moves_masks(transform):
            moving = with_weighted_outside(with_values(transform, values.augment[i]))
            own = jax.random.fold_in(key, i)
            weights = as_tuple(
                invoke(moving, own, array_or_dict(X), unwrap_single(weights), *info)[1]
            )
    return weights


def in_units(plan: Plan, y: Any, state: Variables) -> Any:
    """Return targets in the units of y."""
    return _for_scaled(plan, lambda part, mean, scale: part * scale + mean, y, state, _of_targets)


def standardize(plan: Plan, y: Any, state: Variables) -> Any:
    """Return targets in the units of the loss."""
    return _for_scaled(plan, lambda part, mean, scale: (part - mean) / scale, y, state, _of_targets)


def predictions_in_units(plan: Plan, parts: Any, state: Variables) -> Any:
    """Return predictions in the units of y."""
    return _for_scaled(plan, lambda part, shift, factor: part * factor + shift, parts, state)


def _of_targets(view: View | None, values: jax.Array) -> jax.Array:
    """Return the part of an output's scale that belongs to its targets: that of the first unit."""
    return values if view is None else view.predictions(values, 0)[..., 0]


def _of_predictions(view: View | None, values: jax.Array) -> jax.Array:
    return values if view is None else view.predictions(values, 0)


def _for_scaled(
    plan: Plan,
    function: Callable[..., jax.Array],
    parts: Any,
    state: Variables,
    arranged: Callable[[View | None, jax.Array], jax.Array] = _of_predictions,
) -> Any:
    """Apply a function to each part whose output has a shift and a factor in its state."""

    def apply(head: Head, part: jax.Array) -> jax.Array:
        if not head.scaled:
            return part
        view = plan.views[head.target]
        return function(part, *(arranged(view, state[head.name][name]) for name in SCALE))

    pairs = zip(plan.predicted, as_tuple(parts), strict=False)
    return unwrap_single([apply(*pair) for pair in pairs])


def apply_transform(
    plan: Plan,
    i: int,
    key: jax.Array,
    X: dict[str, jax.Array],
    y: Any,
    values: Values,
    info: RowInfo,
) -> tuple[dict[str, jax.Array], Any]:
    """Apply transform `i` to a batch; labels become probabilities if it mixes rows."""
    transform = with_values(plan.augment[i], values.augment[i])
    if mixes(transform):
        y = unwrap_single(
            [_as_probabilities(plan, target, part) for target, part in enumerate(as_tuple(y))]
        )
    batch = invoke(transform, key, array_or_dict(X), y, *info)
    if not isinstance(batch, tuple | list) or len(batch) != 2:
        raise TransformError("a transform must return a pair (Xb, yb)")
    Xb, y = batch
    if any(plan.holes) and not all(plan.holes) and moves_masks(transform):
        pairs = zip(as_tuple(y), plan.holes, strict=True)
        y = unwrap_single([part if holes else _without_marks(part) for part, holes in pairs])
    return Xb if isinstance(Xb, dict) else dict.fromkeys(X, Xb), y


def _without_marks(y: jax.Array) -> jax.Array:
    """Return targets with zeros for what is marked as ignored outside of moved masks."""
    return jnp.where(is_known(y), y, 0)


def _as_probabilities(plan: Plan, target: int, y: jax.Array) -> jax.Array:
    if jnp.issubdtype(y.dtype, jnp.floating):
        return y
    head = next(head for head in plan.network.heads if head.target == target)
    classes = plan.network.node(head.name).output_shape[head.unit_axis]
    probabilities = jax.nn.one_hot(y, classes, dtype=jnp.float32)
    if plan.holes and plan.holes[target]:
        return jnp.where(is_known(y)[..., None], probabilities, jnp.nan)
    return probabilities


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

    Returns
    -------
    outputs : array or tuple of array
    state : dict of dict of array
        The new state.
    """
    to = [head.name for head in heads]
    logits = [head.name for head in heads if loss_on_logits(plan, head)]
    outs, state = plan.network.apply(params, state, X, runtime, ctx, to=to, logits=logits)
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


def compute_losses(
    plan: Plan, out: Any, y: Any, weights: jax.Array, values: Values
) -> list[jax.Array]:
    """Compute the loss of each row by output; auxiliary outputs may be missing from `out`."""
    losses = _losses(plan, out, y, [weights] * len(plan.loss_functions), values)
    return [loss.reshape(len(loss), -1).mean(axis=1) for loss in losses]


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


def compute_accuracies(
    plan: Plan, out: Any, targets: BatchTargets
) -> list[tuple[jax.Array, jax.Array]]:
    """Compute the mean accuracy of each output that has one, and the weight of the batch in it."""
    outputs = zip(
        plan.accuracies,
        as_tuple(compute_predictions(plan, out)),
        as_tuple(targets.for_accuracy()),
        targets.weights or (None,) * len(plan.accuracies),
        strict=True,
    )
    return [
        _mean_of_rows(accuracy(predictions, y), targets.rows, weights, grouped="any")
        for accuracy, predictions, y, weights in outputs
        if accuracy
    ]


def _mean_of_rows(
    values: jax.Array, rows: jax.Array, weights: jax.Array | None, *, grouped: str
) -> tuple[jax.Array, jax.Array]:
    """Return the mean of values by row, or by target if they have weights, and its weight."""
    if weights is None:
        by_row = values.reshape(len(rows), -1).mean(axis=1)
        return weighted_mean(by_row, rows), rows.sum()
    values, own = masked_rows(values, weights, grouped=grouped)
    return weighted_mean(values, rows * own), (rows * own).sum()


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


def compute_scores(
    plan: Plan,
    argument: Literal["scores_train", "scores_valid"],
    out: Any,
    targets: BatchTargets,
    state: Variables,
) -> dict[str, tuple[jax.Array, jax.Array]]:
    """Compute user-defined scores in the units of y; those of single rows are averaged.

    Returns
    -------
    dict of str to (array, array)
        Each score with the weight of the batch in its mean.

    Raises
    ------
    ValueError
        If a score fails, or returns neither a number nor a value for each row; with its name.
    """
    rows, n = targets.rows, len(targets.rows)
    scores: Scores = getattr(plan, argument)
    if not scores:
        return {}
    y = seen_targets(plan, in_units(plan, targets.values, state))
    predictions = predictions_in_units(plan, compute_predictions(plan, out), state)
    found = {}
    for name, score in scores:
        place = f"the score {name!r} of {argument}"
        value = _as_array(place, score, predictions, y)
        if value.ndim == 0:
            found[name] = value, rows.sum()
        elif value.size and len(value) == n:
            found[name] = _mean_score(value, targets)
        else:
            raise ValueError(
                f"{place} must return a number or a value for each of the {n} rows of a batch, got "
                f"an array of shape {value.shape}"
            )
    return found


def _mean_score(value: jax.Array, targets: BatchTargets) -> tuple[jax.Array, jax.Array]:
    """Return the mean over the rows, or over the targets that count, and its weight."""
    rows, weights = targets.rows, targets.weights
    value = value.astype(jnp.float32)
    if (
        weights is not None and len(weights) > 1
    ):  # a function of all outputs says by NaN which rows lack a target
        return _mean_of_rows(value, rows, is_known(value).astype(jnp.float32), grouped="all")
    return _mean_of_rows(value, rows, None if weights is None else weights[0], grouped="all")


def compute_measures(plan: Plan, grads: Variables) -> dict[str, jax.Array]:
    """Compute the measures of the gradients that handlers ask for."""
    found = {}
    for name, measure in plan.measures:
        place = f"the measure {name!r} of a handler"
        found[name] = _as_array(place, measure, grads)
        if found[name].ndim:
            raise ValueError(
                f"{place} must return a number, got an array of shape {found[name].shape}"
            )
    return found


def _as_array(place: str, function: Callable[..., Any], *args: Any) -> jax.Array:
    """Call a function of the user, and return its result as an array."""
    try:
        value = function(*args)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}".strip().split("\n")[0]
        raise ValueError(
            f"{place} must be a function that JAX can trace, but failed with {reason}; functions "
            "of NumPy arrays belong in custom_scores"
        ) from error
    if not isinstance(value, jax.Array | np.ndarray | np.generic | float | int):
        raise ValueError(f"{place} must return a number or an array, got {value!r}")
    return jnp.asarray(value)
