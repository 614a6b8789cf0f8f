"""Random crops that keep the size of the images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from ..ops.resampling import ORDERS, sample
from ..utils.checks import one_of
from ..utils.fields import structural
from .base import Batch, FillingTransform, MovingTransform
from .ranges import LEAST, Range, log_uniform, per_axis, runtime_each, runtime_range

__all__ = ["RandomCrop", "RandomResizedCrop"]


@dataclass(frozen=True)
class RandomCrop(FillingTransform):
    """Pad each image and crop it back to its size at a random place.

    Parameters
    ----------
    pad : int or tuple of two ints
        Pixels on each side, for both axes or for x and y. A runtime value: a new one compiles
        nothing.
    fill : 'constant', 'edge' or 'reflect'
        Values of the padding: `cval`, the nearest pixel, or the mirror image.
    cval : float
        Value outside images for ``fill='constant'``. A runtime value, as is `mask_cval`.
    mask_cval : float, optional
        Value outside masks for ``fill='constant'``; of labels, the index of a class. By default 0,
        and for a net with an `ignore_label` what is ignored.
    target, keypoint_range
        Targets to move with the images, as in `MovingTransform`.

    Examples
    --------
    >>> X, y = jnp.ones((2, 3, 32, 32)), jnp.array([3, 5])
    >>> RandomCrop(pad=4, fill='reflect')(jax.random.key(0), X, y)[0].shape
    (2, 3, 32, 32)
    """

    pad: float | tuple[float, float] = runtime_each(4, low=0.0)

    def offsets(self, key: jax.Array, n: int) -> jax.Array:
        """Draw the offsets of the crops from the image.

        Parameters
        ----------
        key : jax key
        n : int

        Returns
        -------
        float32 array of shape (n, 2)
            Whole numbers of pixels, for x and y.
        """
        pad = jnp.floor(jnp.stack(per_axis(self.pad)))
        drawn = jax.random.uniform(key, (n, 2), jnp.float32)
        return jnp.minimum(jnp.floor(drawn * (2 * pad + 1)) - pad, pad)

    def __call__(self, key: jax.Array, Xb: jax.Array, yb: Any) -> Batch:
        """Crop each image."""
        height, width = self.image_size(Xb)
        offsets = self.offsets(key, len(Xb))
        columns = jnp.arange(width, dtype=jnp.float32) + offsets[:, 0, None, None]
        rows = jnp.arange(height, dtype=jnp.float32)[:, None] + offsets[:, 1, None, None]
        return self.read(Xb, yb, rows, columns, "nearest", lambda p: p - offsets[:, None])


@dataclass(frozen=True)
class RandomResizedCrop(MovingTransform):
    """Enlarge a random part of each image to the full size (Szegedy et al. 2015).

    Parameters
    ----------
    area : float or (float, float)
        Smallest fraction of the area, from 0 to 1, or the range of the fractions. They are drawn
        uniformly, up to 1 for a number. A runtime value, as is `ratio`.
    ratio : float or (float, float)
        A number of at least 1 for aspect ratios, relative to the image's, from ``1 / ratio`` to
        ``ratio``, or their range; uniformly in their logarithm. Sides are limited to the image's.
    order : 'nearest' or 'bilinear'
    target, keypoint_range
        Targets to move with the images, as in `MovingTransform`.

    Examples
    --------
    >>> X, y = jnp.ones((2, 3, 32, 32)), jnp.array([3, 5])
    >>> RandomResizedCrop(area=0.3)(jax.random.key(0), X, y)[0].shape
    (2, 3, 32, 32)
    """

    area: Range = runtime_range(0.08, 0.0, 1.0, highest=1.0)
    ratio: Range = runtime_range(4 / 3, 1.0, lowest=LEAST)
    order: str = structural("bilinear", check=one_of(*ORDERS))

    def boxes(self, key: jax.Array, n: int) -> tuple[jax.Array, jax.Array]:
        """Draw the crops, as fractions of the image.

        Parameters
        ----------
        key : jax key
        n : int

        Returns
        -------
        start, size : arrays of shape (n, 2)
            For x and y, from 0 to 1.
        """
        keys = jax.random.split(key, 3)
        limits = self.area if isinstance(self.area, tuple) else (self.area, 1.0)
        low, high = (jnp.asarray(limit, jnp.float32) for limit in limits)
        area = low + (high - low) * jax.random.uniform(keys[0], (n,), jnp.float32)
        ratio = log_uniform(keys[1], n, self.ratio)
        size = jnp.minimum(jnp.sqrt(jnp.stack([area * ratio, area / ratio], axis=-1)), 1.0)
        return jax.random.uniform(keys[2], (n, 2), jnp.float32) * (1 - size), size

    def __call__(self, key: jax.Array, Xb: jax.Array, yb: Any) -> Batch:
        """Crop and enlarge each image."""
        height, width = self.image_size(Xb)
        start, size = self.boxes(key, len(Xb))
        start = start * jnp.array([width, height], jnp.float32)

        def coordinates(length: int, axis: int) -> jax.Array:
            centers = jnp.arange(length, dtype=jnp.float32) + 0.5
            return centers * size[:, axis, None] + start[:, axis, None] - 0.5

        rows, columns = coordinates(height, 1)[:, :, None], coordinates(width, 0)[:, None]

        def pixels(images: jax.Array, is_mask: bool) -> jax.Array:
            order = "nearest" if is_mask else self.order
            return sample(images, rows, columns, order=order, fill="edge")

        def points(points: jax.Array) -> jax.Array:
            return (points + 0.5 - start[:, None]) / size[:, None] - 0.5

        return self.move(Xb, yb, pixels, points)
