"""Augmentation of one batch."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ..augment.base import invoke, mixes, moves_masks
from ..augment.tunable import with_values
from ..augment.unset_fields import with_weighted_outside
from ..errors import TransformError
from ..network.graph import Variables
from ..targets.by_output import as_tuple, unwrap_single
from ..targets.holes import is_known
from .arguments import Values
from .plan import Plan
from .units import in_units, standardize


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
