"""Images as if drawn on rubber."""

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
"""Half steps to where a keypoint goes. The error shrinks in each by ``(1 - slope) / 2``, with the
slope of the field along x or y: whole steps would fail above 1, where images shrink by half."""


@dataclass(frozen=True)
class ElasticDeformation(FillingTransform):
    """Move each pixel by a smooth random field (Simard et al. 2003).

    Parameters
    ----------
    alpha : float
        Factor on the field, in pixels. A runtime value, as is `sigma`.
    sigma : float
        Deviation of the Gaussian that smooths the field, in pixels. Simard's numbers for digits of
        29x29 are 34 and 4.
    order : 'nearest' or 'bilinear'
    fill : 'constant', 'edge' or 'reflect'
        What is outside: `cval`, the nearest pixel, or the mirror image.
    cval, mask_cval : float
        What ``'constant'`` fills images and masks with. Runtime values.
    target, keypoint_range
        Targets that move with the images, as in `MovingTransform`.

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
        """Smooth and scale noise to how far away each pixel is read, x and y.

        Parameters
        ----------
        noise : float32 array of shape (n, 2, h, w)
            Drawn evenly between -1 and 1.

        Returns
        -------
        float32 array of shape (n, 2, h, w)
        """
        alpha = jnp.asarray(self.alpha, jnp.float32)
        return alpha * smooth(noise, self.sigma, mirrored=False)

    def __call__(self, key: jax.Array, Xb: jax.Array, yb: Any) -> Batch:
        """Deform."""
        height, width = self.image_size(Xb)
        shape = (len(Xb), 2, height, width)
        fields = self.fields(jax.random.uniform(key, shape, jnp.float32, -1.0, 1.0))
        rows = jnp.arange(height, dtype=jnp.float32)[:, None] + fields[:, 1]
        columns = jnp.arange(width, dtype=jnp.float32) + fields[:, 0]

        def points(points: jax.Array) -> jax.Array:
            def closer(_: Any, moved: jax.Array) -> jax.Array:
                x, y = moved[..., 0], moved[..., 1]
                away = sample(fields, y[:, None], x[:, None], fill="edge")
                return (moved + points - jnp.swapaxes(away[:, :, 0], 1, 2)) / 2

            return lax.fori_loop(0, ITERATIONS, closer, points)

        return self.read(Xb, yb, rows, columns, self.order, points)
