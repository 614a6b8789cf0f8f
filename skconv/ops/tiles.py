"""Pooling under windows that tile the image, the same on every platform."""

from __future__ import annotations

import functools
import math

import jax
import jax.numpy as jnp

from .platform import kernel_for
from .tile_maxima import inner_axes, split_tiles, whole_tiles
from .windows import Window


def pool_max(x: jax.Array, window: Window) -> jax.Array:
    """Return the maximum of each tile; pixels that fill no tile are left out."""
    return _max_of_tiles(whole_tiles(x, window.size), window.size)


def pool_sum(x: jax.Array, window: Window) -> jax.Array:
    """Return the sum of each tile; pixels that fill no tile are left out."""
    return split_tiles(x, window.size).sum(axis=inner_axes(len(window.size)))


@functools.partial(jax.custom_vjp, nondiff_argnums=(1,))
def _max_of_tiles(x: jax.Array, size: tuple[int, ...]) -> jax.Array:
    """Return the maximum of each tile; its gradient goes to the first element that attains it.

    The gradient that JAX derives reads all elements three times to share the gradient among equal
    ones. This one reads only the index of the maximum, and agrees with torch.
    """
    return split_tiles(x, size).max(axis=inner_axes(len(size)))


def _forward(x: jax.Array, size: tuple[int, ...]) -> tuple[jax.Array, jax.Array]:
    """Return the maxima and the index of each within its tile."""
    return kernel_for("tile_maxima", x)(x, size)


def _backward(size: tuple[int, ...], index: jax.Array, gradient: jax.Array) -> tuple[jax.Array]:
    inner = inner_axes(len(size))
    wide_index, wide = (jnp.expand_dims(array, inner) for array in (index, gradient))
    elements = jnp.arange(math.prod(size), dtype=jnp.int32).reshape(size)
    elements = jnp.expand_dims(elements, [axis for axis in range(wide.ndim) if axis not in inner])
    of_input = jnp.where(elements == wide_index, wide, jnp.zeros((), gradient.dtype))
    spatial = [n * k for n, k in zip(gradient.shape[1:-1], size, strict=True)]
    return (of_input.reshape(gradient.shape[0], *spatial, gradient.shape[-1]),)


_max_of_tiles.defvjp(_forward, _backward)
