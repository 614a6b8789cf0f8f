"""RandAugment, a policy of general-purpose transforms controlled by one number."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from ..ops.resampling import ORDERS, affine_matrices, affine_places, affine_points
from ..utils.checks import one_of, positive
from ..utils.fields import runtime, structural
from .base import Batch, FillingTransform, broadcast_rows, luminance

__all__ = ["RandAugment"]


class _Level(NamedTuple):
    """Arguments of a color operation, which broadcast with the images.

    Parameters
    ----------
    strength : array
        Magnitude, from 0 to 1.
    sign : array
        Minus or plus one.
    low, high : array
        Black and white.
    """

    strength: jax.Array
    sign: jax.Array
    low: jax.Array
    high: jax.Array


def _enhance(base: jax.Array, X: jax.Array, level: _Level) -> jax.Array:
    """Scale the difference from a base image, and clip to black and white."""
    enhanced = base + (1 + 0.9 * level.strength * level.sign) * (X - base)
    return jnp.clip(enhanced, jnp.minimum(X, level.low), jnp.maximum(X, level.high))


def _brightness(X: jax.Array, level: _Level) -> jax.Array:
    return _enhance(level.low, X, level)


def _contrast(X: jax.Array, level: _Level) -> jax.Array:
    gray = luminance(X) if X.shape[1] == 3 else X
    return _enhance(gray.mean(axis=(1, 2, 3), keepdims=True), X, level)


def _color(X: jax.Array, level: _Level) -> jax.Array:
    return _enhance(luminance(X), X, level) if X.shape[1] == 3 else X


def _sharpness(X: jax.Array, level: _Level) -> jax.Array:
    h, w = X.shape[2:]
    if h < 3 or w < 3:
        return X
    total = sum(X[..., i : h - 2 + i, j : w - 2 + j] for i in range(3) for j in range(3))
    smooth = (total + 4 * X[..., 1:-1, 1:-1]) / 13
    return _enhance(X.at[..., 1:-1, 1:-1].set(smooth), X, level)


def _solarize(X: jax.Array, level: _Level) -> jax.Array:
    threshold = level.high - (level.high - level.low) * level.strength
    inverted = (threshold <= X) & (level.strength > 0)
    return jnp.where(inverted, level.low + level.high - X, X)


def _posterize(X: jax.Array, level: _Level) -> jax.Array:
    lost = jnp.round(4 * level.strength)
    step = (level.high - level.low) / 255 * 2**lost
    # 1e-3 keeps gray levels that rounding left just below a whole number.
    kept = level.low + step * jnp.floor((X - level.low) / step + 1e-3)
    return jnp.where(lost > 0, kept, X)


def _autocontrast(X: jax.Array, level: _Level) -> jax.Array:
    lowest, highest = (f(X, axis=(2, 3), keepdims=True) for f in (jnp.min, jnp.max))
    span = highest - lowest
    stretched = (X - lowest) * ((level.high - level.low) / jnp.where(span > 0, span, 1))
    return jnp.where(span > 0, level.low + stretched, X)


def _equalize(X: jax.Array, level: _Level) -> jax.Array:
    n, c, h, w = X.shape
    unit = (level.high - level.low) / 255
    gray_level = jnp.clip(jnp.round((X - level.low) / unit), 0, 255).astype(jnp.int32)
    start = jnp.arange(n * c, dtype=jnp.int32).reshape(n, c, 1, 1) * 256
    counts = jnp.zeros(n * c * 256, jnp.int32).at[(start + gray_level).ravel()].add(1)
    counts = counts.reshape(n, c, 256)
    most = jnp.take_along_axis(counts, gray_level.max(axis=(2, 3), keepdims=True)[..., 0], axis=2)
    step = (h * w - most) // 255
    below = jnp.cumsum(counts, axis=2) - counts
    table = jnp.minimum((step // 2 + below) // jnp.maximum(step, 1), 255)
    equalized = table.reshape(-1)[start + gray_level].astype(X.dtype)
    return jnp.where(step[..., None] > 0, level.low + equalized * unit, X)


COLORS: dict[str, Callable[[jax.Array, _Level], jax.Array]] = {
    "autocontrast": _autocontrast,
    "brightness": _brightness,
    "color": _color,
    "contrast": _contrast,
    "equalize": _equalize,
    "posterize": _posterize,
    "sharpness": _sharpness,
    "solarize": _solarize,
}

MOVES = ("rotate", "shear_x", "shear_y", "translate_x", "translate_y")

OPERATIONS = ("identity", *COLORS, *MOVES)


def _operations(value: Any) -> str | None:
    valid = isinstance(value, tuple) and value and all(name in OPERATIONS for name in value)
    return None if valid else f"a list of names out of {', '.join(OPERATIONS)}"


@dataclass(frozen=True)
class RandAugment(FillingTransform):
    """Apply a few of 14 operations to each image, all of the same magnitude (Cubuk et al. 2020).

    Each round interpolates once for rotations, shears and shifts together; signs are random.

    Parameters
    ----------
    num_ops : int
        Number of rounds; each draws one operation per image.
    magnitude : float
        From 0 to 10. At 10, images are rotated by 30 degrees, sheared by 0.3, shifted by 0.45 of
        their side, reduced to 4 of 8 bits (posterize), inverted (solarize), or enhanced by factors
        of 0.1 or 1.9 (brightness, color, contrast, sharpness). autocontrast and equalize ignore the
        magnitude. A runtime value, as are `low` and `high`.
    operations : str or sequence of str
        Names of the operations to draw from.
    low, high : float
        Black and white.
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
    >>> X, y = jnp.ones((2, 3, 32, 32)), jnp.array([3, 5])
    >>> transform = RandAugment(num_ops=1, operations=['rotate', 'brightness'])
    >>> transform(jax.random.key(0), X, y)[0].shape
    (2, 3, 32, 32)
    """

    num_ops: int = structural(2, check=positive)
    magnitude: float = runtime(9.0, low=0.0, high=10.0)
    operations: str | Sequence[str] = structural(OPERATIONS, check=_operations)
    low: float = runtime(0.0)
    high: float = runtime(1.0)
    order: str = structural("bilinear", check=one_of(*ORDERS))

    def __post_init__(self) -> None:
        if isinstance(self.operations, str):
            object.__setattr__(self, "operations", (self.operations,))
        super().__post_init__()

    def check(self) -> Iterable[str]:
        """Return messages about invalid fields."""
        problems = list(super().check())
        if not problems and self.low >= self.high:
            problems = [f"low must be less than high={self.high!r}, got {self.low!r}"]
        return problems

    def __call__(self, key: jax.Array, Xb: jax.Array, yb: Any) -> Batch:
        """Apply the operations, round by round."""
        self.image_size(Xb)
        for round_key in jax.random.split(key, self.num_ops):
            keys = jax.random.split(round_key, 2)
            n, count = len(Xb), len(self.operations)
            chosen = jax.random.randint(keys[0], (n,), 0, count, jnp.int32)
            sign = jnp.where(jax.random.bernoulli(keys[1], 0.5, (n,)), 1.0, -1.0)
            if set(MOVES) & set(self.operations):
                Xb, yb = self._moved(Xb, yb, chosen, sign.astype(jnp.float32))
            Xb = self._recolored(Xb, chosen, sign)
        return Xb, yb

    def _moved(self, Xb: jax.Array, yb: Any, chosen: jax.Array, sign: jax.Array) -> Batch:
        height, width = self.image_size(Xb)
        strength = sign * jnp.asarray(self.magnitude, jnp.float32) / 10

        def amount(name: str, limit: float) -> jax.Array:
            if name not in self.operations:
                return jnp.zeros_like(strength)
            return jnp.where(chosen == self.operations.index(name), limit * strength, 0.0)

        angle = jnp.deg2rad(amount("rotate", 30.0))
        turn = (
            (jnp.cos(angle), amount("shear_x", 0.3) - jnp.sin(angle)),
            (amount("shear_y", 0.3) + jnp.sin(angle), jnp.cos(angle)),
        )
        shift = amount("translate_x", 0.45 * width), amount("translate_y", 0.45 * height)
        matrices = affine_matrices(turn, shift, height, width)
        rows, columns = affine_places(matrices, height, width)
        return self.read(
            Xb, yb, rows, columns, self.order, lambda points: affine_points(matrices, points)
        )

    def _recolored(self, Xb: jax.Array, chosen: jax.Array, sign: jax.Array) -> jax.Array:
        magnitude, low, high = (
            jnp.asarray(value, Xb.dtype) for value in (self.magnitude, self.low, self.high)
        )
        level = _Level(magnitude / 10, broadcast_rows(sign, Xb), low, high)
        out = Xb
        for i, name in enumerate(self.operations):
            if name in COLORS:
                applies = (chosen == i)[:, None, None, None]
                out = jnp.where(applies, lax.optimization_barrier(COLORS[name](Xb, level)), out)
        return out
