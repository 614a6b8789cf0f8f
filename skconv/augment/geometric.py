"""Transforms that move pixels, and keypoints and masks with them."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..ops.resampling import ORDERS, affine_moves, affine_places, affine_points
from ..utils.checks import is_integer, one_of
from ..utils.fields import runtime, structural
from .base import Batch, FillingTransform, MovingTransform, per_axis, runtime_each

__all__ = ["AlternatingFlip", "RandomAffine", "RandomFlip", "Rot90"]


@dataclass(frozen=True)
class RandomAffine(FillingTransform):
    """Rotate, shift, scale and shear each image at random, about its centre, in one interpolation.

    All strengths are runtime values: others compile nothing. Each is drawn evenly from a range that
    is symmetric about no change.

    Parameters
    ----------
    rotation : float
        Degrees, from 0 to 180: angles are from ``-rotation`` to ``rotation``.
    translation : float or tuple of two floats
        Pixels, for both axes or for x and y.
    scale : float
        1 or more: factors are from ``1 / scale`` to ``scale``, evenly in their logarithm.
    shear : float
        Degrees, from 0 to 89: x moves by the tangent times the height above the centre.
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
    >>> Xb, yb = RandomAffine(rotation=20, translation=1, scale=1.1)(jax.random.key(0), X, y)
    >>> Xb.shape
    (2, 1, 28, 28)
    """

    rotation: float = runtime(0.0, low=0.0, high=180.0)
    translation: Any = runtime_each(0.0, low=0.0)
    scale: float = runtime(1.0, low=1.0)
    shear: float = runtime(0.0, low=0.0, high=89.0)
    order: str = structural("bilinear", check=one_of(*ORDERS))

    def matrices(self, key: jax.Array, n: int, height: int, width: int) -> jax.Array:
        """Draw how images move.

        Parameters
        ----------
        key : jax key
        n, height, width : int

        Returns
        -------
        array of shape (n, 3, 3)
            From ``(x, y, 1)`` in an image to the same after the move, in pixels.
        """
        draws = jax.random.uniform(key, (n, 5), jnp.float32, -1.0, 1.0)
        limits = self.rotation, self.shear, self.scale, per_axis(self.translation)
        return affine_moves(draws, *limits, height, width)

    def __call__(self, key: jax.Array, Xb: jax.Array, yb: Any) -> Batch:
        """Move."""
        height, width = self.image_size(Xb)
        matrices = self.matrices(key, len(Xb), height, width)
        rows, columns = affine_places(matrices, height, width)
        return self.read(
            Xb, yb, rows, columns, self.order, lambda points: affine_points(matrices, points)
        )


def _pairs(value: Any) -> str | None:
    valid = "pairs of points, each in one of them, such as ((0, 1), (2, 3))"
    if not isinstance(value, tuple) or not all(isinstance(p, tuple) and len(p) == 2 for p in value):
        return valid
    points = [point for pair in value for point in pair]
    numbers = all(is_integer(p, low=0) for p in points)
    return None if numbers and len(set(points)) == len(points) else valid


@dataclass(frozen=True)
class _MirroringTransform(MovingTransform):
    """A transform that may mirror images.

    Parameters
    ----------
    flip_pairs : sequence of two ints each
        Points that stand for the left and the right of the same, and change their places where the
        image is mirrored: ``[(0, 1)]`` for the first and the second point of ``x1, y1, x2, y2``.
    """

    _: KW_ONLY
    flip_pairs: Any = structural((), check=_pairs)

    def mirror(
        self, Xb: jax.Array, yb: Any, turned: Any, flipped: jax.Array, upset: jax.Array
    ) -> Batch:
        """Swap the axes of images where `turned`, then mirror left-right and up-down.

        Parameters
        ----------
        Xb, yb
        turned : bool array of shape (n,) or None
        flipped, upset : bool arrays of shape (n,)
        """
        height, width = self.image_size(Xb)
        odd = flipped ^ upset if turned is None else turned ^ flipped ^ upset

        def pixels(images: jax.Array, is_mask: bool) -> jax.Array:
            rows, columns = _mirrored(upset, height)[:, :, None], _mirrored(flipped, width)[:, None]
            if turned is not None:
                swap = turned[:, None, None]
                rows, columns = jnp.where(swap, columns, rows), jnp.where(swap, rows, columns)
            return _read(images, rows, columns)

        def points(points: jax.Array) -> jax.Array:
            order = self._partners(points.shape[1])
            points = jnp.where(odd[:, None, None], points[:, order], points)
            x, y = points[..., 0], points[..., 1]
            if turned is not None:
                x, y = jnp.where(turned[:, None], y, x), jnp.where(turned[:, None], x, y)
            x = jnp.where(flipped[:, None], width - 1 - x, x)
            y = jnp.where(upset[:, None], height - 1 - y, y)
            return jnp.stack([x, y], axis=-1)

        return self.move(Xb, yb, pixels, points)

    def _partners(self, k: int) -> np.ndarray:
        order = np.arange(k)
        for left, right in self.flip_pairs:
            if max(left, right) >= k:
                raise self.error(
                    f"flip_pairs={self.flip_pairs!r} has {max(left, right)}, but there are "
                    f"{k} points, counted from 0"
                )
            order[[left, right]] = right, left
        return order


@dataclass(frozen=True)
class RandomFlip(_MirroringTransform):
    """Mirror each image with some probability.

    Parameters
    ----------
    p : float
        Probability, from 0 to 1. A runtime value: another one compiles nothing.
    axis : 'horizontal' or 'vertical'
        Left becomes right, or up becomes down.
    flip_pairs : sequence of two ints each
        Numbers of the keypoints, from 0, that stand for the left and the right of the same: they
        change their places with the image.
    target, keypoint_range
        Targets that move with the images, as in `MovingTransform`.

    Examples
    --------
    >>> X, y = jnp.arange(3.0).reshape(1, 1, 1, 3), jnp.array([0])
    >>> RandomFlip(p=1.0)(jax.random.key(0), X, y)[0].tolist()
    [[[[2.0, 1.0, 0.0]]]]
    """

    p: float = runtime(0.5, low=0.0, high=1.0)
    axis: str = structural("horizontal", check=one_of("horizontal", "vertical"))

    def __call__(self, key: jax.Array, Xb: jax.Array, yb: Any) -> Batch:
        """Mirror some."""
        chosen = jax.random.bernoulli(key, jnp.asarray(self.p, jnp.float32), (len(Xb),))
        return _flip(self, Xb, yb, chosen)


@dataclass(frozen=True)
class AlternatingFlip(_MirroringTransform):
    """Mirror each image in every other epoch, half of them in the first (Jordan 2024).

    In any two epochs in a row the network sees each image both ways. Which half begins follows from
    the number of the row alone; see `skconv.augment.invoke` for what the call takes.

    Parameters
    ----------
    axis, flip_pairs, target, keypoint_range
        As in `RandomFlip`.

    Examples
    --------
    >>> X, rows = jnp.arange(3.0).reshape(1, 1, 1, 3), jnp.array([7])
    >>> for epoch in range(3):
    ...     Xb, _ = AlternatingFlip()(None, X, None, epoch=epoch, rows=rows)
    ...     print(Xb.ravel().tolist())
    [0.0, 1.0, 2.0]
    [2.0, 1.0, 0.0]
    [0.0, 1.0, 2.0]
    """

    axis: str = structural("horizontal", check=one_of("horizontal", "vertical"))

    needs_rows = True

    def __call__(
        self, key: Any, Xb: jax.Array, yb: Any, *, epoch: Any = None, rows: Any = None
    ) -> Batch:
        """Mirror those whose turn it is."""
        if epoch is None or rows is None:
            raise self.error("needs the epoch and the numbers of the rows, which training has only")
        seed = jax.random.key(0)
        bits = jax.vmap(lambda row: jax.random.bits(jax.random.fold_in(seed, row)))(rows)
        turn = (bits + jnp.asarray(epoch).astype(bits.dtype)) & 1
        return _flip(self, Xb, yb, turn == 1)


def _mirrored(chosen: jax.Array, size: int) -> jax.Array:
    """Places along an axis, backwards where chosen: int32 (n, size)."""
    places = jnp.arange(size, dtype=jnp.int32)
    return jnp.where(chosen[:, None], places[::-1], places)


@jax.vmap
def _read(image: jax.Array, rows: jax.Array, columns: jax.Array) -> jax.Array:
    """Read pixels of (c, h, w) at whole places.

    XLA on the CPU computes what two sides are selected from once for each: images that were moved
    before took three times as long to be mirrored so.
    """
    return image.at[:, rows, columns].get(mode="promise_in_bounds")


def _flip(transform: Any, Xb: jax.Array, yb: Any, chosen: jax.Array) -> Batch:
    rest = jnp.zeros_like(chosen)
    both = (chosen, rest) if transform.axis == "horizontal" else (rest, chosen)
    return transform.mirror(Xb, yb, None, *both)


def _bool(value: Any) -> str | None:
    return None if isinstance(value, bool) else "True or False"


@dataclass(frozen=True)
class Rot90(_MirroringTransform):
    """Turn each image by a multiple of 90 degrees, and mirror half of them, evenly.

    All members of the dihedral group are equally likely. Images must be square.

    Parameters
    ----------
    mirrored : bool
        Whether images are mirrored as well: 8 ways rather than 4.
    flip_pairs, target, keypoint_range
        As in `RandomFlip`.

    Examples
    --------
    >>> X, y = jnp.arange(4.0).reshape(1, 1, 2, 2), jnp.array([0])
    >>> sorted(Rot90()(jax.random.key(0), X, y)[0].ravel().tolist())
    [0.0, 1.0, 2.0, 3.0]
    """

    mirrored: bool = structural(True, check=_bool)

    def __call__(self, key: jax.Array, Xb: jax.Array, yb: Any) -> Batch:
        """Turn."""
        height, width = self.image_size(Xb)
        if height != width:
            raise self.error(f"takes square images, got {height} by {width} pixels")
        turned, flipped, upset = jax.random.bernoulli(key, 0.5, (3, len(Xb)))
        if not self.mirrored:
            turned = flipped ^ upset
        return self.mirror(Xb, yb, turned, flipped, upset)
