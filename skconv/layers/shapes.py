"""Checks of input shapes and axes, shared by the layers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from ..errors import LayerError
from ..ops.windows import Pads
from ..utils.checks import is_integer, natural_each

Shape = tuple[Any, ...]
"""Public shape of an activation: None for the batch, then channels and other sizes."""


def each_axis(value: Any, axes: int, field_name: str) -> tuple[int, ...]:
    """Return one number per axis, given a number for all axes or a tuple of that length."""
    if not isinstance(value, tuple):
        return (int(value),) * axes
    if len(value) != axes:
        raise LayerError(f"{field_name} must be a number or a tuple of {axes}, got {value!r}")
    return tuple(map(int, value))


def each_axis_of(axes: int, **fields: Any) -> list[tuple[int, ...]]:
    """Return several fields with one number per axis each, as `each_axis` does."""
    return [each_axis(value, axes, name) for name, value in fields.items()]


def pads_choice(*names: str) -> Callable[[Any], str | None]:
    """Return the check of a padding: one of some names, or numbers."""

    def check(value: Any) -> str | None:
        if value in names if isinstance(value, str) else not natural_each(value):
            return None
        return f"{', '.join(map(repr, names))}, or a non-negative integer, or one per axis"

    return check


def pads_of(value: Any, extents: tuple[int, ...], field_name: str) -> Pads:
    """Return the padding before and after each axis, for filters of a size."""
    if value == "valid":
        return ((0, 0),) * len(extents)
    if value == "same":
        return tuple(((e - 1) // 2, e // 2) for e in extents)
    if value == "full":
        return tuple((e - 1, e - 1) for e in extents)
    return tuple((p, p) for p in each_axis(value, len(extents), field_name))


def upper_pads(sizes: Shape, extents: tuple[int, ...], stride: tuple[int, ...]) -> Pads:
    """Return the least padding for ``ceil(size / stride)`` positions, an odd one at the end."""
    totals = [
        max(((n - 1) // step) * step + e - n, 0)
        for n, e, step in zip(sizes, extents, stride, strict=True)
    ]
    return tuple((total // 2, total - total // 2) for total in totals)


def shared_axes(value: Any, rank: int, field_name: str = "shared_axes") -> tuple[int, ...]:
    """Return the axes that share a parameter, sorted; ``'auto'`` is all but the channels."""
    if isinstance(value, str) and value == "auto":
        if rank < 2:
            raise LayerError(f"{field_name} must not be 'auto' for input without channels")
        return tuple(axis for axis in range(rank) if axis != 1)
    axes = value if isinstance(value, tuple) else (value,)
    if not all(is_integer(axis) and -rank <= axis < rank for axis in axes):
        raise LayerError(f"{field_name} must be axes of an input with {rank} axes, got {value!r}")
    axes = tuple(sorted({axis % rank for axis in axes}))
    if 0 not in axes:
        raise LayerError(f"{field_name} must include 0, the batch, got {value!r}")
    return axes


def row_axes(value: Any, rank: int, field_name: str) -> tuple[int, ...]:
    """Return one or several axes of a row, sorted; the batch is not allowed."""
    axes = value if isinstance(value, tuple) else (value,)
    if not all(is_integer(axis) and -rank <= axis < rank and axis % rank for axis in axes):
        raise LayerError(
            f"{field_name} must be axes of an input with {rank} axes, without 0 (the batch), "
            f"got {value!r}"
        )
    return tuple(sorted({axis % rank for axis in axes}))


def row_axis(value: Any, shape: Shape) -> int:
    """Return the non-negative axis of a row for a field `axis`; the batch is not allowed."""
    rank = len(shape)
    if not is_integer(value) or not -rank <= value < rank or value % rank == 0:
        raise LayerError(f"axis must be an axis of {shape} other than the batch, got {value!r}")
    return value % rank


def traced_shape(call: Callable[..., Any], field_name: str, *input_shapes: Shape) -> Shape:
    """Return the shape of a user function's output, or raise `LayerError` if it fails."""
    batch = 7919  # a large prime, unlikely to equal a product of other sizes
    given = ", ".join(map(str, input_shapes))
    batches = [jax.ShapeDtypeStruct((batch, *shape[1:]), jnp.float32) for shape in input_shapes]
    try:
        made = jax.eval_shape(call, *batches).shape
    except Exception as error:
        reason = str(error).partition("\n")[0]
        raise LayerError(f"{field_name} failed for input of shape {given}: {reason}") from error
    if made[:1] != (batch,):
        raise LayerError(f"{field_name} must keep the batch axis of {given}, got {made}")
    return (None, *made[1:])


def need_traced_shape(
    shape: Shape, call: Callable[..., Any], field_name: str, *input_shapes: Shape
) -> Shape:
    """Return `shape`, or raise `LayerError` if a user's function returns another shape."""
    made = traced_shape(call, field_name, *input_shapes)
    if made != shape:
        given = ", ".join(map(str, input_shapes))
        raise LayerError(f"{field_name} must return shape {shape} for {given}, got {made}")
    return shape


IMAGES = {
    1: "(n, channels, length)",
    2: "(n, channels, height, width)",
    3: "(n, channels, depth, height, width)",
}
"""Axes of a batch of images, by the number of spatial axes."""


def need_sequences(shape: Shape) -> None:
    """Raise `LayerError` for input without axes for time and features."""
    if len(shape) < 3:
        raise LayerError(
            f"input must have shape (n, time, features), got {shape}; "
            "give sequences of single numbers a feature axis: X[:, :, None]"
        )


def need_mask(mask: Shape, sequences: Shape) -> None:
    """Raise `LayerError` for a mask without exactly one number per time step."""
    if len(mask) != 2 or mask[1] != sequences[1]:
        raise LayerError(
            f"mask_input must have shape (n, {sequences[1]}) for sequences of shape {sequences}, "
            f"got {mask}"
        )


def need_images(shape: Shape, spatial: int) -> None:
    """Raise `LayerError` for input without channels and `spatial` spatial axes."""
    need_rank(shape, 2 + spatial, IMAGES[spatial], _flat_hint(shape) if spatial == 2 else "")


def _flat_hint(shape: Shape) -> str:
    """Return how to reshape rows that may be square images; empty for other rows."""
    values = shape[1] if len(shape) == 2 else None
    for channels in (1, 3):
        side = math.isqrt((values or 0) // channels)
        if side > 4 and channels * side**2 == values:
            shape_of_images = f"(-1, {channels}, {side}, {side})"
            return f"; if its rows are flattened images, reshape them: X.reshape{shape_of_images}"
    return ""


def need_channels(shape: Shape, places: bool = False) -> None:
    """Raise `LayerError` for input without channels or, with `places`, axes after them."""
    if len(shape) < 2:
        raise LayerError(f"input must have channels, (n, channels, ...), got {shape}")
    if places and len(shape) < 3:
        raise LayerError(f"input must have axes after the channels, got {shape}")


def need_rank(shape: Shape, rank: int, axes: str, hint: str = "") -> None:
    """Raise `LayerError` for input with another number of axes, with a hint if one is given."""
    if len(shape) == rank:
        return
    if len(shape) == rank - 1:
        hint = "; give images a channel axis: X[:, None]"
    raise LayerError(f"input must have shape {axes}, got {shape}{hint}")
