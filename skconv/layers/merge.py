"""Layers that merge several inputs."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from ..errors import LayerError
from ..utils.checks import number, required_callable
from ..utils.fields import structural
from .base import Context, MergeLayer, Output, Params
from .shapes import Shape, need_traced_shape, row_axis

__all__ = ["ConcatLayer", "ElemwiseMergeLayer", "ElemwiseSumLayer", "concat"]

CROPPINGS = ("lower", "center", "upper")


def _coeffs(value: Any) -> str | None:
    values = value if isinstance(value, tuple) else (value,)
    return "a finite number, or one per input" if any(map(number, values)) else None


class _CroppingLayer(MergeLayer):
    """Base class of layers that crop their inputs to a common size."""

    cropping: Any

    def _parts(self, shapes: Sequence[Shape]) -> list[tuple[slice, ...]]:
        """Return the slices that crop each input."""
        rank = len(shapes[0])
        if {len(shape) for shape in shapes} != {rank}:
            raise LayerError(f"inputs must have equally many axes, got {_listed(shapes)}")
        given = (None,) if self.cropping is None else self.cropping
        given = given if isinstance(given, tuple) else (given,)
        words = (crop for crop in given if crop is not None)
        if len(given) > rank or not all(isinstance(w, str) and w in CROPPINGS for w in words):
            raise LayerError(
                "cropping must be None, or one of None, 'lower', 'center', 'upper' for each of "
                f"{rank} axes, got {self.cropping!r}"
            )
        given = (*given, *(None,) * (rank - len(given)))
        if given[0] is not None:
            raise LayerError(
                f"cropping must start with None, to keep all rows, got {self.cropping!r}"
            )
        parts = []
        for shape in shapes:
            cuts = [slice(None)]
            for axis in range(1, rank):
                size, least = shape[axis], min(other[axis] for other in shapes)
                start = {"center": (size - least) // 2, "upper": size - least}.get(given[axis], 0)
                cuts.append(slice(None) if given[axis] is None else slice(start, start + least))
            parts.append(tuple(cuts))
        return parts

    def _cropped_shapes(self, shapes: Sequence[Shape]) -> list[Shape]:
        return [
            (None, *(len(range(n)[cut]) for n, cut in zip(shape[1:], cuts[1:], strict=True)))
            for shape, cuts in zip(shapes, self._parts(shapes), strict=True)
        ]

    def _crop(self, inputs: Sequence[jax.Array]) -> list[jax.Array]:
        parts = self._parts([x.shape for x in inputs])
        return [x[cuts] for x, cuts in zip(inputs, parts, strict=True)]


@dataclass(frozen=True)
class ConcatLayer(_CroppingLayer):
    """Concatenate inputs.

    Parameters
    ----------
    axis : int
        Axis of the concatenation; 1 is the channels.
    cropping : sequence of None, 'lower', 'center' or 'upper', optional
        For each axis, starting with the batch, the part that is kept of inputs larger than the
        smallest; None does not crop.

    Examples
    --------
    >>> ConcatLayer().output_shape((None, 8, 6, 6), (None, 16, 6, 6))
    (None, 24, 6, 6)
    """

    axis: int = structural(1)
    cropping: Any = structural(None)

    moves_values = True

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Return the common shape, with the sizes along `axis` added."""
        shapes = self._cropped_shapes(input_shapes)
        first = shapes[0]
        axis = row_axis(self.axis, first)
        rest = {(*shape[:axis], *shape[axis + 1 :]) for shape in shapes}
        if len(rest) > 1:
            raise LayerError(f"inputs must agree on all axes but {axis}, got {_listed(shapes)}")
        return (*first[:axis], sum(shape[axis] for shape in shapes), *first[axis + 1 :])

    def apply(self, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
        """Return the concatenated inputs."""
        return jnp.concatenate(self._crop(inputs), axis=self.axis), state


concat = ConcatLayer


@dataclass(frozen=True)
class ElemwiseMergeLayer(_CroppingLayer):
    """Merge inputs of the same shape elementwise.

    Parameters
    ----------
    merge_function : callable
        ``(array, array) -> array``, such as `jax.numpy.maximum`; applied from left to right.
    cropping : sequence of None, 'lower', 'center' or 'upper', optional
        As in `ConcatLayer`.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> layer = ElemwiseMergeLayer(merge_function=jnp.maximum)
    >>> layer.output_shape((None, 8, 6, 6), (None, 8, 6, 6))
    (None, 8, 6, 6)
    """

    merge_function: Any = structural(check=required_callable)
    cropping: Any = structural(None)

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Return the common shape."""
        shape = _common(self._cropped_shapes(input_shapes))
        return need_traced_shape(shape, self._merge, "merge_function", *input_shapes)

    def _merge(self, *inputs: jax.Array) -> jax.Array:
        return functools.reduce(self.merge_function, self._crop(inputs))

    def apply(self, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
        """Return the merged inputs."""
        return self._merge(*inputs), state


@dataclass(frozen=True)
class ElemwiseSumLayer(_CroppingLayer):
    """Add inputs of the same shape.

    Parameters
    ----------
    coeffs : float or sequence of float
        Factor on each input, or one factor on all.
    cropping : sequence of None, 'lower', 'center' or 'upper', optional
        As in `ConcatLayer`.

    Examples
    --------
    >>> ElemwiseSumLayer().output_shape((None, 8, 6, 6), (None, 8, 6, 6))
    (None, 8, 6, 6)
    """

    coeffs: Any = structural(1.0, check=_coeffs)
    cropping: Any = structural(None)

    @property
    def layout(self) -> str:
        """``'any'``, unless `cropping` refers to axes of the public shape."""
        return "any" if self.cropping is None else "channels_first"

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Return the common shape."""
        if isinstance(self.coeffs, tuple) and len(self.coeffs) != len(input_shapes):
            raise LayerError(
                f"coeffs must be a number, or one per input, {len(input_shapes)}, "
                f"got {self.coeffs!r}"
            )
        return _common(self._cropped_shapes(input_shapes))

    def apply(self, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
        """Return the weighted sum."""
        coeffs = self.coeffs if isinstance(self.coeffs, tuple) else (self.coeffs,) * len(inputs)
        return sum(c * x for c, x in zip(coeffs, self._crop(inputs), strict=True)), state


def _listed(shapes: Sequence[Shape]) -> str:
    return ", ".join(map(str, shapes))


def _common(shapes: Sequence[Shape]) -> Shape:
    if len(set(shapes)) > 1:
        raise LayerError(f"inputs must have the same shape, got {_listed(shapes)}")
    return shapes[0]
