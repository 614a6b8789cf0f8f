"""Convolution with 3x3 filters in four ninths of the multiplications (Winograd 1980, Lavin 2015).

``F(2, 3)`` computes two neighboring outputs of a filter of three elements by four products instead
of six; inputs, filters and outputs are transformed by sums. Along two axes, 16 products replace 36,
each of them a matrix product over all tiles of a block of images. The coefficients of the
transforms are exact in binary, so that float32 results are as accurate as those of a plain sum.
``F(4, 3)`` would save more products, but XLA computes its transforms too slowly on the CPU, and it
is less accurate.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

INPUTS = np.array([[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]])
"""Matrix from four neighboring inputs to the left sides of the products."""

FILTERS = np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]])
"""Matrix from the three elements of a filter to the right sides of the products."""

OUTPUTS = np.array([[1, 1, 1, 0], [0, 1, -1, -1]])
"""Matrix from the products to two neighboring outputs."""

PRODUCTS, TILE = len(INPUTS), len(OUTPUTS)


def fits(W: jax.Array) -> bool:
    """Return whether the filters are 3x3; for 3x3x3 the program would be large."""
    return W.shape[:-2] == (3, 3)


def left_bytes(x: jax.Array) -> int:
    """Return the number of bytes of the left sides of the products of one padded image."""
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
        As returned by `transform_filters`.

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


def gradient_of_right_sides(x: jax.Array, gradient: jax.Array) -> list[jax.Array]:
    """Compute the gradient of the right side of each product.

    Parameters
    ----------
    x : array of shape (n, h, w, channels)
        Padded images.
    gradient : array of shape (n, h - 2, w - 2, num_filters)
        Gradient of the output.

    Returns
    -------
    list of arrays of shape (channels, num_filters)
        Summed over the images.
    """
    gradient = _whole_tiles(gradient)
    channels, filters = x.shape[-1], gradient.shape[-1]
    parts = [gradient]
    for axis in range(1, gradient.ndim - 1):
        parts = _along(parts, axis, OUTPUTS.T, gradient.shape[axis] // TILE)
    pairs = zip(_left_sides(x), parts, strict=True)
    return [left.reshape(-1, channels).T @ part.reshape(-1, filters) for left, part in pairs]


def gradient_of_filters(gradients: Sequence[jax.Array], axes: int) -> jax.Array:
    """Transform the gradients of the right sides into the gradient of the filters.

    Parameters
    ----------
    gradients : sequence of arrays of shape (channels, num_filters)
        As returned by `gradient_of_right_sides`.
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
    x = _whole_tiles(x)
    parts = [x]
    for axis in range(1, x.ndim - 1):
        parts = _along(parts, axis, INPUTS, x.shape[axis] // TILE - 1)
    return parts


def _along(
    parts: Sequence[jax.Array], axis: int, matrix: np.ndarray, tiles: int
) -> list[jax.Array]:
    """Transform all tiles along an axis; each part gives a part for each row of `matrix`.

    Stacking makes XLA materialize the sums, which those of the next axis would otherwise repeat.
    Processing the parts one by one takes longer to compile, but a step takes five sixths of the
    time.
    """
    sums = []
    for part in parts:
        terms = [_every_other(part, axis, first, tiles) for first in range(matrix.shape[1])]
        sums += [_sum(row, terms) for row in matrix]
    return list(jnp.stack(sums))


def _every_other(x: jax.Array, axis: int, first: int, count: int) -> jax.Array:
    last = first + TILE * (count - 1) + 1
    return jax.lax.slice_in_dim(x, first, last, TILE, axis)


def _sum(signs: np.ndarray, terms: Sequence[jax.Array]) -> jax.Array:
    """Add and subtract terms; `signs` holds 1, 0 and -1."""
    signed = [term if sign > 0 else -term for sign, term in zip(signs, terms, strict=True) if sign]
    return sum(signed[1:], signed[0])


def _interleave(parts: Sequence[jax.Array], axis: int) -> jax.Array:
    x = jnp.stack(parts, axis + 1)
    return x.reshape(*x.shape[:axis], -1, *x.shape[axis + 2 :])


def _whole_tiles(x: jax.Array) -> jax.Array:
    """Pad the spatial axes to a multiple of the tile."""
    rest = [(0, -n % TILE) for n in x.shape[1:-1]]
    return jnp.pad(x, ((0, 0), *rest, (0, 0))) if any(map(any, rest)) else x
