"""Layers that join several."""

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
from .base import Context, MergeLayer, Params
from .shapes import Shape, need_traced_shape, row_axis

__all__ = ["ConcatLayer", "ElemwiseMergeLayer", "ElemwiseSumLayer"]

CROPPINGS = ("lower", "center", "upper")


def _coeffs(value: Any) -> str | None:
    values = value if isinstance(value, tuple) else (value,)
    return "a number, or one for each input" if any(map(number, values)) else None


@dataclass(frozen=True)
class _CroppingLayer(MergeLayer):
    """Cut inputs to their common size first."""

    cropping: Any = structural(None)

    def _parts(self, shapes: Sequence[Shape]) -> list[tuple[slice, ...]]:
        """Say for each input what is left of it."""
        rank = len(shapes[0])
        if {len(shape) for shape in shapes} != {rank}:
            raise LayerError(f"inputs must have as many axes, got {', '.join(map(str, shapes))}")
        given = (None,) if self.cropping is None else self.cropping
        given = given if isinstance(given, tuple) else (given,)
        words = (crop for crop in given if crop is not None)
        if len(given) > rank or not all(isinstance(w, str) and w in CROPPINGS for w in words):
            raise LayerError(
                f"cropping={self.cropping!r} is not None, nor one of None, 'lower', 'center' and "
                f"'upper' for each of {rank} axes"
            )
        given = (*given, *(None,) * (rank - len(given)))
        if given[0] is not None:
            raise LayerError(f"cropping={self.cropping!r} would leave out rows; start with None")
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
    """Put inputs side by side.

    Parameters
    ----------
    axis : int
        Axis along which they are joined; 1 is the channels.
    cropping : sequence of None, 'lower', 'center' or 'upper', optional
        For each axis, the batch first, which part is left of inputs that are larger than the
        smallest. None leaves an axis as it is.

    Examples
    --------
    >>> ConcatLayer().output_shape((None, 8, 6, 6), (None, 16, 6, 6))
    (None, 24, 6, 6)
    """

    axis: int = structural(1)

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """The common shape, with the sizes along `axis` added."""
        input_shapes = self._cropped_shapes(input_shapes)
        first = input_shapes[0]
        axis = row_axis(self.axis, first)
        rest = {(*shape[:axis], *shape[axis + 1 :]) for shape in input_shapes}
        if len(rest) > 1:
            raise LayerError(
                f"inputs must agree in all axes but {axis}, got {', '.join(map(str, input_shapes))}"
            )
        return (*first[:axis], sum(shape[axis] for shape in input_shapes), *first[axis + 1 :])

    def apply(self, params: Params, state: Params, *inputs, ctx: Context):
        """Concatenate."""
        return jnp.concatenate(self._crop(inputs), axis=self.axis), state


@dataclass(frozen=True)
class ElemwiseMergeLayer(_CroppingLayer):
    """Combine inputs of one shape, element by element.

    Parameters
    ----------
    merge_function : callable
        From two arrays to one, such as `jax.numpy.maximum`; applied from left to right.
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

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """The common shape."""
        shape = _common(self._cropped_shapes(input_shapes))
        return need_traced_shape(shape, self._merge, "merge_function", *input_shapes)

    def _merge(self, *inputs: jax.Array) -> jax.Array:
        return functools.reduce(self.merge_function, self._crop(inputs))

    def apply(self, params: Params, state: Params, *inputs, ctx: Context):
        """Combine."""
        return self._merge(*inputs), state


@dataclass(frozen=True)
class ElemwiseSumLayer(_CroppingLayer):
    """Add inputs of one shape.

    Parameters
    ----------
    coeffs : float or sequence of float
        Factor on each input, or one on all.
    cropping : sequence of None, 'lower', 'center' or 'upper', optional
        As in `ConcatLayer`.

    Examples
    --------
    >>> ElemwiseSumLayer().output_shape((None, 8, 6, 6), (None, 8, 6, 6))
    (None, 8, 6, 6)
    """

    coeffs: Any = structural(1.0, check=_coeffs)

    @property
    def layout(self) -> str:
        """Any, unless axes are counted in public shapes."""
        return "any" if self.cropping is None else "channels_first"

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """The common shape."""
        if isinstance(self.coeffs, tuple) and len(self.coeffs) != len(input_shapes):
            raise LayerError(
                f"coeffs={self.coeffs!r} has {len(self.coeffs)} numbers for "
                f"{len(input_shapes)} inputs"
            )
        return _common(self._cropped_shapes(input_shapes))

    def apply(self, params: Params, state: Params, *inputs, ctx: Context):
        """Scale and add."""
        coeffs = self.coeffs if isinstance(self.coeffs, tuple) else (self.coeffs,) * len(inputs)
        return sum(c * x for c, x in zip(coeffs, self._crop(inputs), strict=True)), state


def _common(shapes: Sequence[Shape]) -> Shape:
    if len(set(shapes)) > 1:
        raise LayerError(f"inputs must have one shape, got {', '.join(map(str, shapes))}")
    return shapes[0]
