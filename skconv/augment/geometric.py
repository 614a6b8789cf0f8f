"""Affine transforms, flips and rotations of images, keypoints and masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..ops.resampling import ORDERS, affine_moves, affine_places, affine_points
from ..utils.checks import flag, is_integer, one_of
from ..utils.fields import runtime, structural
from .base import Batch, FillingTransform, MovingTransform
from .ranges import LEAST, Range, each_axis, log_scaled, runtime_range, runtime_range_each, scaled

__all__ = ["AlternatingFlip", "RandomAffine", "RandomFlip", "Rot90"]


@dataclass(frozen=True)
class RandomAffine(FillingTransform):
    """Rotate, shift, scale and shear each image at random about its center, in one interpolation.

    All strengths are runtime values: new ones compile nothing. Each change is drawn uniformly from
    a range. A number gives a range centered on the identity, a pair ``(low, high)`` is the range.

    Parameters
    ----------
    rotation : float or (float, float)
        Degrees; a number from 0 to 180 for angles from ``-rotation`` to ``rotation``, or a range
        within -180 and 180.
    translation : float, (float, float), or ((float, float), (float, float))
        A number for shifts from ``-translation`` to ``translation`` along both axes, two numbers
        for x and y, or two ranges ``((low, high), (low, high))`` for x and y; in the unit of
        `translation_unit`.
    scale : float or (float, float)
        A number of at least 1 for factors from ``1 / scale`` to ``scale``, or a range such as
        ``(0.9, 1.1)``; uniformly in their logarithm.
    shear : float or (float, float)
        Degrees; a number from 0 to 89, or a range within -89 and 89; x moves by the tangent times
        the height above the center.
    order : 'nearest' or 'bilinear'
    translation_unit : 'pixel' or 'fraction'
        Unit of `translation`: pixels, or fractions of the width for x and of the height for y.
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
    >>> transform = RandomAffine(rotation=(-5, 20), translation=1, scale=(0.9, 1.1))
    >>> Xb, yb = transform(jax.random.key(0), X, y)
    >>> Xb.shape
    (2, 1, 28, 28)
    """

    rotation: Range = runtime_range(0.0, 0.0, 180.0, lowest=-180.0, highest=180.0)
    translation: Range | tuple[Range, Range] = runtime_range_each(0.0)
    scale: Range = runtime_range(1.0, 1.0, lowest=LEAST)
    shear: Range = runtime_range(0.0, 0.0, 89.0, lowest=-89.0, highest=89.0)
    order: str = structural("bilinear", check=one_of(*ORDERS))
    translation_unit: str = structural("pixel", check=one_of("pixel", "fraction"))

    def matrices(self, key: jax.Array, n: int, height: int, width: int) -> jax.Array:
        """Draw the affine matrices.

        Parameters
        ----------
        key : jax key
        n, height, width : int

        Returns
        -------
        array of shape (n, 3, 3)
            From ``(x, y, 1)`` in the image to the moved point, in pixels.
        """
        draws = jax.random.uniform(key, (n, 5), jnp.float32, -1.0, 1.0)
        x, y = each_axis(self.translation)
        x, y = scaled(draws[:, 3], x), scaled(draws[:, 4], y)
        if self.translation_unit == "fraction":
            x, y = width * x, height * y
        return affine_moves(
            scaled(draws[:, 0], self.rotation),
            scaled(draws[:, 1], self.shear),
            log_scaled(draws[:, 2], self.scale),
            (x, y),
            height,
            width,
        )

    def __call__(self, key: jax.Array, Xb: jax.Array, yb: Any) -> Batch:
        """Apply the affine transform."""
        height, width = self.image_size(Xb)
        matrices = self.matrices(key, len(Xb), height, width)
        rows, columns = affine_places(matrices, height, width)
        return self.read(
            Xb, yb, rows, columns, self.order, lambda points: affine_points(matrices, points)
        )


def _pairs(value: Any) -> str | None:
    valid = "disjoint pairs of keypoint indices, such as ((0, 1), (2, 3))"
    if not isinstance(value, tuple) or not all(isinstance(p, tuple) and len(p) == 2 for p in value):
        return valid
    points = [point for pair in value for point in pair]
    indices = all(is_integer(point, low=0) for point in points)
    return None if indices and len(set(points)) == len(points) else valid


@dataclass(frozen=True)
class _MirroringTransform(MovingTransform):
    """A transform that may mirror images.

    Parameters
    ----------
    flip_pairs : sequence of two ints each
        Indices of keypoints that are left and right counterparts, which swap places if the image is
        mirrored: ``[(0, 1)]`` for the first and the second point of ``x1, y1, x2, y2``.
    """

    _: KW_ONLY
    flip_pairs: Sequence[tuple[int, int]] = structural((), check=_pairs)

    def mirror(
        self,
        Xb: jax.Array,
        yb: Any,
        transposed: jax.Array | None,
        flip_x: jax.Array,
        flip_y: jax.Array,
    ) -> Batch:
        """Transpose some images, then flip some horizontally and some vertically.

        Parameters
        ----------
        Xb, yb
        transposed : bool array of shape (n,) or None
        flip_x, flip_y : bool arrays of shape (n,)
        """
        height, width = self.image_size(Xb)
        mirrored = flip_x ^ flip_y if transposed is None else transposed ^ flip_x ^ flip_y

        def pixels(images: jax.Array, is_mask: bool) -> jax.Array:
            rows = _indices(height, flip_y)[:, :, None]
            columns = _indices(width, flip_x)[:, None]
            if transposed is not None:
                swap = transposed[:, None, None]
                rows, columns = jnp.where(swap, columns, rows), jnp.where(swap, rows, columns)
            return _gather(images, rows, columns)

        def points(points: jax.Array) -> jax.Array:
            order = self._counterparts(points.shape[1])
            points = jnp.where(mirrored[:, None, None], points[:, order], points)
            x, y = points[..., 0], points[..., 1]
            if transposed is not None:
                swap = transposed[:, None]
                x, y = jnp.where(swap, y, x), jnp.where(swap, x, y)
            x = jnp.where(flip_x[:, None], width - 1 - x, x)
            y = jnp.where(flip_y[:, None], height - 1 - y, y)
            return jnp.stack([x, y], axis=-1)

        return self.move(Xb, yb, pixels, points)

    def _counterparts(self, k: int) -> np.ndarray:
        order = np.arange(k)
        for left, right in self.flip_pairs:
            if max(left, right) >= k:
                raise self.error(
                    f"flip_pairs must hold indices of the {k} keypoints, from 0 to {k - 1}, "
                    f"got {self.flip_pairs!r}"
                )
            order[[left, right]] = right, left
        return order


@dataclass(frozen=True)
class RandomFlip(_MirroringTransform):
    """Mirror each image with probability `p`.

    Parameters
    ----------
    p : float
        Probability, from 0 to 1. A runtime value: a new one compiles nothing.
    axis : 'horizontal' or 'vertical'
        Whether left and right or top and bottom are swapped.
    flip_pairs : sequence of two ints each
        Indices of keypoints that are left and right counterparts, which swap places if the image is
        mirrored.
    target, keypoint_range
        Targets to move with the images, as in `MovingTransform`.

    Examples
    --------
    >>> X, y = jnp.arange(3.0).reshape(1, 1, 1, 3), jnp.array([0])
    >>> RandomFlip(p=1.0)(jax.random.key(0), X, y)[0].tolist()
    [[[[2.0, 1.0, 0.0]]]]
    """

    p: float = runtime(0.5, low=0.0, high=1.0)
    axis: str = structural("horizontal", check=one_of("horizontal", "vertical"))

    def __call__(self, key: jax.Array, Xb: jax.Array, yb: Any) -> Batch:
        """Mirror some of the images."""
        chosen = jax.random.bernoulli(key, jnp.asarray(self.p, jnp.float32), (len(Xb),))
        return _flip(self, Xb, yb, chosen)


@dataclass(frozen=True)
class AlternatingFlip(_MirroringTransform):
    """Mirror each image in every other epoch, half of them in the first (Jordan 2024).

    In any two consecutive epochs, the network sees each image both ways. The index of the row
    determines which half begins; the call takes the arguments of `skconv.augment.invoke`.

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
        """Mirror half of the images."""
        if epoch is None or rows is None:
            raise self.error("epoch and rows must be given; they exist only in training")
        seed = jax.random.key(0)
        bits = jax.vmap(lambda row: jax.random.bits(jax.random.fold_in(seed, row)))(rows)
        odd = (bits + jnp.asarray(epoch).astype(bits.dtype)) & 1
        return _flip(self, Xb, yb, odd == 1)


