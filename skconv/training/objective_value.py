"""The training objective of given rows, the score of outputs that predict nothing in y."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..data.output_targets import as_tuple, unwrap_single
from .fitted_net import FittedNet, predict_rows
from .forward import Values, compute_losses, loss_on_logits, seen_targets
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
    sample_weight : array-like of shape (n,), optional
    """
    rows = fitted.rows(X)
    logits = tuple(head.name for head in plan.predicted if loss_on_logits(plan, head))
    parts = as_tuple(predict_rows(fitted.model, rows, fitted.iterator, logits=logits))
    views = [plan.views[head.target] for head in plan.predicted]
    out = [
        jnp.asarray(part if view is None else view.predictions(part))
        for view, part in zip(views, parts, strict=True)
    ]
    y = jax.tree.map(jnp.asarray, fitted.outputs.encode(y))
    given = np.ones(len(rows)) if sample_weight is None else sample_weight
    weights = jnp.asarray(given, jnp.float32)

    def loss_function(out: Any, y: Any) -> Any:
        losses = compute_losses(plan, out, y, weights, values)
        return sum(values.weights[i] * loss for i, loss in enumerate(losses))

    keywords = {**dict(plan.objective_structure), **values.objective}
    seen = seen_targets(plan, y)
    objective: Any = plan.objective
    total = objective(
        unwrap_single(out), seen, weights, [], loss_function=loss_function, **keywords
    )
    return float(total)
