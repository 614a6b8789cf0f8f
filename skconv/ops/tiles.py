"""Pooling under windows that tile the image, the same on every platform."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Sequence

import jax
import jax.numpy as jnp

from .windows import Window, windows


def pool_max(x: jax.Array, window: Window) -> jax.Array:
    """Return the maximum of each tile; pixels that fill no tile are left out."""
    return _max_of_tiles(_whole(x, window.size), window.size)


def pool_sum(x: jax.Array, window: Window) -> jax.Array:
    """Return the sum of each tile; pixels that fill no tile are left out."""
    return _split(x, window.size).sum(axis=_inner(len(window.size)))


@functools.partial(jax.custom_vjp, nondiff_argnums=(1,))
def _max_of_tiles(x: jax.Array, size: tuple[int, ...]) -> jax.Array:
    """Return the maximum of each tile; its gradient goes to the first element that attains it.

    The gradient that JAX derives reads all elements three times to share the gradient among equal
    ones. This one reads only the index of the maximum, and agrees with torch.
    """
    return _split(x, size).max(axis=_inner(len(size)))


def _forward(x: jax.Array, size: tuple[int, ...]) -> tuple[jax.Array, jax.Array]:
    """Return the maxima and the index of each within its tile."""
    first, *others = windows(x, Window(size, size))
    largest, index = first, jnp.zeros(first.shape, jnp.int32)
    for i, values in enumerate(others, start=1):
        index = jnp.where(values > largest, jnp.int32(i), index)
        largest = jnp.maximum(largest, values)
    return largest, index


def _backward(size: tuple[int, ...], index: jax.Array, gradient: jax.Array) -> tuple[jax.Array]:
    inner = _inner(len(size))
    wide_index, wide = (jnp.expand_dims(array, inner) for array in (index, gradient))
    elements = jnp.arange(math.prod(size), dtype=jnp.int32).reshape(size)
    elements = jnp.expand_dims(elements, [axis for axis in range(wide.ndim) if axis not in inner])
    of_input = jnp.where(elements == wide_index, wide, jnp.zeros((), gradient.dtype))
    spatial = [n * k for n, k in zip(gradient.shape[1:-1], size, strict=True)]
    return (of_input.reshape(gradient.shape[0], *spatial, gradient.shape[-1]),)


_max_of_tiles.defvjp(_forward, _backward)


def _whole(x: jax.Array, size: Sequence[int]) -> jax.Array:
    """Cut off the pixels that fill no tile."""
    return x[(slice(None), *(slice(n // k * k) for n, k in zip(x.shape[1:], size, strict=False)))]


def _split(x: jax.Array, size: Sequence[int]) -> jax.Array:
    """Split each spatial axis into tiles and the elements of a tile."""
    x = _whole(x, size)
    counts = [n // k for n, k in zip(x.shape[1:-1], size, strict=True)]
    split = itertools.chain.from_iterable(zip(counts, size, strict=True))
    return x.reshape(x.shape[0], *split, x.shape[-1])


def _inner(axes: int) -> tuple[int, ...]:
    """Return the axes of the elements of a tile after `_split`."""
    return tuple(2 + 2 * axis for axis in range(axes))
