"""Transforms that hide parts of images or mix them with others of the batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from ..utils.checks import positive_or_none
from ..utils.fields import runtime, structural
from .base import Batch, Transform, by_row

__all__ = ["CutMix", "Cutout", "MixUp"]


@dataclass(frozen=True)
class Cutout(Transform):
    """Fill a square at a random place of each image (DeVries & Taylor 2017).

    The centre is any pixel, so that part of the square may be outside.

    Parameters
    ----------
    size : int
        Pixels along each side. A runtime value, as is `cval`.
    cval : float
        What it is filled with.

    Examples
    --------
    >>> X, y = jnp.ones((1, 1, 8, 8)), jnp.array([0])
    >>> float(Cutout(size=4)(jax.random.key(0), X, y)[0].sum())
    52.0
    """

    size: float = runtime(8, low=0.0)
    cval: float = runtime(0.0)

    def __call__(self, key: jax.Array, Xb: jax.Array, yb: Any) -> Batch:
        """Fill."""
        inside = _rectangles(key, len(Xb), self.image_size(Xb), [self.size, self.size])
        return jnp.where(inside[:, None], jnp.asarray(self.cval, Xb.dtype), Xb), yb


def _rectangles(key: jax.Array, n: int, size: tuple[int, int], sides: Any) -> jax.Array:
    """Draw where rectangles are: bool (n, h, w), from their sides (height, width) in pixels."""
    keys = jax.random.split(key, 2)

    def along(key: jax.Array, length: int, side: Any) -> jax.Array:
        side = jnp.floor(jnp.asarray(side, jnp.float32)).reshape(-1, 1)
        centre = jax.random.randint(key, (n, 1), 0, length, jnp.int32).astype(jnp.float32)
        first = centre - jnp.floor(side / 2)
        place = jnp.arange(length, dtype=jnp.float32)
        return (first <= place) & (place < first + side)

    down, right = map(along, keys, size, sides)
    return down[:, :, None] & right[:, None]


@dataclass(frozen=True)
class _MixingTransform(Transform):
    """A transform that mixes each row with another, and their targets in the same proportion.

    Parameters
    ----------
    alpha : float
    num_classes : int, optional
    """

    alpha: float = runtime(1.0, low=0.0)
    num_classes: Any = structural(None, check=positive_or_none)

    mixes = True

    def draw(self, key: jax.Array, n: int) -> tuple[jax.Array, jax.Array]:
        """Draw the part of each row that stays, and the row it is mixed with.

        Parameters
        ----------
        key : jax key
        n : int

        Returns
        -------
        part : float32 array of shape (n,)
            From the Beta distribution with both parameters `alpha`; 1 where that is 0.
        partner : int array of shape (n,)
            A permutation.
        """
        keys = jax.random.split(key, 2)
        alpha = jnp.asarray(self.alpha, jnp.float32)
        part = _symmetric_beta(keys[0], n, jnp.maximum(alpha, 1e-3))
        return jnp.where(alpha > 0, part, 1.0), jax.random.permutation(keys[1], n)

    def mixed(self, yb: Any, part: jax.Array, partner: jax.Array) -> Any:
        """Mix targets, those of several outputs alike; labels become rows of probabilities."""
        if yb is None:
            raise self.error("has no targets to mix; it is for training only")
        return jax.tree.map(lambda one: self._mixed(one, part, partner), yb)

    def _mixed(self, yb: jax.Array, part: jax.Array, partner: jax.Array) -> jax.Array:
        if not jnp.issubdtype(yb.dtype, jnp.floating):
            if yb.ndim != 1:
                raise self.error(
                    "mixes labels of shape (n,), or numbers or probabilities of any; "
                    f"got {yb.dtype} of shape {yb.shape}"
                )
            if self.num_classes is None:
                raise self.error(
                    f"needs num_classes to mix labels, which are {yb.dtype} of shape {yb.shape}"
                )
            yb = jax.nn.one_hot(yb, self.num_classes, dtype=jnp.float32)
        return _blend(yb, yb[partner], part)


def _symmetric_beta(key: jax.Array, n: int, alpha: jax.Array) -> jax.Array:
    """Draw from the Beta distribution of two equal parameters.

    A t-distributed number drawn by the polar method (Bailey 1994) and mapped to 0 to 1; nothing is
    rejected, so that nothing loops.
    """
    u, v = jax.random.uniform(key, (2, n), jnp.float32, jnp.finfo(jnp.float32).tiny)
    cosine = jnp.cos(2 * jnp.pi * v)
    square = jnp.expm1(-jnp.log(u) / alpha) * cosine**2
    return (1 + jnp.sign(cosine) * jnp.sqrt(1 / (1 + 1 / square))) / 2


def _blend(own: jax.Array, other: jax.Array, part: jax.Array) -> jax.Array:
    part = by_row(part, own)
    return part * own + (1 - part) * other


@dataclass(frozen=True)
class MixUp(_MixingTransform):
    """Average each row with another of the batch, and so their targets (Zhang et al. 2018).

    Labels become rows of probabilities. The greater part of the two is the row's own, which mixes
    the same pairs in the same proportions as the paper does.

    Parameters
    ----------
    alpha : float
        The parts are drawn from the Beta distribution with both parameters `alpha`; 0 mixes nothing
        and 1 draws evenly. A runtime value.
    num_classes : int, optional
        Classes, which labels need; a network fills it in.

    Examples
    --------
    >>> X, y = jnp.eye(2), jnp.array([0, 1])
    >>> Xb, yb = MixUp(alpha=1.0, num_classes=2)(jax.random.key(1), X, y)
    >>> bool(jnp.allclose(Xb, yb))
    True
    """

    def __call__(self, key: jax.Array, Xb: jax.Array, yb: Any) -> Batch:
        """Average."""
        part, partner = self.draw(key, len(Xb))
        part = jnp.maximum(part, 1 - part)
        return _blend(Xb, Xb[partner], part), self.mixed(yb, part, partner)


@dataclass(frozen=True)
class CutMix(_MixingTransform):
    """Paste a rectangle of another image of the batch, and mix their targets (Yun et al. 2019).

    Labels become rows of probabilities; the parts are those of the area.

    Parameters
    ----------
    alpha : float
        The part that stays is drawn from the Beta distribution with both parameters `alpha`, and
        grows where the rectangle is partly outside; 0 pastes nothing and 1 draws evenly. A runtime
        value.
    num_classes : int, optional
        Classes, which labels need; a network fills it in.

    Examples
    --------
    >>> X, y = jnp.ones((2, 1, 4, 4)), jnp.array([0, 1])
    >>> Xb, yb = CutMix(num_classes=2)(jax.random.key(0), X, y)
    >>> yb.sum(axis=1).tolist()
    [1.0, 1.0]
    """

    def __call__(self, key: jax.Array, Xb: jax.Array, yb: Any) -> Batch:
        """Paste."""
        size = self.image_size(Xb)
        keys = jax.random.split(key, 2)
        part, partner = self.draw(keys[0], len(Xb))
        root = jnp.sqrt(1 - part)
        inside = _rectangles(keys[1], len(Xb), size, [root * length for length in size])
        part = 1 - inside.mean(axis=(1, 2), dtype=jnp.float32)
        pasted = jnp.where(inside[:, None], Xb[partner], Xb)
        return pasted, self.mixed(yb, part, partner)
