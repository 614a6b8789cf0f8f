"""Gaussian filters whose width is a traced number."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

TRUNCATE = 4.0
"""Deviations after which the filter ends, as in scipy."""


def smooth(images: jax.Array, sigma: Any, *, mirrored: bool) -> jax.Array:
    """Convolve images with a Gaussian.

    The filter is a product with a matrix for each axis, so that its width can be a traced number.

    Parameters
    ----------
    images : array of shape (n, c, h, w)
    sigma : float32, a number or an array of shape (n,)
        Deviation in pixels; 0 leaves images as they are.
    mirrored : bool
        Whether the images go on as their mirror images (scipy's ``mode='reflect'``), or as zeros
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
    i, j = jnp.arange(size)[:, None], jnp.arange(size)
    if mirrored:
        copies = [place + 2 * size * t for t in (-1, 0, 1) for place in (j, -1 - j)]
        matrix = sum(_gaussian(i - copy, sigma) for copy in copies)
        return matrix / matrix.sum(-1, keepdims=True)
    reach = jnp.arange(-int(TRUNCATE) * size, int(TRUNCATE) * size + 1)[None]
    return _gaussian(i - j, sigma) / _gaussian(reach, sigma).sum(-1, keepdims=True)


def _gaussian(offsets: jax.Array, sigma: jax.Array) -> jax.Array:
    offsets = offsets.astype(jnp.float32)
    inside = jnp.abs(offsets) <= jnp.floor(TRUNCATE * sigma + 0.5)
    return jnp.where(inside, jnp.exp(-0.5 * (offsets / sigma) ** 2), 0.0)
