"""Cutout, and transforms that mix the rows of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from ..utils.checks import one_of, positive_or_none
from ..utils.fields import runtime, structural
from .base import Batch, Transform, broadcast_rows, map_masks
from .ranges import Range, runtime_range, uniform

__all__ = ["CutMix", "Cutout", "MixUp"]


@dataclass(frozen=True)
class Cutout(Transform):
    """Fill a square at a random place of each image (DeVries & Taylor 2017).

    The center may be any pixel, so part of the square may lie outside.

    Parameters
    ----------
    size : float or (float, float)
        Side in pixels, or the range from which that of each image is drawn uniformly. A runtime
        value, as is `cval`.
    cval : float
        Value of the square.

    Examples
    --------
    >>> X, y = jnp.ones((1, 1, 8, 8)), jnp.array([0])
    >>> float(Cutout(size=4)(jax.random.key(0), X, y)[0].sum())
    52.0
    """

    size: Range = runtime_range(8, 0.0)
    cval: float = runtime(0.0)

    def __call__(self, key: jax.Array, Xb: jax.Array, yb: Any) -> Batch:
        """Fill the squares."""
        side: ArrayLike
        if isinstance(self.size, tuple):  # whole numbers of pixels, all equally likely
            key, own = jax.random.split(key)
            low, high = self.size
            side = jnp.minimum(uniform(own, len(Xb), (low, high + 1)), high)
        else:
            side = self.size
        inside = _rectangles(key, len(Xb), self.image_size(Xb), [side, side])
        return jnp.where(inside[:, None], jnp.asarray(self.cval, Xb.dtype), Xb), yb


def _rectangles(
    key: jax.Array, n: int, size: tuple[int, int], sides: Sequence[ArrayLike]
) -> jax.Array:
    """Draw masks (n, h, w) of rectangles with these sides (height, width) in pixels."""
    keys = jax.random.split(key, 2)

    def interval(key: jax.Array, length: int, side: ArrayLike) -> jax.Array:
        side = jnp.floor(jnp.asarray(side, jnp.float32)).reshape(-1, 1)
        center = jax.random.randint(key, (n, 1), 0, length, jnp.int32).astype(jnp.float32)
        first = center - jnp.floor(side / 2)
        position = jnp.arange(length, dtype=jnp.float32)
        return (first <= position) & (position < first + side)

    rows, columns = map(interval, keys, size, sides)
    return rows[:, :, None] & columns[:, None]


@dataclass(frozen=True)
class _MixingTransform(Transform):
    """A transform that mixes each row with another, and their targets in the same proportion.

    Parameters
    ----------
    alpha : float
    num_classes : int, optional
    """

    alpha: float = runtime(1.0, low=0.0)
    num_classes: int | None = structural(None, check=positive_or_none)

    mixes = True

    def draw(self, key: jax.Array, n: int) -> tuple[jax.Array, jax.Array]:
        """Draw the weight of each row, and the row that it is mixed with.

        Parameters
        ----------
        key : jax key
        n : int

        Returns
        -------
        weight : float32 array of shape (n,)
            From the beta distribution with both parameters equal to `alpha`; 1 if `alpha` is 0.
        partner : int array of shape (n,)
            A permutation of the rows.
        """
        keys = jax.random.split(key, 2)
        alpha = jnp.asarray(self.alpha, jnp.float32)
        weight = _symmetric_beta(keys[0], n, jnp.maximum(alpha, 1e-3))
        return jnp.where(alpha > 0, weight, 1.0), jax.random.permutation(keys[1], n)

    def mixed(self, yb: Any, weight: jax.Array, partner: jax.Array) -> Any:
        """Return mixed targets of all outputs; labels become rows of probabilities."""
        if yb is None:
            raise self.error("y must be given; mixing is for training only")
        return jax.tree.map(lambda y: self._mixed(y, weight, partner), yb)

    def _mixed(self, yb: jax.Array, weight: jax.Array, partner: jax.Array) -> jax.Array:
        if not jnp.issubdtype(yb.dtype, jnp.floating):
            if yb.ndim != 1:
                raise self.error(
                    "y must be labels of shape (n,), or floats of any shape, "
                    f"got {yb.dtype} of shape {yb.shape}"
                )
            if self.num_classes is None:
                raise self.error(
                    f"num_classes must be given to mix labels ({yb.dtype} of shape {yb.shape})"
                )
            yb = jax.nn.one_hot(yb, self.num_classes, dtype=jnp.float32)
        return _blend(yb, yb[partner], weight)


def _symmetric_beta(key: jax.Array, n: int, alpha: jax.Array) -> jax.Array:
    """Draw from the beta distribution with two equal parameters.

    Student's t variates by the polar method (Bailey 1994), mapped to the interval from 0 to 1; it
    rejects nothing, so it needs no loop.
    """
    u, v = jax.random.uniform(key, (2, n), jnp.float32, jnp.finfo(jnp.float32).tiny)
    cosine = jnp.cos(2 * jnp.pi * v)
    square = jnp.expm1(-jnp.log(u) / alpha) * cosine**2
    return (1 + jnp.sign(cosine) * jnp.sqrt(1 / (1 + 1 / square))) / 2


def _blend(a: jax.Array, b: jax.Array, weight: jax.Array) -> jax.Array:
    weight = broadcast_rows(weight, a)
    return weight * a + (1 - weight) * b


@dataclass(frozen=True)
class MixUp(_MixingTransform):
    """Average each row and its targets with another row of the batch (Zhang et al. 2018).

    Labels become rows of probabilities. A row's own weight is the larger one, which gives the same
    pairs in the same proportions as the paper.

    Parameters
    ----------
    alpha : float
        Both parameters of the beta distribution of the weights; 0 mixes nothing and 1 draws them
        uniformly. A runtime value.
    num_classes : int, optional
        Number of classes, needed for labels; `NeuralNet` fills it in.

    Examples
    --------
    >>> X, y = jnp.eye(2), jnp.array([0, 1])
    >>> Xb, yb = MixUp(alpha=1.0, num_classes=2)(jax.random.key(1), X, y)
    >>> bool(jnp.allclose(Xb, yb))
    True
    """

    def __call__(self, key: jax.Array, Xb: jax.Array, yb: Any) -> Batch:
        """Average pairs of rows."""
        weight, partner = self.draw(key, len(Xb))
        weight = jnp.maximum(weight, 1 - weight)
        return _blend(Xb, Xb[partner], weight), self.mixed(yb, weight, partner)


@dataclass(frozen=True)
class CutMix(_MixingTransform):
    """Paste a rectangle from another image of the batch, and mix the targets (Yun et al. 2019).

    Labels become rows of probabilities, with the fractions of the area as weights; the rectangle is
    pasted into masks, too.

    Parameters
    ----------
    alpha : float
        Both parameters of the beta distribution of the fraction to keep, which is larger if the
        rectangle lies partly outside; 0 pastes nothing and 1 draws uniformly. A runtime value.
    num_classes : int, optional
        Number of classes, needed for labels; `NeuralNet` fills it in.
    target : None or 'mask'
        Whether targets are masks, with a number per pixel, of shape ``(n, height, width)`` or ``(n,
        channels, height, width)``.

    Examples
    --------
    >>> X, y = jnp.ones((2, 1, 4, 4)), jnp.array([0, 1])
    >>> Xb, yb = CutMix(num_classes=2)(jax.random.key(0), X, y)
    >>> yb.sum(axis=1).tolist()
    [1.0, 1.0]
    """

    _: KW_ONLY
    target: str | None = structural(None, check=one_of(None, "mask"))

    @property
    def mixes(self) -> bool:  # type: ignore[override]
        """Whether targets are mixed, so that labels become probabilities."""
        return self.target is None

    def __call__(self, key: jax.Array, Xb: jax.Array, yb: Any) -> Batch:
        """Paste the rectangles."""
        size = self.image_size(Xb)
        if yb is None:
            raise self.error("y must be given; mixing is for training only")
        keys = jax.random.split(key, 2)
        weight, partner = self.draw(keys[0], len(Xb))
        root = jnp.sqrt(1 - weight)
        inside = _rectangles(keys[1], len(Xb), size, [root * length for length in size])
        weight = 1 - inside.mean(axis=(1, 2), dtype=jnp.float32)
        pasted = jnp.where(inside[:, None], Xb[partner], Xb)
        if self.target is None:
            return pasted, self.mixed(yb, weight, partner)

        def paste(mask: jax.Array) -> jax.Array:
            rectangle = inside if mask.ndim == 3 else inside[:, None]
            return jnp.where(rectangle, mask[partner], mask)

        return pasted, map_masks(self, paste, yb, size)
