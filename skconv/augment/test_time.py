"""Test-time augmentation: predictions averaged over changed copies of each image."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import jax
import jax.numpy as jnp
from jax import lax

from ..errors import TransformError
from ..nonlinearities import sigmoid, softmax
from ..utils.checks import one_of, positive_or_none
from ..utils.fields import structural
from ..utils.image_shapes import describe_rows, holds_pixels
from .base import Grid, MovingTransform, TransformFunction, mixes, moving_transforms, needs_rows
from .tunable import Tunable

__all__ = ["TestTime"]


class ForwardFunction(Protocol):
    """The forward pass of a network, with the nonlinearity and unit axis of each output."""

    endings: Sequence[Any]
    unit_axes: Sequence[int]

    def __call__(self, Xb: Any, /) -> Any:
        """Return the output, or a tuple of outputs."""
        ...


def _is_change(value: Any) -> bool:
    return callable(value) and not isinstance(value, type)


def _changes(value: Any) -> str | None:
    valid = value and all(map(_is_change, value)) if isinstance(value, tuple) else _is_change(value)
    return None if valid else "a grid, a transform, or a list of them"


@dataclass(frozen=True)
class TestTime(Tunable):
    """Average predictions over changed copies of each row, as ``test_augment`` of a net.

    The copies are computed one at a time, on the device. Within a copy, a random transform changes
    all rows in the same way, so the prediction for a row does not depend on the other rows.

    Parameters
    ----------
    transforms : Grid, Transform or callable, or a list of them
        Changes to apply in turn. Grids contribute all combinations of their changes; transforms and
        functions ``(key, Xb, yb) -> (Xb, yb)`` are drawn again for each copy, with ``yb=None``. New
        runtime values compile nothing.
    n : int, optional
        Number of copies; by default all combinations of the grids.
    combine : 'mean' or 'geometric'
        Arithmetic mean, or geometric mean of probabilities, normalized to a sum of one. Outputs of
        other nonlinearities than softmax and sigmoid always use the arithmetic mean.

    Examples
    --------
    >>> from skconv.augment import FiveCrop, RandomAffine, TenCrop
    >>> TestTime(TenCrop(pad=2)).copies
    10
    >>> TestTime([FiveCrop(pad=2), RandomAffine(rotation=10)], n=20, combine='geometric').copies
    20
    """

    __test__ = False  # or pytest collects it

    transforms: Grid | TransformFunction | Sequence[Grid | TransformFunction] = structural(
        check=_changes
    )
    n: int | None = structural(None, check=positive_or_none)
    combine: str = structural("mean", check=one_of("mean", "geometric"))

    @property
    def copies(self) -> int:
        """Number of copies."""
        return self.n or self._combinations()

    def check(self) -> Iterable[str]:
        """Yield messages about invalid fields."""
        problems = list(super().check())
        yield from problems
        if problems:
            return
        for one in self._all():
            name = type(one).__name__
            if mixes(one):
                yield f"transforms must not mix rows, got {name}"
            if needs_rows(one):
                yield f"transforms must not need the epoch, got {name}"
            if isinstance(one, MovingTransform) and one.target is not None:
                yield (
                    f"target of {name} must be None, because predictions are not moved back, "
                    f"got {one.target!r}"
                )
        if self.n is None and not any(self._sizes()):
            yield "n must be given: the number of copies to predict from"
        if self.n is not None and all(self._sizes()) and self.n > self._combinations():
            yield f"n must be at most {self._combinations()}, the size of the grids, got {self.n}"

    def __call__(self, forward: ForwardFunction, key: jax.Array, Xb: Any) -> Any:
        """Return predictions averaged over all copies.

        Parameters
        ----------
        forward : callable
            ``(Xb) -> output``, or a tuple of outputs, with the nonlinearity of each output in its
            attribute `endings`, and the axis of its units in `unit_axes`.
        key : jax key
        Xb : array of shape (n, ...)

        Returns
        -------
        array of shape (n, ...), or tuple of them
        """
        endings = forward.endings

        def terms(copy: Any) -> list[Any]:
            out = forward(copy)
            outs = out if isinstance(out, tuple) else (out,)
            return [self._term(o, ending) for o, ending in zip(outs, endings, strict=True)]

        def step(i: Any, loop: Any) -> Any:
            # Each copy is computed a step ahead. Otherwise XLA on the CPU fuses it into its
            # consumers and recomputes pixels for each of them, which took a fifth longer.
            sums, copy = loop
            return jax.tree.map(jnp.add, sums, terms(copy)), self.copy(i + 1, key, Xb)

        first = self.copy(0, key, Xb)
        shapes = jax.eval_shape(terms, first)
        self.check_outputs(Xb.shape, [term.shape for term in shapes])
        zeros = jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), shapes)
        sums, _ = lax.fori_loop(0, self.copies, step, (zeros, first))
        means = [
            self._from_mean(term / self.copies, ending, axis)
            for term, ending, axis in zip(sums, endings, forward.unit_axes, strict=True)
        ]
        return means[0] if len(means) == 1 else tuple(means)

    def copy(self, i: Any, key: jax.Array, Xb: Any) -> Any:
        """Compute one of the copies.

        Parameters
        ----------
        i : int
            Index of the copy.
        key : jax key
        Xb : array of shape (n, ...)

        Returns
        -------
        array of shape (n, ...)
        """
        if isinstance(Xb, dict):
            raise self.error(f"X must be one array, got a dict of {', '.join(Xb)}")
        key, rest = jax.random.fold_in(key, i), i
        for number, change in enumerate(self._all()):
            shape = Xb.shape
            if isinstance(change, Grid):
                Xb = change(rest if change.size else i, self.copies, Xb)
                rest = rest // (change.size or 1)
            else:
                Xb = _same_for_all_rows(change, jax.random.fold_in(key, number), Xb)
            if Xb.shape != shape:
                raise TransformError(
                    f"{type(change).__name__}: X must keep its shape {shape}, got {Xb.shape}"
                )
        return Xb

    def check_outputs(self, images: tuple[Any, ...], outputs: Iterable[tuple[Any, ...]]) -> None:
        """Raise `TransformError` if pixels move that have outputs of their own.

        Parameters
        ----------
        images : tuple of int
            Shape of a batch.
        outputs : iterable of tuple of int
            Shapes of the outputs for a batch.
        """
        moving = [type(one).__name__ for one in moving_transforms(self)]
        for output in outputs:
            if moving and holds_pixels(output[1:], images[1:]):
                raise self.error(
                    "transforms must leave pixels where they are for an output with values for "
                    f"each pixel, {describe_rows(output[1:])}, because predictions are not moved "
                    f"back, got {', '.join(moving)}"
                )

    def _all(self) -> tuple[Any, ...]:
        return self.transforms if isinstance(self.transforms, tuple) else (self.transforms,)

    def _sizes(self) -> list[int | None]:
        return [one.size if isinstance(one, Grid) else None for one in self._all()]

    def _combinations(self) -> int:
        return math.prod(size or 1 for size in self._sizes())

    def _term(self, output: jax.Array, ending: Any) -> jax.Array:
        """Return the values to average: logits, up to a constant, for geometric means."""
        if self.combine == "geometric" and ending is softmax:
            return jnp.log(jnp.maximum(output, _TINY))
        if self.combine == "geometric" and ending is sigmoid:
            output = jnp.clip(output, _TINY, 1 - _TINY)
            return jnp.log(output) - jnp.log1p(-output)
        return output

    def _from_mean(self, mean: jax.Array, ending: Any, axis: int) -> jax.Array:
        """Return the prediction for a mean of values from `_term`."""
        if self.combine == "geometric" and ending is softmax:
            return jax.nn.softmax(mean, axis=axis)
        return sigmoid(mean) if self.combine == "geometric" and ending is sigmoid else mean


_TINY = 1e-7


def _same_for_all_rows(transform: TransformFunction, key: jax.Array, Xb: jax.Array) -> jax.Array:
    """Apply a transform to each row with the same random numbers."""
    return jax.vmap(lambda row: transform(key, row[None], None)[0][0])(Xb)
