"""Base classes of transforms, which change batches at random, and of grids of fixed changes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import KW_ONLY, dataclass
from typing import Any, Protocol, TypeGuard

import jax
import jax.numpy as jnp
from jax import lax

from ..ops.resampling import FILLS, sample
from ..utils.checks import number, one_of
from ..utils.fields import optional, runtime, structural
from .tunable import Tunable, inner_tunables

Batch = tuple[jax.Array, Any]
"""Inputs and targets of a batch; the targets are None at prediction."""


class TransformFunction(Protocol):
    """A transform of batches: a `Transform` or any function ``(key, Xb, yb) -> (Xb, yb)``."""

    def __call__(self, key: jax.Array, Xb: jax.Array, yb: Any, /) -> Batch:
        """Return the transformed batch."""
        ...


class RowTransformFunction(Protocol):
    """A transform of batches that also takes the epoch and the indices of the rows."""

    def __call__(
        self, key: jax.Array, Xb: jax.Array, yb: Any, /, *, epoch: Any, rows: Any
    ) -> Batch:
        """Return the transformed batch."""
        ...


@dataclass(frozen=True)
class ImageTunable(Tunable):
    """A tunable that may require images."""

    def image_size(self, Xb: jax.Array) -> tuple[int, int]:
        """Return the height and width of images; raise `TransformError` for other arrays."""
        if Xb.ndim != 4:
            hint = "; give images a channel axis: X[:, None]" if Xb.ndim == 3 else ""
            raise self.error(
                f"X must have shape (n, channels, height, width), got {Xb.shape}{hint}"
            )
        return Xb.shape[2], Xb.shape[3]

    def _need_square(self, Xb: jax.Array) -> None:
        """Raise `TransformError` unless images are square."""
        height, width = self.image_size(Xb)
        if height != width:
            raise self.error(f"images must be square, got {height} by {width} pixels")


@dataclass(frozen=True)
class Transform(ImageTunable):
    """A random change of a batch that keeps its shape.

    Subclasses are frozen dataclasses whose fields are defined by `skconv.layers.structural` and
    `skconv.layers.runtime`, with a ``__call__`` that JAX can trace.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import jax
    >>> from skconv.augment import Transform
    >>> from skconv.layers import runtime
    >>> @dataclass(frozen=True)
    ... class Darken(Transform):
    ...     most: float = runtime(0.5, low=0, high=1)
    ...
    ...     def __call__(self, key, Xb, yb):
    ...         share = jax.random.uniform(key, (len(Xb), 1, 1, 1), maxval=self.most)
    ...         return Xb * (1 - share), yb
    >>> Xb, yb = Darken(0.3)(jax.random.key(0), jax.numpy.ones((4, 1, 2, 2)), None)
    >>> bool(Xb.min() >= 0.7), Xb.shape
    (True, (4, 1, 2, 2))
    """

    def __call__(self, key: jax.Array, Xb: jax.Array, yb: Any) -> Batch:
        """Transform a batch.

        Parameters
        ----------
        key : jax key
            Used by this transform only.
        Xb : float array of shape (n, ...)
            Images are ``(n, channels, height, width)``.
        yb : array of shape (n, ...) or None
            Targets as passed to the loss; None at prediction.

        Returns
        -------
        Xb, yb
        """
        raise NotImplementedError

    @property
    def needs_rows(self) -> bool:
        """Whether the call also takes ``epoch`` and ``rows``; see `invoke`."""
        return any(needs_rows(one) for _, one in inner_tunables(self))

    @property
    def mixes(self) -> bool:
        """Whether rows and their targets are mixed, so that labels become probabilities."""
        return any(mixes(one) for _, one in inner_tunables(self))

    def need_colors(self, Xb: jax.Array) -> None:
        """Raise `TransformError` unless images have three channels."""
        self.image_size(Xb)
        if Xb.shape[1] != 3:
            raise self.error(f"X must have 3 channels (red, green, blue), got shape {Xb.shape}")


@dataclass(frozen=True)
class Grid(ImageTunable):
    """A fixed list of changes of images, to average predictions over.

    Subclasses are frozen dataclasses, like those of `Transform`. The first change should be the
    identity.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import jax.numpy as jnp
    >>> from skconv.augment import Grid
    >>> @dataclass(frozen=True)
    ... class QuarterTurns(Grid):
    ...     @property
    ...     def size(self):
    ...         return 4
    ...
    ...     def __call__(self, i, n, Xb):
    ...         turns = jnp.stack([jnp.rot90(Xb, k, axes=(2, 3)) for k in range(4)])
    ...         return turns[i]
    >>> image = jnp.array([[[[1, 2], [3, 4]]]])
    >>> QuarterTurns()(1, 4, image).tolist()
    [[[[2, 4], [1, 3]]]]
    """

    @property
    def size(self) -> int | None:
        """Number of changes; None for as many as requested."""
        return None

    def __call__(self, i: jax.Array, n: int, Xb: jax.Array) -> jax.Array:
        """Apply one of the changes to a batch.

        Parameters
        ----------
        i : int32
            Index of the change.
        n : int
            Number of changes requested.
        Xb : float array of shape (n, ...)

        Returns
        -------
        array of the same shape
        """
        raise NotImplementedError


@dataclass(frozen=True)
class MovingTransform(Transform):
    """A transform that moves pixels, and targets with them.

    Parameters
    ----------
    target : None, 'keypoints' or 'mask'
        Kind of targets to move. Keypoints are ``x1, y1, x2, y2, ...`` per row, of shape ``(n, 2 *
        points)`` or ``(n, points, 2)``; NaN stays NaN. Masks have a number per pixel, of shape
        ``(n, height, width)`` or ``(n, channels, height, width)``, and are never interpolated;
        targets of several outputs move if they have such a shape. None leaves targets unchanged.
    keypoint_range : tuple of two floats, optional
        Keypoint coordinates of the left (upper) and right (lower) border of the image: ``(-1, 1)``
        for ``(x - w / 2) / (w / 2)``. By default coordinates are in pixels, with 0 at the center of
        the first pixel.
    """

    _: KW_ONLY
    target: str | None = structural(None, check=one_of(None, "keypoints", "mask"))
    keypoint_range: tuple[float, float] | None = structural(
        None, check=lambda value: _range_or_none(value)
    )

    def move(
        self,
        Xb: jax.Array,
        yb: Any,
        pixels: Callable[[jax.Array, bool], jax.Array],
        points: Callable[[jax.Array], jax.Array],
    ) -> Batch:
        """Return moved images and their moved targets.

        Parameters
        ----------
        Xb, yb
        pixels : callable
            ``(images, is_mask) -> images``.
        points : callable
            From points ``(n, k, 2)`` to moved points, ``(x, y)`` in pixels.
        """
        size = self.image_size(Xb)
        if yb is None:
            return pixels(Xb, False), None
        if self.target == "keypoints":
            yb = self._moved_keypoints(yb, size, points)
        elif self.target == "mask":
            yb = self._moved_mask(yb, size, pixels)
        return pixels(Xb, False), yb

    def _moved_keypoints(
        self, yb: jax.Array, size: tuple[int, int], points: Callable[[jax.Array], jax.Array]
    ) -> jax.Array:
        pairs = (yb.ndim == 2 and yb.shape[1] % 2 == 0) or (yb.ndim == 3 and yb.shape[2] == 2)
        if not (pairs and jnp.issubdtype(yb.dtype, jnp.floating)):
            raise self.error(
                "keypoints must be floats of shape (n, 2 * points) or (n, points, 2), "
                f"got {yb.dtype} of shape {yb.shape}"
            )
        xy = yb.reshape(len(yb), -1, 2).astype(jnp.float32)
        if self.keypoint_range is None:
            moved = points(xy)
        else:
            first, last = self.keypoint_range
            pixel = jnp.array([(last - first) / length for length in size[::-1]], jnp.float32)
            low = jnp.asarray(first, jnp.float32)
            moved = points((xy - low) / pixel) * pixel + low
        return moved.reshape(yb.shape).astype(yb.dtype)

    def _moved_mask(
        self,
        yb: Any,
        size: tuple[int, int],
        pixels: Callable[[jax.Array, bool], jax.Array],
    ) -> Any:
        def move(mask: jax.Array) -> jax.Array:
            return pixels(mask.reshape(len(mask), -1, *size), True).reshape(mask.shape)

        return map_masks(self, move, yb, size)


@dataclass(frozen=True)
class FillingTransform(MovingTransform):
    """A transform that samples images at new coordinates, which may lie outside.

    Parameters
    ----------
    fill : 'constant', 'edge' or 'reflect'
        Values outside the image: `cval`, the nearest pixel, or the mirror image.
    cval : float
        Value outside images for ``fill='constant'``. A runtime value, as is `mask_cval`.
    mask_cval : float, optional
        Value outside masks for ``fill='constant'``; of labels, the index of a class. By default 0,
        and for a net with an `ignore_label` what is ignored.
    target, keypoint_range
        As in `MovingTransform`.
    """

    _: KW_ONLY
    fill: str = structural("constant", check=one_of(*FILLS))
    cval: float = runtime(0.0)
    mask_cval: float | None = optional()

    def read(
        self,
        Xb: jax.Array,
        yb: Any,
        rows: jax.Array,
        columns: jax.Array,
        order: str,
        points: Callable[[jax.Array], jax.Array],
    ) -> Batch:
        """Sample images and masks at these coordinates, and move keypoints by `points`."""

        def pixels(images: jax.Array, is_mask: bool) -> jax.Array:
            return sample(
                images,
                rows,
                columns,
                order="nearest" if is_mask else order,
                fill=self.fill,
                cval=_mask_value(self.mask_cval, images.dtype) if is_mask else self.cval,
            )

        return self.move(Xb, yb, pixels, points)


def moving_transforms(transform: Any) -> Iterator[MovingTransform | Grid]:
    """Yield the transforms and grids that move pixels: this one, or those inside it."""
    if isinstance(transform, MovingTransform | Grid):
        yield transform
    elif isinstance(transform, Tunable):
        for _, inner in inner_tunables(transform):
            yield from moving_transforms(inner)


def map_masks(
    transform: Transform,
    function: Callable[[jax.Array], jax.Array],
    yb: Any,
    size: tuple[int, int],
) -> Any:
    """Return masks that a function has changed.

    Parameters
    ----------
    transform : Transform
        For messages.
    function : callable
        Takes masks of shape (n, height, width) or (n, channels, height, width).
    yb : array or tuple of array
        Masks; the targets of several outputs stay as they are if they have another shape.
    size : tuple of two ints
        Height and width.

    Raises
    ------
    TransformError
        If no target has such a shape.
    """
    parts = yb if isinstance(yb, tuple) else (yb,)
    are_masks = [part.ndim in (3, 4) and part.shape[-2:] == size for part in parts]
    if not any(are_masks):
        h, w = size
        given = " and ".join(f"{part.dtype} of shape {part.shape}" for part in parts)
        raise transform.error(
            f"masks must have shape (n, {h}, {w}) or (n, channels, {h}, {w}), got {given}"
        )
    pairs = zip(parts, are_masks, strict=True)
    changed = [function(part) if is_mask else part for part, is_mask in pairs]
    return tuple(changed) if isinstance(yb, tuple) else changed[0]


def moves_masks(transform: Any) -> bool:
    """Return whether a transform, or one inside it, moves masks."""
    inner = inner_tunables(transform) if isinstance(transform, Transform) else ()
    return getattr(transform, "target", None) == "mask" or any(moves_masks(t) for _, t in inner)


IGNORED = -math.inf
"""The `mask_cval` that stands for the mark of ignored targets."""


def _mask_value(mask_cval: Any, dtype: Any) -> Any:
    """Return the value outside of masks: ignored classes are -1, other ignored targets NaN."""
    if mask_cval is None:
        return 0
    if isinstance(mask_cval, float) and mask_cval == IGNORED:
        return math.nan if jnp.issubdtype(dtype, jnp.floating) else -1
    return mask_cval


def needs_rows(transform: Any) -> TypeGuard[RowTransformFunction]:
    """Return whether a transform, or one inside it, needs the epoch and the rows' indices."""
    return isinstance(transform, Transform) and transform.needs_rows