def _indices(size: int, flip: jax.Array) -> jax.Array:
    """Return the indices along an axis, reversed for images to flip: int32 (n, size)."""
    indices = jnp.arange(size, dtype=jnp.int32)
    return jnp.where(flip[:, None], indices[::-1], indices)


@jax.vmap
def _gather(image: jax.Array, rows: jax.Array, columns: jax.Array) -> jax.Array:
    """Read pixels of an image (c, h, w).

    Selecting between the image and its mirror image would be slower: XLA on the CPU computes both
    operands of a select separately, so flips after another transform took three times as long.
    """
    return image.at[:, rows, columns].get(mode="promise_in_bounds")


def _flip(
    transform: RandomFlip | AlternatingFlip, Xb: jax.Array, yb: Any, chosen: jax.Array
) -> Batch:
    none = jnp.zeros_like(chosen)
    flips = (chosen, none) if transform.axis == "horizontal" else (none, chosen)
    return transform.mirror(Xb, yb, None, *flips)


@dataclass(frozen=True)
class Rot90(_MirroringTransform):
    """Rotate each image by a random multiple of 90 degrees, and mirror half of them.

    All elements of the dihedral group are equally likely. Images must be square.

    Parameters
    ----------
    mirrored : bool
        Whether images are also mirrored: 8 changes rather than 4.
    flip_pairs, target, keypoint_range
        As in `RandomFlip`.

    Examples
    --------
    >>> X, y = jnp.arange(4.0).reshape(1, 1, 2, 2), jnp.array([0])
    >>> sorted(Rot90()(jax.random.key(0), X, y)[0].ravel().tolist())
    [0.0, 1.0, 2.0, 3.0]
    """

    mirrored: bool = structural(True, check=flag)

    def __call__(self, key: jax.Array, Xb: jax.Array, yb: Any) -> Batch:
        """Rotate and mirror each image."""
        self._need_square(Xb)
        transposed, flip_x, flip_y = jax.random.bernoulli(key, 0.5, (3, len(Xb)))
        if not self.mirrored:
            transposed = flip_x ^ flip_y
        return self.mirror(Xb, yb, transposed, flip_x, flip_y)
