"""Convolution with 3x3 filters in four ninths of the multiplications (Winograd 1980, Lavin 2015).

``F(2, 3)`` computes two neighboring outputs of a filter of three elements by four products instead
of six; inputs, filters and outputs are transformed by sums. Along two axes, 16 products replace 36,
a batch of matrix products over all tiles of a block of images. The coefficients of the
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
from jax import lax

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


def right_bytes(W: jax.Array) -> int:
    """Return the number of bytes of the right sides of the products."""
    return PRODUCTS ** (W.ndim - 2) * math.prod(W.shape[-2:]) * W.dtype.itemsize


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
    left, axes = _left_sides(x), x.ndim - 2
    products = jnp.matmul(_flat(left, axes), right)
    products = products.reshape(*left.shape[:-1], right.shape[-1])
    for axis in reversed(range(axes)):
        terms = [lax.index_in_dim(products, i, axis, keepdims=False) for i in range(PRODUCTS)]
        products = _interleave([_sum(row, terms) for row in OUTPUTS], 2 * axis + 1)
    return products[(slice(None), *map(slice, out))]


def gradient_of_right_sides(x: jax.Array, gradient: jax.Array) -> jax.Array:
    """Compute the gradient of the right side of each product.

    Parameters
    ----------
    x : array of shape (n, h, w, channels)
        Padded images.
    gradient : array of shape (n, h - 2, w - 2, num_filters)
        Gradient of the output.

    Returns
    -------
    array of shape (products, channels, num_filters)
        Summed over the images.
    """
    axes, of_products = x.ndim - 2, _whole_tiles(gradient)
    for _ in range(axes):
        of_products = _along(of_products, axes, OUTPUTS.T, of_products.shape[axes] // TILE)
    left = _flat(_left_sides(x), axes)
    # filter by filter, as the filters are stored: transposing large filters is slow
    return jnp.matmul(_flat(of_products, axes).swapaxes(1, 2), left).swapaxes(1, 2)


def gradient_of_filters(of_right: jax.Array, axes: int) -> jax.Array:
    """Transform the gradient of the right sides into the gradient of the filters.

    Parameters
    ----------
    of_right : array of shape (products, channels, num_filters)
        As returned by `gradient_of_right_sides`.
    axes : int
        Number of spatial axes.

    Returns
    -------
    array of shape (3, 3, channels, num_filters)
    """
    W = of_right.reshape(*(PRODUCTS,) * axes, *of_right.shape[1:])
    for axis in range(axes):
        W = jnp.moveaxis(jnp.tensordot(FILTERS.T.astype(W.dtype), W, (1, axis)), 0, axis)
    return W


def _left_sides(x: jax.Array) -> jax.Array:
    """Return an array of shape ``(4, 4, n, tiles, tiles, channels)`` for two spatial axes."""
    x, axes = _whole_tiles(x), x.ndim - 2
    for _ in range(axes):
        x = _along(x, axes, INPUTS, x.shape[axes] // TILE - 1)
    return x


def _along(x: jax.Array, axis: int, matrix: np.ndarray, tiles: int) -> jax.Array:
    """Transform all tiles along an axis; a new first axis is that of the rows of `matrix`.

    The axis before then has the same number, so that the last spatial axis comes first.
    """
    terms = [_every_other(x, axis, first, tiles) for first in range(matrix.shape[1])]
    return jnp.stack([_sum(row, terms) for row in matrix])


def _flat(sides: jax.Array, axes: int) -> jax.Array:
    """Return the sides of the products as one matrix for each product."""
    return sides.reshape(PRODUCTS**axes, -1, sides.shape[-1])


def _every_other(x: jax.Array, axis: int, first: int, count: int) -> jax.Array:
    last = first + TILE * (count - 1) + 1
    return lax.slice_in_dim(x, first, last, TILE, axis)


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
