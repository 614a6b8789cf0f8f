"""Grids of fixed changes of images, to average predictions over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from ..ops.resampling import FILLS, ORDERS, affine_moves, affine_places, sample
from ..utils.checks import flag, one_of
from ..utils.fields import runtime, structural
from .base import Grid
from .ranges import each_axis, log_scaled, per_axis, runtime_each, scaled

__all__ = ["Dihedral", "FiveCrop", "QuasiAffine", "TenCrop"]


@dataclass(frozen=True)
class FiveCrop(Grid):
    """Crops at the center and the four corners of padded images (Krizhevsky et al. 2012).

    Crops have the size of the image, as in `RandomCrop`.

    Parameters
    ----------
    pad : float or tuple of two floats
        Pixels on each side, for both axes or for x and y. A runtime value.
    fill : 'constant', 'edge' or 'reflect'
        Values of the padding: `cval`, the nearest pixel, or the mirror image.
    cval : float
        Value outside the image for ``fill='constant'``. A runtime value.

    Examples
    --------
    >>> X = jnp.arange(9.0).reshape(1, 1, 3, 3)
    >>> FiveCrop(pad=1)(1, 5, X)[0, 0].tolist()
    [[0.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 3.0, 4.0]]
    """

    pad: float | tuple[float, float] = runtime_each(4, low=0.0)
    fill: str = structural("constant", check=one_of(*FILLS))
    cval: float = runtime(0.0)

    size = 5

    def __call__(self, i: Any, n: int, Xb: jax.Array) -> jax.Array:
        """Crop at the center, top left, top right, bottom left, bottom right."""
        height, width = self.image_size(Xb)
        x, y = (jnp.floor(pad) for pad in per_axis(self.pad))
        right, down = (jnp.array(signs, jnp.float32)[i % 5] for signs in _CORNERS)
        columns = jnp.arange(width, dtype=jnp.float32) + right * x
        rows = jnp.arange(height, dtype=jnp.float32) + down * y
        rows, columns = rows[None, :, None], columns[None, None]
        return sample(Xb, rows, columns, order="nearest", fill=self.fill, cval=self.cval)


_CORNERS = (0, -1, 1, -1, 1), (0, -1, -1, 1, 1)


@dataclass(frozen=True)
class TenCrop(FiveCrop):
    """The crops of `FiveCrop` and their mirror images.

    Parameters
    ----------
    pad, fill, cval
        As in `FiveCrop`.

    Examples
    --------
    >>> X = jnp.arange(9.0).reshape(1, 1, 3, 3)
    >>> TenCrop(pad=1)(5, 10, X)[0, 0].tolist()
    [[2.0, 1.0, 0.0], [5.0, 4.0, 3.0], [8.0, 7.0, 6.0]]
    """

    size = 10

    def __call__(self, i: Any, n: int, Xb: jax.Array) -> jax.Array:
        """Crop, and mirror the last five crops."""
        Xb = super().__call__(i, n, Xb)
        return jnp.where(jnp.asarray(i) >= 5, Xb[..., ::-1], Xb)


@dataclass(frozen=True)
class Dihedral(Grid):
    """Rotations by multiples of 90 degrees and their mirror images, of square images.

    Parameters
    ----------
    mirrored : bool
        Whether to include the mirror images: 8 changes rather than 4.

    Examples
    --------
    >>> X = jnp.arange(4.0).reshape(1, 1, 2, 2)
    >>> sorted({tuple(Dihedral()(i, 8, X).ravel().tolist()) for i in range(8)})[:2]
    [(0.0, 1.0, 2.0, 3.0), (0.0, 2.0, 1.0, 3.0)]
    """

    mirrored: bool = structural(True, check=flag)

    @property
    def size(self) -> int:
        """Number of changes, 8 or 4."""
        return 8 if self.mirrored else 4

    def __call__(self, i: Any, n: int, Xb: jax.Array) -> jax.Array:
        """Rotate, and mirror the last four rotations."""
        self._need_square(Xb)

        def rotation(k: int) -> Callable[[jax.Array], jax.Array]:
            return lambda Xb: jnp.rot90(Xb, k, axes=(2, 3))

        i = jnp.asarray(i, jnp.int32)
        Xb = lax.switch(i % 4, [rotation(k) for k in range(4)], Xb)
        return jnp.where(i % 8 >= 4, Xb[..., ::-1], Xb)


@dataclass(frozen=True)
class QuasiAffine(Grid):
    """Rotations, shears, scales and shifts from a quasi-random sequence (Halton 1960; Sobol 1967).

    They fill their ranges more evenly than random ones, for any number of changes. The first is the
    identity.

    Parameters
    ----------
    rotation, translation, scale, shear : float
        Limits of the changes, numbers as in `RandomAffine`, so that the first change is the
        identity; shifts are in pixels. Runtime values.
    sequence : 'halton' or 'sobol'
        Sobol's sequence is best for numbers of changes that are powers of two.
    order : 'nearest' or 'bilinear'
    fill : 'constant', 'edge' or 'reflect'
        Values outside the image: `cval`, the nearest pixel, or the mirror image.
    cval : float
        Value outside the image for ``fill='constant'``. A runtime value.

    Examples
    --------
    >>> X = jnp.ones((2, 1, 28, 28))
    >>> QuasiAffine(rotation=20, translation=1)(3, 10, X).shape
    (2, 1, 28, 28)
    """

    rotation: float = runtime(0.0, low=0.0, high=180.0)
    translation: float | tuple[float, float] = runtime_each(0.0, low=0.0)
    scale: float = runtime(1.0, low=1.0)
    shear: float = runtime(0.0, low=0.0, high=89.0)
    sequence: str = structural("halton", check=one_of("halton", "sobol"))
    order: str = structural("bilinear", check=one_of(*ORDERS))
    fill: str = structural("constant", check=one_of(*FILLS))
    cval: float = runtime(0.0)

    def parts(self, n: int) -> np.ndarray:
        """Return the changes as fractions of their limits.

        Columns are the rotation, the shear, the logarithm of the scale, and the shifts of x and y.

        Parameters
        ----------
        n : int

        Returns
        -------
        float32 array of shape (n, 5)
            From -1 to 1; the first row is zero.
        """
        from scipy.stats import qmc

        if self.sequence == "halton":
            drawn = qmc.Halton(5, scramble=False).random(n)
        else:
            drawn = qmc.Sobol(5, scramble=False).random_base2(max(n - 1, 1).bit_length())[:n]
        return (2 * ((drawn + 0.5) % 1) - 1).astype(np.float32)

    def __call__(self, i: Any, n: int, Xb: jax.Array) -> jax.Array:
        """Apply the affine transform."""
        height, width = self.image_size(Xb)
        parts = jnp.asarray(self.parts(n))[jnp.asarray(i, jnp.int32)][None]
        x, y = each_axis(self.translation)
        matrices = affine_moves(
            scaled(parts[:, 0], self.rotation),
            scaled(parts[:, 1], self.shear),
            log_scaled(parts[:, 2], self.scale),
            (scaled(parts[:, 3], x), scaled(parts[:, 4], y)),
            height,
            width,
        )
        rows, columns = affine_places(matrices, height, width)
        return sample(Xb, rows, columns, order=self.order, fill=self.fill, cval=self.cval)
