"""Elastic deformation of images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from ..ops.gaussian import smooth
from ..ops.resampling import ORDERS, sample
from ..utils.checks import one_of
from ..utils.fields import runtime, structural
from .base import Batch, FillingTransform

__all__ = ["ElasticDeformation"]

ITERATIONS = 30
"""Half steps of the fixed-point iteration that finds where a keypoint goes. Each multiplies the
error by ``(1 - slope) / 2``, with the slope of the field along x or y; full steps would diverge for
slopes above 1, where images shrink by half."""


@dataclass(frozen=True)
class ElasticDeformation(FillingTransform):
    """Move each pixel by a smooth random field (Simard et al. 2003).

    Parameters
    ----------
    alpha : float
        Factor on the field, in pixels. A runtime value, as is `sigma`.
    sigma : float
        Standard deviation, in pixels, of the Gaussian that smooths the field. Simard et al. use
        ``alpha=34`` and ``sigma=4`` for digits of 29x29 pixels.
    order : 'nearest' or 'bilinear'
    fill : 'constant', 'edge' or 'reflect'
        Values outside the image: `cval`, the nearest pixel, or the mirror image.
    cval : float
        Value outside images for ``fill='constant'``. A runtime value, as is `mask_cval`.
    mask_cval : float, optional
        Value outside masks for ``fill='constant'``; of labels, the index of a class. By default 0,
        and for a net with an `ignore_label` what is ignored.
    target, keypoint_range
        Targets to move with the images, as in `MovingTransform`.

    Examples
    --------
    >>> X, y = jnp.ones((2, 1, 28, 28)), jnp.array([3, 5])
    >>> ElasticDeformation(alpha=34, sigma=4)(jax.random.key(0), X, y)[0].shape
    (2, 1, 28, 28)
    """

    alpha: float = runtime(34.0, low=0.0)
    sigma: float = runtime(4.0, low=0.0)
    order: str = structural("bilinear", check=one_of(*ORDERS))

    def fields(self, noise: jax.Array) -> jax.Array:
        """Return the displacement field: smoothed and scaled noise.

        Parameters
        ----------
        noise : float32 array of shape (n, 2, h, w)
            Drawn uniformly from -1 to 1.

        Returns
        -------
        float32 array of shape (n, 2, h, w)
            Distance along x and y, in pixels, from each pixel to the one it is read from.
        """
        alpha = jnp.asarray(self.alpha, jnp.float32)
        return alpha * smooth(noise, self.sigma, mirrored=False)

    def __call__(self, key: jax.Array, Xb: jax.Array, yb: Any) -> Batch:
        """Deform each image."""
        height, width = self.image_size(Xb)
        shape = (len(Xb), 2, height, width)
        fields = self.fields(jax.random.uniform(key, shape, jnp.float32, -1.0, 1.0))
        rows = jnp.arange(height, dtype=jnp.float32)[:, None] + fields[:, 1]
        columns = jnp.arange(width, dtype=jnp.float32) + fields[:, 0]

        def points(points: jax.Array) -> jax.Array:
            def closer(_: Any, moved: jax.Array) -> jax.Array:
                x, y = moved[..., 0], moved[..., 1]
                displacement = sample(fields, y[:, None], x[:, None], fill="edge")
                return (moved + points - jnp.swapaxes(displacement[:, :, 0], 1, 2)) / 2

            return lax.fori_loop(0, ITERATIONS, closer, points)

        return self.read(Xb, yb, rows, columns, self.order, points)
