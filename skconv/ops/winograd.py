"""Convolution with 3x3 filters in four ninths of the multiplications (Winograd 1980, Lavin 2015).

``F(2, 3)`` computes two neighbouring outputs of a filter of three elements by four products instead
of six: inputs, filters and outputs are each transformed by sums. Along two axes 16 products replace
36, each of them a matrix product over all tiles of a block of images. The transforms are exact in
binary fractions, so that float32 results are as good as a plain sum's; ``F(4, 3)`` would save more
products, but XLA computes its transforms too slowly on the CPU, and it loses digits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

INPUTS = np.array([[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]])
"""From four neighbouring inputs to the left sides of the products."""

FILTERS = np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]])
"""From the three elements of a filter to the right sides of the products."""

OUTPUTS = np.array([[1, 1, 1, 0], [0, 1, -1, -1]])
"""From the products to two neighbouring outputs."""

PRODUCTS, TILE = len(INPUTS), len(OUTPUTS)


def fits(W: jax.Array) -> bool:
    """Tell whether the filters are of 3x3; along three axes the program would be large."""
    return W.shape[:-2] == (3, 3)


def left_bytes(x: jax.Array) -> int:
    """Size of the left sides of the products of one padded image."""
    tiles = math.prod((n - 1) // TILE for n in x.shape[1:-1])
    return tiles * PRODUCTS ** (x.ndim - 2) * x.shape[-1] * x.dtype.itemsize


def transform_filters(W: jax.Array) -> jax.Array:
    """Compute the right sides of the products, of shape ``(products, channels, num_filters)``."""
    for axis in range(W.ndim - 2):
        W = jnp.moveaxis(jnp.tensordot(FILTERS.astype(W.dtype), W, (1, axis)), 0, axis)
    return W.reshape(-1, *W.shape[-2:])


def correlate(x: jax.Array, right: jax.Array) -> jax.Array:
    """Correlate padded images with filters.

    Parameters
    ----------
    x : array of shape (n, h, w, channels)
        One or more spatial axes.
    right : array of shape (products, channels, num_filters)
        Of `transform_filters`.

    Returns
    -------
    array of shape (n, h - 2, w - 2, num_filters)
    """
    out = [n - 2 for n in x.shape[1:-1]]
    parts = [left @ right[i] for i, left in enumerate(_left_sides(x))]
    for axis in reversed(range(1, x.ndim - 1)):
        groups = zip(*[iter(parts)] * PRODUCTS, strict=True)
        parts = [_interleave([_sum(row, group) for row in OUTPUTS], axis) for group in groups]
    return parts[0][(slice(None), *map(slice, out))]


def gradient_of_right_sides(x: jax.Array, g: jax.Array) -> list[jax.Array]:
    """Compute for each product the gradient of its right side.

    Parameters
    ----------
    x : array of shape (n, h, w, channels)
        Padded images.
    g : array of shape (n, h - 2, w - 2, num_filters)
        Gradient of the output.

    Returns
    -------
    list of arrays of shape (channels, num_filters)
        Summed over the images.
    """
    g = _even(g)
    parts = [g]
    for axis in range(1, g.ndim - 1):
        parts = _along(parts, axis, OUTPUTS.T, g.shape[axis] // TILE)
    pairs = zip(_left_sides(x), parts, strict=True)
    return [left.reshape(-1, x.shape[-1]).T @ part.reshape(-1, g.shape[-1]) for left, part in pairs]


def gradient_of_filters(gradients: Sequence[jax.Array], axes: int) -> jax.Array:
    """Transform the gradients of all right sides back to that of the filters.

    Parameters
    ----------
    gradients : sequence of arrays of shape (channels, num_filters)
        Of `gradient_of_right_sides`.
    axes : int
        Number of spatial axes.

    Returns
    -------
    array of shape (3, 3, channels, num_filters)
    """
    W = jnp.stack(gradients)
    W = W.reshape(*(PRODUCTS,) * axes, *W.shape[1:])
    for axis in range(axes):
        W = jnp.moveaxis(jnp.tensordot(FILTERS.T.astype(W.dtype), W, (1, axis)), 0, axis)
    return W


def _left_sides(x: jax.Array) -> list[jax.Array]:
    x = _even(x)
    parts = [x]
    for axis in range(1, x.ndim - 1):
        parts = _along(parts, axis, INPUTS, x.shape[axis] // TILE - 1)
    return parts


def _along(
    parts: Sequence[jax.Array], axis: int, matrix: np.ndarray, tiles: int
) -> list[jax.Array]:
    """Transform all tiles along an axis, into as many parts as `matrix` has rows of each part.

    Stacking makes XLA write the sums down; otherwise those of the next axis would repeat them. To
    take the parts one by one is more to compile, but a step runs in five sixths of the time.
    """
    sums = []
    for part in parts:
        seen = [_every_other(part, axis, first, tiles) for first in range(matrix.shape[1])]
        sums += [_sum(row, seen) for row in matrix]
    return list(jnp.stack(sums))


def _every_other(x: jax.Array, axis: int, first: int, count: int) -> jax.Array:
    last = first + TILE * (count - 1) + 1
    return jax.lax.slice_in_dim(x, first, last, TILE, axis)


def _sum(signs: np.ndarray, terms: Sequence[jax.Array]) -> jax.Array:
    """Add and subtract terms; `signs` has 1, 0 and -1."""
    signed = [term if sign > 0 else -term for sign, term in zip(signs, terms, strict=True) if sign]
    return sum(signed[1:], signed[0])


def _interleave(parts: Sequence[jax.Array], axis: int) -> jax.Array:
    x = jnp.stack(parts, axis + 1)
    return x.reshape(*x.shape[:axis], -1, *x.shape[axis + 2 :])


def _even(x: jax.Array) -> jax.Array:
    """Fill up the spatial axes to a multiple of the tile."""
    rest = [(0, -n % TILE) for n in x.shape[1:-1]]
    return jnp.pad(x, ((0, 0), *rest, (0, 0))) if any(map(any, rest)) else x
