"""Operators of ONNX that move values as layers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...layers import ConcatLayer, DimshuffleLayer, PadLayer, ReshapeLayer, SliceLayer
from ..caffe.graph import Tensor
from .messages import OnnxNode
from .net import OnnxNet, listed, row_axis, same_sides


def flatten(net: OnnxNet, node: OnnxNode) -> Tensor:
    """Add a flattening."""
    if node.get("axis", 1) != 1:
        raise ValueError(f"axis must be 1, after the batch, got {node.get('axis', 1)}")
    return net.flat(node, net.tensor(node))


def reshape(net: OnnxNet, node: OnnxNode) -> Tensor:
    """Add another shape of the rows."""
    x = net.tensor(node)
    sizes = listed(net.constant(node, 1))
    given = x.shape
    if not node.get("allowzero", 0):
        zeros = (0, *given[1:])
        sizes = [n if n != 0 or i >= len(given) else zeros[i] for i, n in enumerate(sizes)]
    row = math.prod(given[1:])
    rest = sizes[1:]
    known = math.prod(n for n in rest if n not in (-1, None))
    if None in rest or rest.count(-1) > 1 or not known or row % known:
        raise ValueError(f"shape must keep rows apart, got {sizes} for {given}")
    if sizes[:1] == [-1] and (-1 in rest or known != row):
        raise ValueError(f"shape must keep rows apart, got {sizes} for {given}")
    rest = [row // known if n == -1 else n for n in rest]
    if math.prod(rest) != row:
        raise ValueError(f"shape must hold rows of {row} values, got {sizes}")
    return _shaped(net, node, x, rest)


def _shaped(net: OnnxNet, node: OnnxNode, x: Tensor, row: list[int]) -> Tensor:
    if tuple(row) == x.shape[1:]:
        return x
    if len(row) == 1:
        return net.flat(node, x)
    return net.add(node, ReshapeLayer, [x], shape=([0], *row))


def squeeze(net: OnnxNet, node: OnnxNode) -> Tensor:
    """Drop axes of size one."""
    x = net.tensor(node)
    rank = len(x.shape)
    axes = net.setting(node, "axes", 1)
    if axes is None:
        lost = {axis for axis in range(1, rank) if x.shape[axis] == 1}
    else:
        lost = {row_axis(axis, rank) for axis in listed(axes)}
    if any(x.shape[axis] != 1 for axis in lost):
        raise ValueError(f"axes must have size 1, got {sorted(lost)} of {x.shape}")
    return _shaped(net, node, x, [n for i, n in enumerate(x.shape) if i and i not in lost])


def unsqueeze(net: OnnxNet, node: OnnxNode) -> Tensor:
    """Add axes of size one."""
    x = net.tensor(node)
    axes = listed(net.setting(node, "axes", 1))
    rank = len(x.shape) + len(axes)
    new = {row_axis(axis, rank) for axis in axes}
    rest = iter(x.shape[1:])
    return _shaped(net, node, x, [1 if axis in new else next(rest) for axis in range(1, rank)])


def transpose(net: OnnxNet, node: OnnxNode) -> Tensor:
    """Add another order of the axes."""
    x = net.tensor(node)
    order = node.get("perm", list(range(len(x.shape)))[::-1])
    if order[:1] != [0]:
        raise ValueError(f"perm must start with 0, the batch, got {order}")
    if list(order) == list(range(len(x.shape))):
        return x
    return net.add(node, DimshuffleLayer, [x], pattern=tuple(order))


def concat(net: OnnxNet, node: OnnxNode) -> Tensor:
    """Add a concatenation."""
    inputs = [net.tensor(node, i) for i in range(len(node.inputs))]
    axis = row_axis(node.attributes["axis"], len(inputs[0].shape))
    fields: dict[str, Any] = {} if axis == 1 else {"axis": axis}
    return net.add(node, ConcatLayer, inputs, **fields)


def pad(net: OnnxNet, node: OnnxNode) -> Tensor:
    """Add a padding with a constant."""
    x = net.tensor(node)
    if node.get("mode", "constant") != "constant" or net.constant(node, 3) is not None:
        raise ValueError("mode must be 'constant', and axes left out")
    before, after = same_sides(listed(net.setting(node, "pads", 1)))
    if len(before) != len(x.shape) or before[0] or after[0]:
        raise ValueError(f"pads must hold two numbers for each axis of {x.shape}, 0 for the batch")
    if min((*before, *after)) < 0:
        raise ValueError("pads must be at least 0")
    value = float(np.ravel(net.setting(node, "value", 2, 0.0))[0])
    fields: dict[str, Any] = {"val": value} if value else {}
    first = 2 if not before[1] and not after[1] else 1
    width = tuple(zip(before[first:], after[first:], strict=True))
    return net.add(node, PadLayer, [x], width=width, batch_ndim=first, **fields)


def gather(net: OnnxNet, node: OnnxNode) -> Tensor:
    """Take a position of an axis."""
    x, index = net.tensor(node), np.asarray(net.constant(node, 1))
    axis = row_axis(node.get("axis", 0), len(x.shape))
    if index.ndim:
        raise ValueError(f"indices must be one integer, got an array of shape {index.shape}")
    return net.add(node, SliceLayer, [x], indices=int(index), axis=axis)


def slice_(net: OnnxNet, node: OnnxNode) -> Tensor:
    """Take parts of axes."""
    x = net.tensor(node)
    starts, ends = (listed(net.setting(node, n, i)) for n, i in (("starts", 1), ("ends", 2)))
    axes = net.setting(node, "axes", 3)
    axes = list(range(len(starts))) if axes is None else listed(axes)
    steps = net.constant(node, 4)
    steps = [1] * len(starts) if steps is None else listed(steps)
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        axis = row_axis(axis, len(x.shape))
        end = None if step < 0 and end < -x.shape[axis] else end
        x = net.add(node, SliceLayer, [x], indices=slice(start, end, step), axis=axis)
    return x


def identity(net: OnnxNet, node: OnnxNode) -> Tensor:
    """Pass an input on."""
    if node.op == "Cast" and node.get("to", 1) not in (1, 10, 11):
        raise ValueError("to must be a type of floats")
    return net.tensor(node)


OPERATORS: dict[str, Any] = {
    "Cast": identity,
    "Concat": concat,
    "Flatten": flatten,
    "Gather": gather,
    "Identity": identity,
    "Pad": pad,
    "Reshape": reshape,
    "Slice": slice_,
    "Squeeze": squeeze,
    "Transpose": transpose,
    "Unsqueeze": unsqueeze,
}
"""How to add a node of each operator."""
