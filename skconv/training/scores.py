"""Accuracies, user-defined scores and measures of one batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from ..network.graph import Variables
from ..objectives.objective import weighted_mean
from ..targets.by_output import as_tuple
from ..targets.holes import is_known
from .batch_targets import BatchTargets, masked_rows
from .forward import compute_predictions, seen_targets
from .plan import Plan, Scores
from .units import in_units, predictions_in_units


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
    value = value.astype(rows.dtype)
    if len(weights or ()) > 1:
        # a function of all outputs says by NaN which rows lack a target
        return _mean_of_rows(value, rows, is_known(value).astype(rows.dtype), grouped="all")
    return _mean_of_rows(value, rows, None if weights is None else weights[0], grouped="all")


def _mean_of_rows(
    values: jax.Array, rows: jax.Array, weights: jax.Array | None, *, grouped: str
) -> tuple[jax.Array, jax.Array]:
    """Return the mean of values by row, or by target if they have weights, and its weight."""
    if weights is None:
        by_row = values.reshape(len(rows), -1).mean(axis=1)
        return weighted_mean(by_row, rows), rows.sum()
    values, own = masked_rows(values, weights, grouped=grouped)
    return weighted_mean(values, rows * own), (rows * own).sum()


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
