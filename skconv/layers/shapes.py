"""Checks of input shapes and axes, shared by the layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from ..errors import LayerError
from ..utils.checks import is_integer

Shape = tuple[int | None, ...]
"""Shape of an activation as users see it: batch first (None), then channels."""


def each_axis(value: Any, axes: int, field_name: str) -> tuple[int, ...]:
    """Spread one number over the axes, or check that there is one for each."""
    if not isinstance(value, tuple):
        return (int(value),) * axes
    if len(value) != axes:
        raise LayerError(f"{field_name}={value!r} has {len(value)} numbers, {axes} are needed")
    return tuple(map(int, value))


def shared_axes(value: Any, rank: int, field_name: str = "shared_axes") -> tuple[int, ...]:
    """Read the axes that share a parameter; ``'auto'`` is all but the channels."""
    if isinstance(value, str) and value == "auto":
        if rank < 2:
            raise LayerError(f"{field_name}='auto' needs input with channels, (n, channels, ...)")
        return tuple(axis for axis in range(rank) if axis != 1)
    axes = value if isinstance(value, tuple) else (value,)
    if not all(is_integer(axis) and -rank <= axis < rank for axis in axes):
        raise LayerError(f"{field_name}={value!r} are no axes of an input with {rank}")
    axes = tuple(sorted({axis % rank for axis in axes}))
    if 0 not in axes:
        raise LayerError(f"{field_name}={value!r} must hold 0, the batch")
    return axes


def row_axes(value: Any, rank: int, field_name: str) -> tuple[int, ...]:
    """Read the axes of a row: one or several, but not the batch."""
    axes = value if isinstance(value, tuple) else (value,)
    if not all(is_integer(axis) and -rank <= axis < rank and axis % rank for axis in axes):
        raise LayerError(
            f"{field_name}={value!r} are no axes of an input with {rank} besides the batch"
        )
    return tuple(sorted({axis % rank for axis in axes}))


def row_axis(value: Any, shape: Shape) -> int:
    """Read the field `axis`: one, but not the batch."""
    rank = len(shape)
    if not is_integer(value) or not -rank <= value < rank or value % rank == 0:
        raise LayerError(f"axis={value!r} is no axis of {shape} besides the batch")
    return value % rank


def traced_shape(call: Callable[..., Any], field_name: str, *input_shapes: Shape) -> Shape:
    """Find the shape that a user's function makes of batches, or raise where it makes none."""
    batch = 7919  # a prime that no product of sizes is likely to hit
    given = ", ".join(map(str, input_shapes))
    batches = [jax.ShapeDtypeStruct((batch, *shape[1:]), jnp.float32) for shape in input_shapes]
    try:
        made = jax.eval_shape(call, *batches).shape
    except Exception as error:
        reason = str(error).partition("\n")[0]
        raise LayerError(f"{field_name} fails on an input of shape {given}: {reason}") from error
    if made[:1] != (batch,):
        raise LayerError(f"{field_name} does not keep the batch apart: from {given} to {made}")
    return (None, *made[1:])


def need_traced_shape(
    shape: Shape, call: Callable[..., Any], field_name: str, *input_shapes: Shape
) -> Shape:
    """Return the shape, or raise where a user's function makes another one."""
    made = traced_shape(call, field_name, *input_shapes)
    if made != shape:
        given = ", ".join(map(str, input_shapes))
        raise LayerError(f"{field_name} makes {made} of {given}, not {shape}")
    return shape


IMAGES = {
    1: "(n, channels, length)",
    2: "(n, channels, height, width)",
    3: "(n, channels, depth, height, width)",
}
"""What a batch of images has for axes, by the number of those that are in space."""


def need_sequences(shape: Shape) -> None:
    """Raise where an input has no axes for time and features."""
    if len(shape) < 3:
        raise LayerError(
            f"takes input of shape (n, time, features), got {shape}; "
            "give sequences of single numbers an axis of features: X[:, :, None]"
        )


def need_mask(mask: Shape, sequences: Shape) -> None:
    """Raise where a mask has not one number for each time of the sequences."""
    if len(mask) != 2 or mask[1] != sequences[1]:
        raise LayerError(
            f"mask_input of shape {mask} does not fit sequences of shape {sequences}; "
            f"it must be (n, {sequences[1]})"
        )


def need_images(shape: Shape, spatial: int) -> None:
    """Raise where an input has not a channel axis and that number of spatial ones."""
    need_rank(shape, 2 + spatial, IMAGES[spatial])


def need_channels(shape: Shape, places: bool = False) -> None:
    """Raise where an input has no channels or, with `places`, no axes after them."""
    if len(shape) < 2:
        raise LayerError(f"takes input with channels, (n, channels, ...), got {shape}")
    if places and len(shape) < 3:
        raise LayerError(f"takes input with axes after the channels, got {shape}")


def need_rank(shape: Shape, rank: int, axes: str) -> None:
    """Raise where an input has another number of axes."""
    if len(shape) == rank:
        return
    hint = "; give images a channel axis: X[:, None]" if len(shape) == rank - 1 else ""
    raise LayerError(f"takes input of shape {axes}, got {shape}{hint}")
