"""Layers that join, divide and reshape blobs."""

from __future__ import annotations

import itertools
import math

import jax.numpy as jnp

from ...layers import (
    ConcatLayer,
    DimshuffleLayer,
    ElemwiseMergeLayer,
    ElemwiseSumLayer,
    ReshapeLayer,
    SliceLayer,
)
from .graph import Graph, Tensor
from .layout import CaffeLayer
from .numbers import plain, positive_axis, row_axis

PROD, SUM, MAX = 0, 1, 2


def concat(layer: CaffeLayer, graph: Graph) -> None:
    """Add a concatenation."""
    inputs, param = graph.inputs(layer), layer.param("concat")
    axis = row_axis(_old_or_new(param, "concat_dim"), len(inputs[0].shape))
    if len(inputs) == 1:
        graph.set_tops(layer, inputs)
        return
    fields = {} if axis == 1 else {"axis": axis}
    graph.set_tops(layer, [graph.add(layer.name, ConcatLayer, inputs, **fields)])


def _old_or_new(param: object, old: str) -> int:
    """Return the axis under its older name if the file has that one."""
    return int(getattr(param, old if param.HasField(old) else "axis"))  # type: ignore[attr-defined]


def eltwise(layer: CaffeLayer, graph: Graph) -> None:
    """Add a weighted sum, a product or a maximum."""
    inputs, param = graph.inputs(layer), layer.param("eltwise")
    coefficients = tuple(map(plain, param.coeff))
    if len(inputs) < 2:
        raise ValueError(f"bottom must be given two times or more, got {list(layer.bottoms)}")
    if coefficients and (len(coefficients) != len(inputs) or param.operation != SUM):
        raise ValueError(
            f"coeff must be one number for each of {len(inputs)} inputs of a SUM, got "
            f"{list(coefficients)}"
        )
    if param.operation == SUM:
        fields = {"coeffs": coefficients} if set(coefficients) - {1.0} else {}
        out = graph.add(layer.name, ElemwiseSumLayer, inputs, **fields)
    else:
        function = jnp.multiply if param.operation == PROD else jnp.maximum
        out = graph.add(layer.name, ElemwiseMergeLayer, inputs, merge_function=function)
    graph.set_tops(layer, [out])


def split(layer: CaffeLayer, graph: Graph) -> None:
    """Give the input several names."""
    (x,) = graph.inputs(layer, 1)
    graph.set_tops(layer, [x] * len(layer.tops))