def mixes(transform: Any) -> bool:
    """Return whether a transform, or one inside it, mixes rows and their targets."""
    return isinstance(transform, Transform) and transform.mixes


def invoke(
    transform: TransformFunction, key: jax.Array, Xb: Any, yb: Any, epoch: Any, rows: Any
) -> Batch:
    """Call a transform with the arguments that it needs.

    Parameters
    ----------
    transform : Transform or callable
    key : jax key
    Xb, yb
    epoch : int32 or None
        Index of the epoch; None outside of training.
    rows : int32 array of shape (n,) or None
        Index of each row of the batch in the training data, constant over epochs.

    Returns
    -------
    Xb, yb
    """
    if needs_rows(transform):
        return transform(key, Xb, yb, epoch=epoch, rows=rows)
    return transform(key, Xb, yb)


def luminance(Xb: jax.Array) -> jax.Array:
    """Return the perceived brightness of RGB images, of shape (n, 1, h, w) (ITU-R BT.601)."""
    red, green, blue = (Xb[:, i : i + 1] for i in range(3))
    return 0.299 * red + 0.587 * green + 0.114 * blue


def broadcast_rows(values: jax.Array, like: jax.Array) -> jax.Array:
    """Reshape and cast one number per row so that they broadcast with a batch."""
    values = lax.optimization_barrier(values)  # or XLA on the CPU draws them again for each pixel
    return values.astype(like.dtype).reshape(-1, *(1,) * (like.ndim - 1))


def _range_or_none(value: Any) -> str | None:
    if value is None:
        return None
    pair = isinstance(value, tuple) and len(value) == 2 and not any(map(number, value))
    return None if pair and value[0] < value[1] else "two increasing numbers or None"
