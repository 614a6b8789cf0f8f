"""Color transforms, whose results are not clipped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from ..utils.checks import number
from ..utils.fields import runtime, structural
from .base import Batch, Transform, broadcast_rows, luminance
from .ranges import LEAST, Range, log_uniform, runtime_range, uniform, uniform_factors

__all__ = ["Brightness", "Contrast", "Gamma", "Hue", "PCAColor", "Saturation"]


@dataclass(frozen=True)
class Brightness(Transform):
    """Multiply each image by a random factor.

    Parameters
    ----------
    strength : float or (float, float)
        A number from 0 to 1 for factors from ``1 - strength`` to ``1 + strength``, or the range of
        the factors. A runtime value.

    Examples
    --------
    >>> X, y = jnp.ones((1, 1, 1, 2)), jnp.array([0])
    >>> Xb, _ = Brightness(strength=0.5)(jax.random.key(0), X, y)
    >>> [round(float(x), 2) for x in Xb.ravel()]
    [1.45, 1.45]
    """

    strength: Range = runtime_range(0.2, 0.0, 1.0, lowest=0.0)

    def __call__(self, key: jax.Array, Xb: jax.Array, yb: Any) -> Batch:
        """Scale each image."""
        return Xb * broadcast_rows(uniform_factors(key, len(Xb), self.strength), Xb), yb


@dataclass(frozen=True)
class Contrast(Transform):
    """Scale the difference of each image from its mean by a random factor.

    Parameters
    ----------
    strength : float or (float, float)
        A number from 0 to 1 for factors from ``1 - strength`` to ``1 + strength``, or the range of
        the factors. A runtime value.

    Examples
    --------
    >>> X, y = jnp.array([[[[0.2, 0.4]]]]), jnp.array([0])
    >>> Xb, _ = Contrast(strength=0.5)(jax.random.key(0), X, y)
    >>> [round(float(x), 2) for x in Xb.ravel()]
    [0.16, 0.44]
    """

    strength: Range = runtime_range(0.2, 0.0, 1.0, lowest=0.0)

    def __call__(self, key: jax.Array, Xb: jax.Array, yb: Any) -> Batch:
        """Scale the difference from the mean."""
        mean = Xb.mean(axis=range(1, Xb.ndim), keepdims=True)
        return mean + (Xb - mean) * broadcast_rows(
            uniform_factors(key, len(Xb), self.strength), Xb
        ), yb


@dataclass(frozen=True)
class Saturation(Transform):
    """Scale the difference of each image from its grayscale version by a random factor.

    Parameters
    ----------
    strength : float or (float, float)
        A number from 0 to 1 for factors from ``1 - strength`` to ``1 + strength``, or the range of
        the factors. A runtime value.

    Examples
    --------
    >>> X, y = jnp.array([0.2, 0.4, 0.6]).reshape(1, 3, 1, 1), jnp.array([0])
    >>> Xb, _ = Saturation(strength=0.5)(jax.random.key(0), X, y)
    >>> [round(float(x), 2) for x in Xb.ravel()]
    [0.13, 0.42, 0.71]
    """

    strength: Range = runtime_range(0.2, 0.0, 1.0, lowest=0.0)

    def __call__(self, key: jax.Array, Xb: jax.Array, yb: Any) -> Batch:
        """Scale the difference from gray."""
        self.need_colors(Xb)
        gray = luminance(Xb)
        return gray + (Xb - gray) * broadcast_rows(
            uniform_factors(key, len(Xb), self.strength), Xb
        ), yb


@dataclass(frozen=True)
class Gamma(Transform):
    """Raise the values of each image to a random power.

    Parameters
    ----------
    gamma : float or (float, float)
        A number of at least 1 for powers from ``1 / gamma`` to ``gamma``, or the range of the
        powers; uniformly in their logarithm.
    low, high : float
        Black and white, which stay unchanged. Values below `low` are treated like those above it,
        with the opposite sign. All three are runtime values.

    Examples
    --------
    >>> X, y = jnp.array([[[[0.0, 0.5, 1.0]]]]), jnp.array([0])
    >>> Xb, _ = Gamma(gamma=2.0)(jax.random.key(0), X, y)
    >>> [round(float(x), 2) for x in Xb.ravel()]
    [0.0, 0.28, 1.0]
    """

    gamma: Range = runtime_range(1.2, 1.0, lowest=LEAST)
    low: float = runtime(0.0)
    high: float = runtime(1.0)

    def check(self) -> Iterable[str]:
        """Return messages about invalid fields."""
        problems = list(super().check())
        if not problems and self.low >= self.high:
            problems = [f"low must be less than high={self.high!r}, got {self.low!r}"]
        return problems

    def __call__(self, key: jax.Array, Xb: jax.Array, yb: Any) -> Batch:
        """Raise to the powers."""
        low, high = (jnp.asarray(one, Xb.dtype) for one in (self.low, self.high))
        power = broadcast_rows(log_uniform(key, len(Xb), self.gamma), Xb)
        scaled = (Xb - low) / (high - low)
        return low + (high - low) * jnp.sign(scaled) * jnp.abs(scaled) ** power, yb


@dataclass(frozen=True)
class Hue(Transform):
    """Shift the hue of each image by a random amount.

    Parameters
    ----------
    shift : float or (float, float)
        Fraction of the color circle: a number from 0 to 0.5 for shifts from ``-shift`` to
        ``shift``, or the range of the shifts, within -0.5 and 0.5. A runtime value.

    Examples
    --------
    >>> X, y = jnp.array([1.0, 0.0, 0.0]).reshape(1, 3, 1, 1), jnp.array([0])
    >>> Xb, _ = Hue(shift=0.1)(jax.random.key(0), X, y)
    >>> [round(float(x), 2) for x in Xb.ravel()]
    [1.0, 0.54, 0.0]
    """

    shift: Range = runtime_range(0.05, 0.0, 0.5, lowest=-0.5, highest=0.5)

    def __call__(self, key: jax.Array, Xb: jax.Array, yb: Any) -> Batch:
        """Shift the hues."""
        self.need_colors(Xb)
        red, green, blue = Xb[:, 0], Xb[:, 1], Xb[:, 2]
        highest, lowest = Xb.max(axis=1), Xb.min(axis=1)
        chroma = highest - lowest
        divisor = jnp.where(chroma > 0, chroma, 1)
        sextant = jnp.where(
            highest == red,
            (green - blue) / divisor,
            jnp.where(highest == green, (blue - red) / divisor + 2, (red - green) / divisor + 4),
        )
        sextant = sextant + broadcast_rows(6 * uniform(key, len(Xb), self.shift), sextant)

        def channel(start: int) -> jax.Array:
            position = jnp.mod(start + sextant, 6)
            return highest - chroma * jnp.clip(jnp.minimum(position, 4 - position), 0, 1)

        return jnp.stack([channel(start) for start in (5, 3, 1)], axis=1), yb


@dataclass(frozen=True)
class PCAColor(Transform):
    """Add a random combination of the principal colors to each image (Krizhevsky et al. 2012).

    Parameters
    ----------
    sigma : float
        Standard deviation of the factors on the eigenvalues. A runtime value.
    eigenvalues : sequence of 3 floats
        Eigenvalues of the covariance of pixel colors; by default ImageNet's, for values from 0 to
        1. For values up to 255, multiply `sigma` by 255.
    eigenvectors : sequence of 3 sequences of 3 floats
        Eigenvectors in columns; the rows are red, green and blue.

    Examples
    --------
    >>> X, y = jnp.ones((1, 3, 1, 1)), jnp.array([0])
    >>> Xb, _ = PCAColor(sigma=0.1)(jax.random.key(0), X, y)
    >>> [round(float(x), 3) for x in Xb.ravel()]
    [0.983, 0.98, 0.977]
    """

    sigma: float = runtime(0.1, low=0.0)
    eigenvalues: Sequence[float] = structural(
        (0.2175, 0.0188, 0.0045), check=lambda value: _three(value)
    )
    eigenvectors: Sequence[Sequence[float]] = structural(
        ((-0.5675, 0.7192, 0.4009), (-0.5808, -0.0045, -0.8140), (-0.5836, -0.6948, 0.4203)),
        check=lambda value: _three_by_three(value),
    )

    def __call__(self, key: jax.Array, Xb: jax.Array, yb: Any) -> Batch:
        """Add the colors."""
        self.need_colors(Xb)
        sigma = jnp.asarray(self.sigma, jnp.float32)
        factors = sigma * jax.random.normal(key, (len(Xb), 3), jnp.float32)
        scaled = factors * jnp.array(self.eigenvalues, jnp.float32)
        colors = (jnp.array(self.eigenvectors, jnp.float32) * scaled[:, None]).sum(-1)
        return Xb + colors.astype(Xb.dtype)[:, :, None, None], yb


def _three(value: Any) -> str | None:
    three = isinstance(value, tuple) and len(value) == 3 and not any(map(number, value))
    return None if three else "3 numbers"


def _three_by_three(value: Any) -> str | None:
    square = isinstance(value, tuple) and len(value) == 3 and not any(map(_three, value))
    return None if square else "3 rows of 3 numbers"
