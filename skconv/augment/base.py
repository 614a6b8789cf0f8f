"""What a transform is: a frozen dataclass that changes a batch at random."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any, ClassVar, Protocol

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from ..ops.resampling import FILLS, sample
from ..utils.checks import one_of
from ..utils.fields import runtime, structural
from .tunable import Tunable, inner_tunables

Batch = tuple[jax.Array, Any]
"""Inputs and targets of a batch; the targets are None at prediction."""


class TransformFunction(Protocol):
    """A transform of batches: a `Transform` or any function ``(key, Xb, yb) -> (Xb, yb)``."""

    def __call__(self, key: jax.Array, Xb: jax.Array, yb: Any, /) -> Batch:
        """Return the transformed batch."""
        ...


@dataclass(frozen=True)
class OfImages(Tunable):
    """What may be for images alone."""

    def image_size(self, Xb: jax.Array) -> tuple[int, int]:
        """Height and width of the images; raises `TransformError` where there are none."""
        if Xb.ndim != 4:
            hint = "; give images a channel axis: X[:, None]" if Xb.ndim == 3 else ""
            raise self.error(
                f"takes images of shape (n, channels, height, width), got {Xb.shape}{hint}"
            )
        return Xb.shape[2:]


@dataclass(frozen=True)
class Transform(OfImages):
    """A random change of a batch that leaves its shape.

    Subclasses are frozen dataclasses whose fields are made by `skconv.layers.structural` and
    `skconv.layers.runtime`, with a ``__call__`` that JAX can trace.
    """

    def __call__(self, key: jax.Array, Xb: jax.Array, yb: Any) -> Batch:
        """Change a batch.

        Parameters
        ----------
        key : jax key
            Of this transform alone.
        Xb : float array of shape (n, ...)
            Images are ``(n, channels, height, width)``.
        yb : array of shape (n, ...) or None
            Targets as the loss takes them; None at prediction.

        Returns
        -------
        Xb, yb
        """
        raise NotImplementedError

    @property
    def needs_rows(self) -> bool:
        """Whether the call takes ``epoch`` and ``rows`` as well; see `invoke`."""
        return any(needs_rows(one) for _, one in inner_tunables(self))

    @property
    def mixes(self) -> bool:
        """Whether rows and their targets become mixtures; labels must then be probabilities."""
        return any(mixes(one) for _, one in inner_tunables(self))

    def need_colors(self, Xb: jax.Array) -> None:
        """Raise `TransformError` where pixels are not red, green and blue."""
        self.image_size(Xb)
        if Xb.shape[1] != 3:
            raise self.error(f"takes images of 3 channels (red, green, blue), got {Xb.shape}")


@dataclass(frozen=True)
class Grid(OfImages):
    """Fixed changes of images, to predict from all of them.

    Subclasses are frozen dataclasses as those of `Transform`. The first change should be none at
    all.
    """

    size: ClassVar[int | None] = None
    """How many changes there are; None where there are as many as anybody wants."""

    def __call__(self, i: jax.Array, n: int, Xb: jax.Array) -> jax.Array:
        """Change a batch.

        Parameters
        ----------
        i : int32
            Number of the change.
        n : int
            How many are wanted.
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
        What the targets are. Keypoints are numbers ``x1, y1, x2, y2, ...`` a row, of shape ``(n, 2
        * points)`` or ``(n, points, 2)``; NaN stays NaN. Masks have a number for each pixel, of
        shape ``(n, height, width)`` or ``(n, channels, height, width)``, and keep the numbers that
        they have. None leaves the targets alone.
    keypoint_range : tuple of two floats, optional
        What keypoints hold at pixel 0 and at the width (the height): ``(-1, 1)`` for ``(x - w / 2)
        / (w / 2)``. By default they are in pixels, with 0 for the centre of the first.
    """

    _: KW_ONLY
    target: Any = structural(None, check=one_of(None, "keypoints", "mask"))
    keypoint_range: Any = structural(None, check=lambda value: _range_or_none(value))

    def move(
        self,
        Xb: jax.Array,
        yb: Any,
        pixels: Callable[[jax.Array, bool], jax.Array],
        points: Callable[[jax.Array], jax.Array],
    ) -> Batch:
        """Change images and their targets.

        Parameters
        ----------
        Xb, yb
        pixels : callable
            ``(images, is_mask) -> images``.
        points : callable
            From points ``(n, k, 2)``, ``(x, y)`` in pixels, to the same.
        """
        size = self.image_size(Xb)
        if yb is None:  # at prediction
            return pixels(Xb, False), None
        if self.target == "keypoints":
            yb = self._moved_keypoints(yb, size, points)
        elif self.target == "mask":
            yb = self._moved_mask(yb, size, pixels)
        return pixels(Xb, False), yb

    def _moved_keypoints(self, yb: Any, size: tuple[int, int], points: Any) -> jax.Array:
        pairs = (yb.ndim == 2 and yb.shape[1] % 2 == 0) or (yb.ndim == 3 and yb.shape[2] == 2)
        if not (pairs and jnp.issubdtype(yb.dtype, jnp.floating)):
            raise self.error(
                "target='keypoints' takes numbers of shape (n, 2 * points) or (n, points, 2), "
                f"got {yb.dtype} of shape {yb.shape}"
            )
        xy = yb.reshape(len(yb), -1, 2).astype(jnp.float32)
        if self.keypoint_range is None:
            moved = points(xy)
        else:
            low, high = self.keypoint_range
            pixel = jnp.array([(high - low) / length for length in size[::-1]], jnp.float32)
            low = jnp.asarray(low, jnp.float32)
            moved = points((xy - low) / pixel) * pixel + low
        return moved.reshape(yb.shape).astype(yb.dtype)

    def _moved_mask(self, yb: Any, size: tuple[int, int], pixels: Any) -> jax.Array:
        if yb.ndim not in (3, 4) or yb.shape[-2:] != size:
            h, w = size
            raise self.error(
                f"target='mask' takes a number for each pixel, of shape (n, {h}, {w}) or "
                f"(n, channels, {h}, {w}), got {yb.dtype} of shape {yb.shape}"
            )
        return pixels(yb.reshape(len(yb), -1, *size), True).reshape(yb.shape)


@dataclass(frozen=True)
class FillingTransform(MovingTransform):
    """A transform that reads images at other places, some of them outside.

    Parameters
    ----------
    fill : 'constant', 'edge' or 'reflect'
        What is outside: `cval`, the nearest pixel, or the mirror image.
    cval, mask_cval : float
        What ``'constant'`` fills images and masks with. Runtime values.
    target, keypoint_range
        As in `MovingTransform`.
    """

    _: KW_ONLY
    fill: str = structural("constant", check=one_of(*FILLS))
    cval: float = runtime(0.0)
    mask_cval: float = runtime(0.0)

    def read(
        self, Xb: jax.Array, yb: Any, rows: Any, columns: Any, order: str, points: Any
    ) -> Batch:
        """Read images and masks at these places, and move keypoints by the function `points`."""

        def pixels(images: jax.Array, is_mask: bool) -> jax.Array:
            how = {"order": "nearest" if is_mask else order, "fill": self.fill}
            cval = self.mask_cval if is_mask else self.cval
            return sample(images, rows, columns, cval=cval, **how)

        return self.move(Xb, yb, pixels, points)


def runtime_each(default: float, low: float = -np.inf, high: float = np.inf) -> Any:
    """`runtime` field that takes a number, or a pair of them for x and y."""
    number = runtime(default, low, high).metadata["check"]

    def check(value: Any) -> str | None:
        values = value if isinstance(value, tuple) else (value, value)
        wrong = len(values) != 2 or any(map(number, values))
        return f"{number(None)}, or two of them for x and y" if wrong else None

    return dataclasses.field(default=default, metadata={"kind": "runtime", "check": check})


def per_axis(value: Any) -> list[jax.Array]:
    """Spread a `runtime_each` field over x and y."""
    values = value if isinstance(value, tuple) else (value, value)
    return [jnp.asarray(one, jnp.float32) for one in values]


def with_classes(transform: Any, num_classes: int) -> Any:
    """Fill in the number of classes wherever a transform or one inside it was given none.

    Parameters
    ----------
    transform : Transform or callable
    num_classes : int

    Returns
    -------
    Transform or callable

    Examples
    --------
    >>> from skconv.augment import MixUp, Sometimes
    >>> with_classes(Sometimes(0.5, MixUp()), 10).transform.num_classes
    10
    """
    if not isinstance(transform, Transform):
        return transform
    changes: dict[str, Any] = {}
    for spec in dataclasses.fields(transform):
        value = getattr(transform, spec.name)
        if isinstance(value, Transform):
            changes[spec.name] = with_classes(value, num_classes)
        elif isinstance(value, tuple) and any(isinstance(one, Transform) for one in value):
            changes[spec.name] = tuple(with_classes(one, num_classes) for one in value)
        elif spec.name == "num_classes" and value is None:
            changes[spec.name] = num_classes
    return replace(transform, **changes)


def needs_rows(transform: Any) -> bool:
    """Whether a transform, or one inside it, must know the epoch and which rows a batch holds."""
    return isinstance(transform, Transform) and transform.needs_rows


def mixes(transform: Any) -> bool:
    """Whether a transform, or one inside it, mixes rows and their targets."""
    return isinstance(transform, Transform) and transform.mixes


def invoke(
    transform: Callable[..., Batch], key: jax.Array, Xb: Any, yb: Any, epoch: Any, rows: Any
) -> Batch:
    """Call a transform with what it needs.

    Parameters
    ----------
    transform : Transform or callable
    key : jax key
    Xb, yb
    epoch : int32 or None
        Number of the epoch; None where there is none, as at prediction.
    rows : int32 array of shape (n,) or None
        Number of each row of the batch in the training data, the same in each epoch.

    Returns
    -------
    Xb, yb
    """
    if needs_rows(transform):
        return transform(key, Xb, yb, epoch=epoch, rows=rows)
    return transform(key, Xb, yb)


def spread(key: jax.Array, n: int, limit: Any) -> jax.Array:
    """Draw n numbers evenly between minus the limit and the limit."""
    return jax.random.uniform(key, (n,), jnp.float32, -1.0, 1.0) * jnp.asarray(limit, jnp.float32)


def spread_log(key: jax.Array, n: int, limit: Any) -> jax.Array:
    """Draw n factors between one over the limit and the limit, evenly in their logarithm."""
    return jnp.exp(spread(key, n, jnp.log(jnp.asarray(limit, jnp.float32))))


def grey(Xb: jax.Array) -> jax.Array:
    """Brightness of red, green and blue as seen, of shape (n, 1, h, w) (ITU-R BT.601)."""
    red, green, blue = (Xb[:, i : i + 1] for i in range(3))
    return 0.299 * red + 0.587 * green + 0.114 * blue


def by_row(values: jax.Array, like: jax.Array) -> jax.Array:
    """Shape and type numbers of rows so that they broadcast with a batch."""
    values = lax.optimization_barrier(values)  # or XLA on the CPU draws them anew for each pixel
    return values.astype(like.dtype).reshape(-1, *(1,) * (like.ndim - 1))


def _range_or_none(value: Any) -> str | None:
    number = runtime(0.0).metadata["check"]
    if value is None:
        return None
    pair = isinstance(value, tuple) and len(value) == 2 and not any(map(number, value))
    return None if pair and value[0] < value[1] else "two numbers, the lower first, or None"
