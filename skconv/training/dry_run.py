"""Check transforms on the shapes of a batch, before anything is compiled or computed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..augment.base import Transform
from ..augment.pipeline import Entry
from ..errors import Problems, TransformError
from ..network.head import Head
from ..targets.by_output import as_tuple, unwrap_single
from ..utils.checks import function_name
from ..utils.loss_contracts import WEIGHTS, contract_of, takes_weights
from .arguments import Values
from .augmentation import RowInfo, apply_transform
from .losses import compute_losses
from .plan import Plan, View


def check_transforms(
    plan: Plan, entries: Sequence[Entry], X: dict[str, Any], y: Any, values: Values
) -> list[int]:
    """Check that the transforms of a plan fit the batches and the loss.

    Parameters
    ----------
    plan : Plan
    entries : sequence of Entry
        The same transforms, with their names.
    X : dict of array of shape (batch, ...)
        A batch; `jax.ShapeDtypeStruct` will do, as only shapes and dtypes are used.
    y : array of shape (batch, ...), or tuple of arrays
    values : Values

    Returns
    -------
    list of int
        The positions of the transforms that compute classes, rather than passing them on.

    Raises
    ------
    TransformError
        If a transform does not fit; the message names the transform.
    """
    computing = []
    X = {name: jax.ShapeDtypeStruct(x.shape, jnp.float32) for name, x in X.items()}
    y = jax.tree.map(lambda part: jax.ShapeDtypeStruct(part.shape, part.dtype), y)
    n = next(iter(X.values())).shape[0]
    key = jax.eval_shape(lambda: jax.random.key(0))
    epoch, *rows = (jax.ShapeDtypeStruct(shape, jnp.int32) for shape in ((), (n,)))
    for i, entry in enumerate(entries):
        transform = partial(apply_transform, plan, i)
        arguments = key, X, y, values, RowInfo(epoch, *rows)
        program, (new_X, new_y) = _trace(entry, transform, *arguments)
        if _computes_integers(program):
            computing.append(i)
        _check_images(entry, X, new_X)
        if _describe(new_y) != _describe(y):
            _check_targets(entry, plan, n, y, new_y, values)
        X, y = new_X, new_y
    return computing


def _computes_integers(program: Any) -> bool:
    """Return whether a traced function returns integers other than those that it gets."""
    return any(
        jax.dtypes.issubdtype(out.aval.dtype, np.integer)
        and not any(out is given for given in program.jaxpr.invars)
        for out in program.jaxpr.outvars
    )


def check_losses(plan: Plan, y: Any, values: Values) -> None:
    """Check that losses of the user's own return one loss per row.

    Parameters
    ----------
    plan : Plan
    y : array of shape (n, ...), or tuple of arrays
        Encoded targets, of which only shapes and dtypes are used.
    values : Values

    Raises
    ------
    ValueError
        If a loss fails, or if predictions and targets were broadcast to another number of rows.
    """
    problems = Problems()
    for head in plan.predicted:
        loss, targets = plan.loss_functions[head.target], as_tuple(y)[head.target]
        if contract_of(loss) is None:
            out = _output(plan, head, 1).shape[1:]
            with problems.collect():
                keywords = values.losses[head.target]
                _check_loss(partial(loss, **keywords), out, targets, plan.views[head.target])
    problems.raise_any()


def _output(plan: Plan, head: Head, n: int) -> Any:
    """Return the shape and dtype of an output for `n` rows, as the loss sees it."""
    shape = plan.network.node(head.name).output_shape[1:]
    out, view = jax.ShapeDtypeStruct((n, *shape), jnp.float32), plan.views[head.target]
    return out if view is None else jax.eval_shape(view.predictions, out)


def _check_loss(loss: Any, out: tuple[Any, ...], targets: Any, view: View | None) -> None:
    rows = targets.shape[1:]
    n = max(2, *out, *rows) + 1  # no other axis has this length, so it stands out in the result
    predictions = jax.ShapeDtypeStruct((n, *out), jnp.float32)
    seen = jax.ShapeDtypeStruct((n, *rows), targets.dtype)
    if view is not None:
        seen = jax.eval_shape(view.targets, seen)
    given = f"predictions of shape {_shape(out)} and {_describe_targets(seen)}"
    name = function_name(loss)
    weights = {WEIGHTS: jax.ShapeDtypeStruct((n,), jnp.float32)} if takes_weights(loss) else {}
    try:
        losses = jax.eval_shape(loss, predictions, seen, **weights)
    except Exception as error:
        dtype = "" if isinstance(seen, dict) else f" and dtype {seen.dtype}"
        raise ValueError(
            f"objective_loss_function must take {given}{dtype}, but {name} failed with "
            f"{_first_line(error)}{_tracing_hint(error)}"
        ) from error
    shape = getattr(losses, "shape", None)
    if not shape or shape[0] != n or n in shape[1:]:
        found = "a scalar" if shape == () else f"shape {shape and _shape(shape, n)}"
        hint = "; leave out the mean" if shape == () else "; they may have been broadcast"
        raise ValueError(
            f"objective_loss_function must return a loss for each row, got {found} from {name} for "
            f"{given}{hint}"
        )


def _tracing_hint(error: Exception) -> str:
    """Return what to write in a loss that NumPy or Python would compute; empty otherwise."""
    if isinstance(error, jax.errors.TracerArrayConversionError):
        return "; compute it with jax.numpy in place of NumPy"
    if isinstance(error, jax.errors.TracerBoolConversionError):
        return "; write jax.numpy.where in place of if"
    return ""


def _describe_targets(y: Any) -> str:
    """Return the shape of targets, or of their fields, as text."""
    if isinstance(y, dict):
        fields = [f"{name!r} of shape {_shape(part.shape[1:])}" for name, part in y.items()]
        return f"a dict of targets with {' and '.join(fields)}"
    return f"targets of shape {_shape(y.shape[1:])}"


def _shape(shape: tuple[int, ...], n: int = 0) -> str:
    """Return a shape as text, with n for the number of rows."""
    sizes = ["n" if n and size == n else str(size) for size in shape]
    sizes = sizes if n else ["n", *sizes]
    return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"


def _trace(entry: Entry, function: Callable[..., Any], *args: Any) -> tuple[Any, Any]:
    """Return the traced program of a transform, and the shapes that it returns."""
    try:
        return jax.make_jaxpr(function, return_shape=True)(*args)
    except TransformError as error:
        message = str(error).removeprefix(f"{type(entry.transform).__name__}: ")
        raise TransformError(f"{entry.label}: {message}") from error
    except Exception as error:
        raise TransformError(
            f"{entry.label} failed when JAX traced it, with {_first_line(error)}; "
            f"{_hint(entry, args[1])}"
        ) from error


def _hint(entry: Entry, X: dict[str, Any]) -> str:
    if len(X) > 1 and isinstance(entry.transform, Transform):
        return (
            f"X is a dict of {', '.join(X)}; call the transform on one of them, in a function "
            "(key, Xb, yb) -> ({**Xb, name: changed}, yb)"
        )
    return "code that JAX cannot trace belongs in BatchIterator.transform, which runs on the host"


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".strip().split("\n")[0]


def _check_images(entry: Entry, old: dict[str, Any], new: dict[str, Any]) -> None:
    for name, x in old.items():
        shape = new[name].shape if name in new else None
        if shape != x.shape:
            raise TransformError(
                f"{entry.label} must return X of shape {x.shape}, got {shape}; only "
                "BatchIterator.transform, which runs on the host, may change shapes"
            )
        if new[name].dtype != x.dtype:
            raise TransformError(
                f"{entry.label} must return X of dtype {x.dtype}, got {new[name].dtype}"
            )


def _check_targets(entry: Entry, plan: Plan, n: int, old: Any, new: Any, values: Values) -> None:
    """Check targets of another shape or dtype; labels may become probabilities."""
    pairs = list(zip(as_tuple(old), as_tuple(new), strict=False))
    if len(as_tuple(old)) != len(as_tuple(new)) or not all(_may_become(*pair) for pair in pairs):
        raise TransformError(
            f"{entry.label} must keep the shapes of the targets, {_describe(old)}, got "
            f"{_describe(new)}; only labels of shape (n, ...) may become probabilities of shape "
            "(n, ..., classes)"
        )
    out = unwrap_single([_output(plan, head, n) for head in plan.network.heads])
    try:
        weights = jax.ShapeDtypeStruct((n,), jnp.float32)
        jax.eval_shape(partial(compute_losses, plan), out, new, weights, values)
    except Exception as error:
        raise TransformError(
            f"{entry.label} changed the targets from {_describe(old)} to {_describe(new)}, for "
            f"which the loss failed with {_first_line(error)}"
        ) from error


def _may_become(old: Any, new: Any) -> bool:
    labels = jnp.issubdtype(old.dtype, jnp.integer) and jnp.issubdtype(new.dtype, jnp.floating)
    return new.shape == old.shape or (labels and new.shape[:-1] == old.shape)


def _describe(y: Any) -> str:
    return " and ".join(f"{part.dtype} {part.shape}" for part in as_tuple(y))
