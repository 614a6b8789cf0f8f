"""Targets and predictions in the units of y, and in those of the loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax

from ..network.graph import Variables
from ..network.head import SCALE, Head
from ..targets.by_output import as_tuple, unwrap_single
from .plan import Plan, View


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
        scale = (arranged(view, state[head.name][name]).astype(part.dtype) for name in SCALE)
        return function(part, *scale)

    pairs = zip(plan.predicted, as_tuple(parts), strict=False)
    return unwrap_single([apply(*pair) for pair in pairs])
