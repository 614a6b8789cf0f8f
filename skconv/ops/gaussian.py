"""Gaussian filters whose width can be a traced number."""

from __future__ import annotations

import functools
import operator
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

TRUNCATE = 4.0
"""Number of standard deviations at which the filter is truncated, as in scipy."""


def smooth(images: jax.Array, sigma: Any, *, mirrored: bool) -> jax.Array:
    """Convolve images with a Gaussian.

    Each axis is multiplied by a matrix, so that the width of the filter can be a traced number.

    Parameters
    ----------
    images : array of shape (n, c, h, w)
    sigma : float or float array of shape (n,)
        Standard deviation in pixels, for all images or for each; 0 returns the images unchanged.
    mirrored : bool
        Whether images are extended by their mirror images (scipy's ``mode='reflect'``) or by zeros
        (``mode='constant'``).

    Returns
    -------
    array of shape (n, c, h, w)

    Examples
    --------
    >>> image = jnp.ones((1, 1, 3, 3))
    >>> bool(jnp.allclose(smooth(image, 1.0, mirrored=True), 1.0))
    True
    """
    sigma = jnp.asarray(sigma, jnp.float32)
    sigma = jnp.maximum(sigma, 1e-3).reshape(*sigma.shape, *(1,) * (3 * sigma.ndim))
    down, right = (_matrix(length, sigma, mirrored) for length in images.shape[2:])
    down, right = down.astype(images.dtype), right.astype(images.dtype)
    precise = lax.Precision.HIGHEST
    columns = jnp.matmul(down, images, precision=precise)
    return jnp.matmul(columns, jnp.swapaxes(right, -1, -2), precision=precise)


def _matrix(size: int, sigma: jax.Array, mirrored: bool) -> jax.Array:
    """Return the filter along an axis as matrices of shape ``(..., size, size)``."""
    i, j = jnp.arange(size)[:, None], jnp.arange(size)
    if mirrored:
        copies = [column + 2 * size * t for t in (-1, 0, 1) for column in (j, -1 - j)]
        weights = (_gaussian(i - copy, sigma) for copy in copies)
        matrix = functools.reduce(operator.add, weights)
        return matrix / matrix.sum(-1, keepdims=True)
    reach = jnp.arange(-int(TRUNCATE) * size, int(TRUNCATE) * size + 1)[None]
    return _gaussian(i - j, sigma) / _gaussian(reach, sigma).sum(-1, keepdims=True)


def _gaussian(offsets: jax.Array, sigma: jax.Array) -> jax.Array:
    """Return the unnormalized weights at some offsets from the center."""
    offsets = offsets.astype(jnp.float32)
    inside = jnp.abs(offsets) <= jnp.floor(TRUNCATE * sigma + 0.5)
    return jnp.where(inside, jnp.exp(-0.5 * (offsets / sigma) ** 2), 0.0)
