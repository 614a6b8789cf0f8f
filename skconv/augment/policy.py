"""Transforms that apply other transforms at random."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from ..utils.fields import runtime, structural
from .base import Batch, Transform, TransformFunction, broadcast_rows, invoke

__all__ = ["OneOf", "Sometimes"]


def _transform(value: Any) -> str | None:
    valid = callable(value) and not isinstance(value, type)
    return None if valid else "a transform or a function (key, Xb, yb)"


def _transforms(value: Any) -> str | None:
    valid = isinstance(value, tuple) and value and not any(map(_transform, value))
    return None if valid else "a list of transforms or functions (key, Xb, yb)"


@dataclass(frozen=True)
class _ChoosingTransform(Transform):
    """A transform that takes rows from several versions of a batch."""

    def choose(self, versions: list[Batch], chosen: jax.Array) -> Batch:
        """Return the batch with each row from its chosen version.

        Parameters
        ----------
        versions : list of (Xb, yb)
        chosen : int array of shape (n,)
            Index of the version of each row.
        """
        Xs, ys = zip(*versions, strict=True)
        return self._merged(Xs, chosen), self._merged(_same_kind(ys), chosen)

    def _merged(self, versions: Any, chosen: jax.Array) -> Any:
        merged = versions[0]
        for i, other in enumerate(versions[1:], 1):
            merged = jax.tree.map(lambda a, b, i=i: self._pick(chosen == i, b, a), merged, other)
        return merged

    def _pick(self, where: jax.Array, new: jax.Array, old: jax.Array) -> jax.Array:
        if new.shape != old.shape:
            raise self.error(
                f"transforms must return equal shapes, got {old.shape} and {new.shape}"
            )
        return jnp.where(broadcast_rows(where, old), new, old)


def _same_kind(ys: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return targets with labels as rows of probabilities, if another version has these."""
    rows = [y for y in ys if getattr(y, "ndim", 0) == 2 and jnp.issubdtype(y.dtype, jnp.floating)]
    if not rows:
        return ys
    k, dtype = rows[0].shape[1], rows[0].dtype

    def as_probabilities(y: jax.Array) -> jax.Array:
        labels = y.ndim == 1 and jnp.issubdtype(y.dtype, jnp.integer)
        return jax.nn.one_hot(y, k, dtype=dtype) if labels else y

    return tuple(map(as_probabilities, ys))


@dataclass(frozen=True)
class Sometimes(_ChoosingTransform):
    """Apply a transform to each image with probability `p`.

    Parameters
    ----------
    p : float
        Probability, from 0 to 1. A runtime value: a new one compiles nothing.
    transform : Transform or callable
        Its parameters are set by ``transform__<name>``.

    Examples
    --------
    >>> from skconv.augment import Brightness
    >>> X, y = jnp.ones((4, 1)), jnp.arange(4)
    >>> Xb, _ = Sometimes(0.5, Brightness())(jax.random.key(0), X, y)
    >>> [round(float(x), 2) for x in Xb.ravel()]
    [1.14, 0.87, 1.0, 0.85]
    """

    p: float = runtime(0.5, low=0.0, high=1.0)
    transform: TransformFunction = structural(check=_transform)

    def __call__(
        self, key: jax.Array, Xb: jax.Array, yb: Any, *, epoch: Any = None, rows: Any = None
    ) -> Batch:
        """Apply the transform to some rows."""
        keys = jax.random.split(key, 2)
        changed = invoke(self.transform, keys[0], Xb, yb, epoch, rows)
        n = len(jax.tree.leaves(Xb)[0])
        chosen = jax.random.bernoulli(keys[1], jnp.asarray(self.p, jnp.float32), (n,))
        return self.choose([(Xb, yb), changed], chosen.astype(jnp.int32))


@dataclass(frozen=True)
class OneOf(_ChoosingTransform):
    """Apply one of several transforms to each image, with equal probability.

    Each transform is computed for the whole batch.

    Parameters
    ----------
    transforms : sequence of Transform or callable
        Their parameters are set by ``transforms__<index>__<name>``.

    Examples
    --------
    >>> from skconv.augment import Brightness, GaussianNoise
    >>> X, y = jnp.ones((4, 1)), jnp.arange(4)
    >>> Xb, _ = OneOf([Brightness(), GaussianNoise()])(jax.random.key(0), X, y)
    >>> [round(float(x), 2) for x in Xb.ravel()]
    [1.13, 1.14, 0.96, 0.92]
    """

    transforms: Sequence[TransformFunction] = structural(check=_transforms)

    def __call__(
        self, key: jax.Array, Xb: jax.Array, yb: Any, *, epoch: Any = None, rows: Any = None
    ) -> Batch:
        """Apply all transforms, and choose one for each row."""
        count = len(self.transforms)
        keys = jax.random.split(key, count + 1)
        versions = [
            invoke(transform, one, Xb, yb, epoch, rows)
            for transform, one in zip(self.transforms, keys[1:], strict=True)
        ]
        n = len(jax.tree.leaves(Xb)[0])
        return self.choose(versions, jax.random.randint(keys[0], (n,), 0, count, jnp.int32))
