"""Prediction as a mean over changed copies of each image."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from ..errors import TransformError
from ..nonlinearities import sigmoid, softmax
from ..utils.checks import one_of, positive_or_none
from ..utils.fields import structural
from .base import Grid, MovingTransform, mixes, needs_rows
from .tunable import Tunable

__all__ = ["TestTime"]


def _usable(value: Any) -> bool:
    return callable(value) and not isinstance(value, type)


def _some(value: Any) -> str | None:
    usable = value and all(map(_usable, value)) if isinstance(value, tuple) else _usable(value)
    return None if usable else "a grid, a transform, or a list of them"


@dataclass(frozen=True)
class TestTime(Tunable):
    """Predict from changed copies of each row, and average, as ``test_augment`` of a net.

    The copies exist one after the other, on the device. A random transform changes all rows alike
    in a copy, so that the prediction for a row does not depend on the rows beside it.

    Parameters
    ----------
    transforms : Grid, Transform or callable, or a list of them
        Each acts on what the one before it made. Grids are gone through in all combinations;
        transforms and functions ``(key, Xb, yb) -> (Xb, yb)`` are drawn anew for each copy, and
        get None for yb. Their runtime values may change without a new compile.
    n : int, optional
        Number of copies; by default all combinations of the grids.
    combine : 'mean' or 'geometric'
        Mean, or geometric mean of probabilities, made to sum up to one. Outputs that end neither
        in softmax nor in sigmoid are averaged in both cases.

    Examples
    --------
    >>> from skconv.augment import FiveCrop, RandomAffine, TenCrop
    >>> TestTime(TenCrop(pad=2)).copies
    10
    >>> TestTime([FiveCrop(pad=2), RandomAffine(rotation=10)], n=20, combine='geometric').copies
    20
    """

    __test__ = False  # pytest takes classes called Test... for tests

    transforms: Any = structural(check=_some)
    n: Any = structural(None, check=positive_or_none)
    combine: str = structural("mean", check=one_of("mean", "geometric"))

    @property
    def copies(self) -> int:
        """Number of copies."""
        return self.n or self._combinations()

    def check(self) -> Iterable[str]:
        """Yield what is wrong with the fields."""
        problems = list(super().check())
        yield from problems
        if problems:
            return
        for one in self._all():
            name = type(one).__name__
            if mixes(one):
                yield f"{name} mixes rows, and a prediction is about one row"
            if needs_rows(one):
                yield f"{name} needs epochs, and a prediction has none"
            if isinstance(one, MovingTransform) and one.target is not None:
                yield f"{name} moves targets, and predictions do not move back; target must be None"
        if self.n is None and not any(self._sizes()):
            yield "n is missing: how many copies to predict from"
        if self.n is not None and all(self._sizes()) and self.n > self._combinations():
            yield f"n={self.n}, but the grids have {self._combinations()} combinations"

    def __call__(self, forward: Callable[[Any], Any], key: jax.Array, Xb: Any) -> Any:
        """Predict from all copies.

        Parameters
        ----------
        forward : callable
            ``(Xb) -> output``, or a tuple of outputs. Its attribute `endings` has the nonlinearity
            of each output.
        key : jax key
        Xb : array of shape (n, ...)

        Returns
        -------
        array of shape (n, ...), or tuple of them
        """
        endings = forward.endings

        def parts(copy: Any) -> list[Any]:
            out = forward(copy)
            outs = out if isinstance(out, tuple) else (out,)
            return [self._part(o, ending) for o, ending in zip(outs, endings, strict=True)]

        def step(i: Any, loop: Any) -> Any:
            # A copy that is made a step ahead is made once; XLA on the CPU would make each pixel
            # anew for each that reads it, which took a fifth longer.
            sums, copy = loop
            return jax.tree.map(jnp.add, sums, parts(copy)), self.copy(i + 1, key, Xb)

        first = self.copy(0, key, Xb)
        zeros = jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), jax.eval_shape(parts, first))
        sums, _ = lax.fori_loop(0, self.copies, step, (zeros, first))
        means = [
            self._whole(jax.tree.map(lambda total: total / self.copies, one), ending)
            for one, ending in zip(sums, endings, strict=True)
        ]
        return means[0] if len(means) == 1 else tuple(means)

    def copy(self, i: Any, key: jax.Array, Xb: Any) -> Any:
        """Make one of the copies.

        Parameters
        ----------
        i : int
            Its number.
        key : jax key
        Xb : array of shape (n, ...)
        """
        if isinstance(Xb, dict):
            raise self.error(f"takes one array, and X is a dict of {', '.join(Xb)}")
        key, left = jax.random.fold_in(key, i), i
        for number, one in enumerate(self._all()):
            shape = Xb.shape
            if isinstance(one, Grid):
                Xb = one(left if one.size else i, self.copies, Xb)
                left = left // (one.size or 1)
            else:
                Xb = _alike(one, jax.random.fold_in(key, number), Xb)
            if Xb.shape != shape:
                raise TransformError(
                    f"{type(one).__name__}: changes X from shape {shape} to {Xb.shape}, which a "
                    "prediction cannot take"
                )
        return Xb

    def _all(self) -> tuple[Any, ...]:
        return self.transforms if isinstance(self.transforms, tuple) else (self.transforms,)

    def _sizes(self) -> list[int | None]:
        return [one.size if isinstance(one, Grid) else None for one in self._all()]

    def _combinations(self) -> int:
        return math.prod(size or 1 for size in self._sizes())

    def _part(self, output: jax.Array, ending: Any) -> jax.Array:
        """What is averaged of an output: for geometric means the logits, up to a constant."""
        if self.combine == "geometric" and ending is softmax:
            return jnp.log(jnp.maximum(output, _TINY))
        if self.combine == "geometric" and ending is sigmoid:
            output = jnp.clip(output, _TINY, 1 - _TINY)
            return jnp.log(output) - jnp.log1p(-output)
        return output

    def _whole(self, mean: jax.Array, ending: Any) -> jax.Array:
        if self.combine == "geometric" and ending is softmax:
            return jax.nn.softmax(mean, axis=1)
        return sigmoid(mean) if self.combine == "geometric" and ending is sigmoid else mean


_TINY = 1e-7


def _alike(transform: Callable[..., Any], key: jax.Array, Xb: jax.Array) -> jax.Array:
    """Change all rows with the same draw."""
    return jax.vmap(lambda row: transform(key, row[None], None)[0][0])(Xb)
