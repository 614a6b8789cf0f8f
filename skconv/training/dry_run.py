"""Try transforms on shapes alone, before anything is changed or compiled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from ..augment.pipeline import Entry
from ..data.output_targets import as_tuple, unwrap_single
from ..errors import TransformError
from .forward import RowInfo, Values, apply_transform, compute_losses
from .plan import Plan


def check_transforms(
    plan: Plan, entries: Sequence[Entry], X: dict[str, Any], y: Any, values: Values
) -> None:
    """Check that the transforms of a plan suit the batches and the loss.

    Parameters
    ----------
    plan : Plan
    entries : sequence of Entry
        The same transforms, with their names.
    X : dict of array of shape (batch, ...)
        A batch; arrays may be `jax.ShapeDtypeStruct`, as only their shapes matter.
    y : array of shape (batch, ...), or tuple of them
    values : Values

    Raises
    ------
    TransformError
        That names the transform.
    """
    X = {name: jax.ShapeDtypeStruct(x.shape, jnp.float32) for name, x in X.items()}
    y = jax.tree.map(lambda part: jax.ShapeDtypeStruct(part.shape, part.dtype), y)
    n = next(iter(X.values())).shape[0]
    key = jax.eval_shape(lambda: jax.random.key(0))
    epoch, *rows = (jax.ShapeDtypeStruct(shape, jnp.int32) for shape in ((), (n,)))
    for i, entry in enumerate(entries):
        transform = partial(apply_transform, plan, i)
        made = _traced(entry, transform, key, X, y, values, RowInfo(epoch, *rows))
        _check_images(entry, X, made[0])
        if _described(made[1]) != _described(y):
            _check_targets(entry, plan, n, y, made[1], values)
        X, y = made


def _traced(entry: Entry, function: Callable[..., Any], *args: Any) -> Any:
    try:
        return jax.eval_shape(function, *args)
    except TransformError as error:
        message = str(error).removeprefix(f"{type(entry.transform).__name__}: ")
        raise TransformError(f"{entry.called}: {message}") from error
    except Exception as error:
        raise TransformError(
            f"{entry.called} fails as JAX traces it, with {_first_line(error)}; what JAX cannot "
            "trace goes into BatchIterator.transform, which acts on the host"
        ) from error


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".strip().split("\n")[0]


def _check_images(entry: Entry, old: dict[str, Any], new: dict[str, Any]) -> None:
    for name, x in old.items():
        shape = new[name].shape if name in new else None
        if shape != x.shape:
            raise TransformError(
                f"{entry.called} changes X from shape {x.shape} to {shape}; within the compiled "
                "step shapes stay, but BatchIterator.transform may change them on the host"
            )
        if new[name].dtype != x.dtype:
            raise TransformError(
                f"{entry.called} changes X from {x.dtype} to {new[name].dtype}; return {x.dtype}"
            )


def _check_targets(entry: Entry, plan: Plan, n: int, old: Any, new: Any, values: Values) -> None:
    """Check targets of another shape or type; labels may become rows of probabilities."""
    change = f"{entry.called} changes targets from {_described(old)} to {_described(new)}"
    pairs = list(zip(as_tuple(old), as_tuple(new), strict=False))
    if len(as_tuple(old)) != len(as_tuple(new)) or not all(_may_become(*pair) for pair in pairs):
        raise TransformError(
            f"{change}; within the compiled step their shapes stay, but for labels of shape (n,) "
            "that become rows of probabilities"
        )
    shapes = [plan.network.node(head.name).output_shape[1:] for head in plan.network.heads]
    out = unwrap_single([jax.ShapeDtypeStruct((n, *shape), jnp.float32) for shape in shapes])
    try:
        jax.eval_shape(partial(compute_losses, plan), out, new, values)
    except Exception as error:
        raise TransformError(f"{change}, and the loss fails with {_first_line(error)}") from error


def _may_become(old: Any, new: Any) -> bool:
    labels = jnp.issubdtype(old.dtype, jnp.integer) and old.ndim == 1
    rows = jnp.issubdtype(new.dtype, jnp.floating) and new.ndim == 2
    return new.shape == old.shape or (labels and rows and len(new) == len(old))


def _described(y: Any) -> str:
    return " and ".join(f"{part.dtype} {part.shape}" for part in as_tuple(y))