def slice_(layer: CaffeLayer, graph: Graph) -> None:
    """Add one layer for each part of the input."""
    (x,) = graph.inputs(layer, 1)
    param, parts = layer.param("slice"), len(layer.tops)
    axis = row_axis(_old_or_new(param, "slice_dim"), len(x.shape))
    size, points = x.shape[axis], list(param.slice_point)
    if not points:
        if not parts or size % parts:
            raise ValueError(
                f"slice_point must be given if {size} values are not divisible by {parts} tops"
            )
        points = [size // parts * i for i in range(1, parts)]
    ends = [0, *points, size]
    if len(points) != parts - 1 or not all(a < b for a, b in itertools.pairwise(ends)):
        raise ValueError(
            f"slice_point must be {parts - 1} increasing numbers between 0 and {size}, got {points}"
        )
    tensors = []
    for i in range(parts):
        indices = slice(ends[i], ends[i + 1])
        name = f"{layer.name}_{i + 1}"
        tensors.append(graph.add(name, SliceLayer, [x], indices=indices, axis=axis))
    graph.set_tops(layer, tensors)


def flatten(layer: CaffeLayer, graph: Graph) -> None:
    """Add a layer that makes one axis of several."""
    (x,) = graph.inputs(layer, 1)
    param, rank = layer.param("flatten"), len(x.shape)
    first = row_axis(param.axis, rank)
    last = positive_axis(param.end_axis, rank, "end_axis")
    if last < first:
        raise ValueError(f"end_axis must not lie before axis {first}, got {last}")
    if (first, last) == (1, rank - 1):
        graph.set_tops(layer, [graph.flat(x, layer.name)])
        return
    sizes = (*x.shape[1:first], math.prod(x.shape[first : last + 1]), *x.shape[last + 1 :])
    graph.set_tops(layer, [_reshaped(layer, graph, x, sizes)])


def _reshaped(layer: CaffeLayer, graph: Graph, x: Tensor, sizes: tuple[int, ...]) -> Tensor:
    if sizes == x.shape[1:]:
        return x
    if len(sizes) == 1:
        return graph.flat(x, layer.name)
    return graph.add(layer.name, ReshapeLayer, [x], shape=([0], *sizes))


def reshape(layer: CaffeLayer, graph: Graph) -> None:
    """Add a layer that gives the values of each row another shape."""
    (x,) = graph.inputs(layer, 1)
    param = layer.param("reshape")
    given = [graph.batch, *x.shape[1:]]
    rank = len(given)
    # -1 is the place after the last axis
    start = param.axis if param.axis >= 0 else rank + param.axis + 1
    end = rank if param.num_axes == -1 else start + param.num_axes
    if not 0 <= start <= end <= rank:
        raise ValueError(
            f"axis and num_axes must be axes of a blob of {rank} axes, got {param.axis} and "
            f"{param.num_axes}"
        )
    dims = list(param.shape.dim)
    if dims.count(-1) > 1 or any(dim < -1 for dim in dims):
        raise ValueError(f"dim must be positive, 0 or at most once -1, got {dims}")
    copied = [i for i, dim in enumerate(dims) if dim == 0]
    if any(start + i >= rank for i in copied):
        raise ValueError(f"dim must not be 0 where a blob of {rank} axes has none, got {dims}")
    middle = [given[start + i] if dim == 0 else dim for i, dim in enumerate(dims)]
    sizes = [*given[:start], *middle, *given[end:]]
    known = math.prod(size for size in sizes if size != -1)
    if -1 in sizes and known and math.prod(given) % known == 0:
        sizes[sizes.index(-1)] = math.prod(given) // known
    if -1 in sizes or math.prod(sizes) != math.prod(given):
        raise ValueError(f"dim must hold the {math.prod(given)} values of {given}, got {dims}")
    if sizes[:1] != given[:1]:
        raise ValueError(
            f"dim must keep the {graph.batch} rows apart, but {dims} makes {sizes} of {given}"
        )
    graph.set_tops(layer, [_reshaped(layer, graph, x, tuple(sizes[1:]))])


def permute(layer: CaffeLayer, graph: Graph) -> None:
    """Add a layer that reorders the axes; those that the file omits follow."""
    (x,) = graph.inputs(layer, 1)
    rank, order = len(x.shape), list(layer.param("permute").order)
    order += [axis for axis in range(rank) if axis not in order]
    if sorted(order) != list(range(rank)) or order[0] != 0:
        raise ValueError(f"order must start with 0 and hold {rank} axes once, got {order}")
    graph.set_tops(layer, [graph.add(layer.name, DimshuffleLayer, [x], pattern=tuple(order))])


def crop(layer: CaffeLayer, graph: Graph) -> None:
    """Add layers that cut the first input to the size of the second."""
    x, like = graph.inputs(layer, 2)
    graph.silenced.add(like.name)
    param, rank = layer.param("crop"), len(x.shape)
    first, offsets = row_axis(param.axis, rank), list(param.offset) or [0]
    offsets = offsets * (rank - first) if len(offsets) == 1 else offsets
    if len(offsets) != rank - first or len(like.shape) != rank:
        raise ValueError(
            f"offset must be one number, or one for each of {rank - first} axes of two blobs of "
            f"{rank} axes, got {offsets} for shapes {x.shape} and {like.shape}"
        )
    out = x
    for axis, offset in zip(range(first, rank), offsets, strict=True):
        size = like.shape[axis]
        if offset < 0 or offset + size > x.shape[axis]:
            raise ValueError(
                f"offset must leave {size} of {x.shape[axis]} values of axis {axis}, got {offset}"
            )
        if size != x.shape[axis]:
            indices = slice(offset, offset + size)
            name = f"{layer.name}_{axis}"
            out = graph.add(name, SliceLayer, [out], indices=indices, axis=axis)
    graph.set_tops(layer, [out])


CONVERTERS = {
    "Concat": concat,
    "Crop": crop,
    "Eltwise": eltwise,
    "Flatten": flatten,
    "Permute": permute,
    "Reshape": reshape,
    "Slice": slice_,
    "Split": split,
}
