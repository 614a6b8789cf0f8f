"""The training objective of given rows, the score of outputs that predict nothing in y."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from sklearn.utils.validation import _num_samples, check_consistent_length

from ..data.named_inputs import by_input
from ..data.shape_groups import group_rows
from ..targets.by_output import as_tuple, unwrap_single
from ..targets.kept import Kept
from ..targets.ragged_array import KINDS, read_rows
from ..targets.sample_weights import SampleWeights, check_weights
from ..utils.row_containers import has_names
from .arguments import Values
from .batch_targets import batch_targets
from .fitted_net import FittedNet
from .forward import loss_on_logits
from .losses import unpenalized_objective
from .plan import Plan


def objective_value(
    plan: Plan, fitted: FittedNet, values: Values, X: Any, y: Any, sample_weight: Any = None
) -> float:
    """Return the objective of all rows, as at prediction, without penalties.

    That of rows of several shapes is the mean of the objectives of each shape, in which all targets
    count alike.

    Parameters
    ----------
    plan : Plan
    fitted : FittedNet
    values : Values
    X, y : array-like
        As passed to `NeuralNet.score`.
    sample_weight : array-like of shape (n,) or of the shape of y, optional
    """
    outputs = fitted.outputs
    parts = tuple(map(read_rows, outputs.split(y)))
    weights = SampleWeights(None, None)
    if sample_weight is not None:
        weights = check_weights(sample_weight, _num_samples(parts[0]), outputs.names, parts)
    X = by_input(X, list(fitted.network.inputs)) if isinstance(X, list | tuple) else X
    targets = {("y", i): part for i, part in enumerate(outputs.split(y))}
    inputs = {("X", name): own for name, own in (X if has_names(X) else {None: X}).items()}
    check_consistent_length(*inputs.values(), *parts)
    groups = group_rows(inputs | targets, KINDS)
    if not groups:
        any_size = bool(fitted.network.free)
        return _value(plan, fitted, values, X, parts, weights, any_size=any_size)[0]
    found = []
    for positions, group in groups:
        own = {name: group["X", name] for _, name in inputs}
        rows = own if has_names(X) else own[None]
        of_group, weight = [group[key] for key in targets], weights.subset(positions)
        found.append(_value(plan, fitted, values, rows, of_group, weight, any_size=True))
    return _mean(found)


def _mean(found: Sequence[tuple[float, float]]) -> float:
    """Return the mean of values by their weights."""
    means, weights = zip(*found, strict=True)
    return float(np.average(means, weights=weights)) if any(weights) else np.nan


def _value(
    plan: Plan,
    fitted: FittedNet,
    values: Values,
    X: Any,
    y: Sequence[Any],
    weights: SampleWeights,
    *,
    any_size: bool,
) -> tuple[float, float]:
    """Return the objective of rows of one shape, and the weight of their targets.

    Targets may have another shape than in training if `any_size` is True.
    """
    rows = fitted.rows(X)
    logits = tuple(head.name for head in plan.predicted if loss_on_logits(plan, head))
    parts = as_tuple(fitted.predict_logits(rows, logits))
    views = [plan.views[head.target] for head in plan.predicted]
    out = [
        jnp.asarray(part if view is None else view.predictions(part))
        for view, part in zip(views, parts, strict=True)
    ]
    outputs = fitted.outputs
    if any_size:
        kept = [i for i, target in enumerate(outputs.targets) if isinstance(target, Kept)]
        outputs = outputs.of_rows({i: np.shape(y[i])[1:] for i in kept})
    encoded = as_tuple(outputs.encode(list(y) if len(y) > 1 else y[0]))
    own = weights.arranged(encoded)
    row_weights = np.ones(len(rows), np.float32) if weights.rows is None else weights.rows
    arrays = jax.tree.map(jnp.asarray, (unwrap_single(encoded), own, row_weights))
    targets = batch_targets(replace(plan, weighted=own is not None), *arrays)
    values = values.in_dtype(plan.network.dtype)
    value = unpenalized_objective(plan, unwrap_single(out), targets, [], values)
    size = np.mean([part[0].size for part in encoded])
    return float(value), float(targets.objective_weights().sum()) * size
