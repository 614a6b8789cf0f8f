"""The training objective of given rows, the score of outputs that predict nothing in y."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..targets.by_output import as_tuple, unwrap_single
from ..targets.sample_weights import SampleWeights, check_weights
from .arguments import Values
from .batch_targets import batch_targets
from .fitted_net import FittedNet, predict_rows
from .forward import loss_on_logits
from .losses import unpenalized_objective
from .plan import Plan


def objective_value(
    plan: Plan, fitted: FittedNet, values: Values, X: Any, y: Any, sample_weight: Any = None
) -> float:
    """Return the objective of all rows at once, as at prediction, without penalties.

    Parameters
    ----------
    plan : Plan
    fitted : FittedNet
    values : Values
    X, y : array-like
        As passed to `NeuralNet.score`.
    sample_weight : array-like of shape (n,) or of the shape of y, optional
    """
    rows = fitted.rows(X)
    logits = tuple(head.name for head in plan.predicted if loss_on_logits(plan, head))
    parts = as_tuple(predict_rows(fitted.model, rows, fitted.iterator, logits=logits))
    views = [plan.views[head.target] for head in plan.predicted]
    out = [
        jnp.asarray(part if view is None else view.predictions(part))
        for view, part in zip(views, parts, strict=True)
    ]
    encoded = fitted.outputs.encode(y)
    given = SampleWeights(None, None)
    if sample_weight is not None:
        outputs = fitted.outputs
        given = check_weights(sample_weight, len(rows), outputs.names, outputs.split(y))
    own = given.arranged(as_tuple(encoded))
    row_weights = np.ones(len(rows), np.float32) if given.rows is None else given.rows
    arrays = jax.tree.map(jnp.asarray, (encoded, own, row_weights))
    targets = batch_targets(replace(plan, weighted=own is not None), *arrays)
    return float(unpenalized_objective(plan, unwrap_single(out), targets, [], values))
