"""Gaussian noise and blur."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from ..ops.gaussian import smooth
from .base import Batch, Transform, broadcast_rows
from .ranges import Range, runtime_range, uniform

__all__ = ["GaussianBlur", "GaussianNoise"]


@dataclass(frozen=True)
class GaussianNoise(Transform):
    """Add Gaussian noise to each value.

    Parameters
    ----------
    sigma : float or (float, float)
        Standard deviation, or the range from which that of each image is drawn uniformly. A
        runtime value.

    Examples
    --------
    >>> X, y = jnp.zeros((1, 1, 1, 2)), jnp.array([0])
    >>> Xb, _ = GaussianNoise(sigma=0.1)(jax.random.key(0), X, y)
    >>> [round(float(x), 2) for x in Xb.ravel()]
    [0.16, 0.2]
    """

    sigma: Range = runtime_range(0.1, 0.0)

    def __call__(self, key: jax.Array, Xb: jax.Array, yb: Any) -> Batch:
        """Add the noise."""
        if isinstance(self.sigma, tuple):
            key, own = jax.random.split(key)
            sigma = broadcast_rows(uniform(own, len(Xb), self.sigma), Xb)
        else:
            sigma = jnp.asarray(self.sigma, Xb.dtype)
        return Xb + sigma * jax.random.normal(key, Xb.shape, Xb.dtype), yb


@dataclass(frozen=True)
class GaussianBlur(Transform):
    """Blur each image by a Gaussian of random width.

    Parameters
    ----------
    sigma : float or (float, float)
        Standard deviation of the Gaussian, in pixels: the largest of those of the images, which
        are drawn uniformly from 0 on, or their range. A runtime value.

    Examples
    --------
    >>> X, y = jnp.array([[[[0.0, 1.0, 0.0]]]]), jnp.array([0])
    >>> Xb, _ = GaussianBlur(sigma=1.0)(jax.random.key(0), X, y)
    >>> [round(float(x), 2) for x in Xb.ravel()]
    [0.29, 0.43, 0.29]
    """

    sigma: Range = runtime_range(1.0, 0.0)

    def sigmas(self, key: jax.Array, n: int) -> jax.Array:
        """Draw the standard deviation for each image.

        Parameters
        ----------
        key : jax key
        n : int

        Returns
        -------
        float32 array of shape (n,)
        """
        if isinstance(self.sigma, tuple):
            return uniform(key, n, self.sigma)
        return jnp.asarray(self.sigma, jnp.float32) * jax.random.uniform(key, (n,), jnp.float32)

    def __call__(self, key: jax.Array, Xb: jax.Array, yb: Any) -> Batch:
        """Blur each image."""
        self.image_size(Xb)
        return smooth(Xb, self.sigmas(key, len(Xb)), mirrored=True), yb
