"""Filters and poolings of ONNX as layers."""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp
import numpy as np

from ...layers import (
    Conv1DLayer,
    Conv2DLayer,
    Conv3DLayer,
    DenseLayer,
    Layer,
    LocalResponseNormalization2DLayer,
    MaxPool1DLayer,
    MaxPool2DLayer,
    MaxPool3DLayer,
    PadLayer,
    Pool1DLayer,
    Pool2DLayer,
    Pool3DLayer,
    TransposedConv2DLayer,
    TransposedConv3DLayer,
    Upscale1DLayer,
    Upscale2DLayer,
    Upscale3DLayer,
)
from ..caffe.graph import Tensor
from .messages import OnnxNode
from .net import OnnxNet, listed, same_sides

Classes = dict[int, type[Layer]]

CONVOLUTIONS: Classes = {1: Conv1DLayer, 2: Conv2DLayer, 3: Conv3DLayer}
TRANSPOSED: Classes = {2: TransposedConv2DLayer, 3: TransposedConv3DLayer}
MAXIMA: Classes = {1: MaxPool1DLayer, 2: MaxPool2DLayer, 3: MaxPool3DLayer}
AVERAGES: Classes = {1: Pool1DLayer, 2: Pool2DLayer, 3: Pool3DLayer}
UPSCALES: Classes = {1: Upscale1DLayer, 2: Upscale2DLayer, 3: Upscale3DLayer}


def _class(classes: Classes, x: Tensor) -> type[Layer]:
    axes = len(x.shape) - 2
    if axes not in classes:
        known = " or ".join(map(str, classes))
        raise ValueError(f"input must have {known} axes after the channels, got {x.shape}")
    return classes[axes]


def _pads(node: OnnxNode, x: Tensor, size: Any, stride: Any, dilation: Any) -> Any:
    """Return the padding before and after each axis, or 'same_upper'."""
    auto = node.get("auto_pad", "NOTSET")
    if auto == "SAME_UPPER" and node.op == "Conv":
        return "same_upper"
    axes = len(size)
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        extents = [d * (k - 1) + 1 for k, d in zip(size, dilation, strict=True)]
        steps = zip(x.shape[2:], extents, stride, strict=True)
        totals = [max((math.ceil(n / s) - 1) * s + e - n, 0) for n, e, s in steps]
        less = tuple(total // 2 for total in totals)
        more = tuple(total - total // 2 for total in totals)
        return (less, more) if auto == "SAME_UPPER" else (more, less)
    if auto not in ("NOTSET", "VALID"):
        raise ValueError(f"auto_pad must be that of ONNX, got {auto!r}")
    pads = [0] * (2 * axes) if auto == "VALID" else node.get("pads", [0] * (2 * axes))
    if len(pads) != 2 * axes:
        raise ValueError(f"pads must hold {2 * axes} numbers, got {pads}")
    return same_sides(pads)


def _padded(net: OnnxNet, node: OnnxNode, x: Tensor, pads: Any, value: float = 0.0) -> Tensor:
    fields: dict[str, Any] = {} if value == 0 else {"val": value}
    width = tuple(zip(*pads, strict=True))
    return net.add(node, PadLayer, [x], part="_pad", width=width, **fields)


def convolution(net: OnnxNet, node: OnnxNode) -> Tensor:
    """Add a convolution."""
    x, W, b = net.tensor(node), net.constant(node, 1), net.constant(node, 2)
    cls = _class(CONVOLUTIONS, x)
    axes = len(x.shape) - 2
    if W.ndim != axes + 2:
        raise ValueError(f"filters must have {axes + 2} axes, got shape {W.shape}")
    stride, dilation = (node.get(name, [1] * axes) for name in ("strides", "dilations"))
    pads = _pads(node, x, W.shape[2:], stride, dilation)
    if pads != "same_upper" and pads[0] != pads[1]:
        x, pads = _padded(net, node, x, pads), ((0,) * axes,) * 2
    fields = {"stride": tuple(stride), "dilation": tuple(dilation)}
    fields |= {"num_groups": node.get("group", 1)}
    fields |= {"pad": pads if pads == "same_upper" else pads[0]}
    return _filtered(net, node, cls, x, W, b, W.shape[0], fields)


def transposed(net: OnnxNet, node: OnnxNode) -> Tensor:
    """Add a transposed convolution."""
    x, W, b = net.tensor(node), net.constant(node, 1), net.constant(node, 2)
    cls = _class(TRANSPOSED, x)
    axes, group = len(x.shape) - 2, node.get("group", 1)
    stride, dilation = (node.get(name, [1] * axes) for name in ("strides", "dilations"))
    if set(dilation) != {1} or node.get("auto_pad", "NOTSET") not in ("NOTSET", "VALID"):
        raise ValueError("dilations must be 1, and auto_pad 'NOTSET'")
    before, after = _pads(node, x, W.shape[2:], stride, dilation)
    further = node.get("output_padding", [0] * axes)
    if before != after or "output_shape" in node.attributes:
        raise ValueError("pads must be the same on both sides, and output_shape left out")
    fields: dict[str, Any] = {"stride": tuple(stride), "crop": before, "num_groups": group}
    if any(further):
        sizes = zip(x.shape[2:], stride, W.shape[2:], before, further, strict=True)
        fields["output_size"] = tuple((n - 1) * s + k - 2 * c + o for n, s, k, c, o in sizes)
    return _filtered(net, node, cls, x, W, b, W.shape[1] * group, fields)


def _filtered(
    net: OnnxNet,
    node: OnnxNode,
    cls: type[Layer],
    x: Tensor,
    W: Any,
    b: Any,
    filters: int,
    fields: Any,
) -> Tensor:
    """Add a layer with filters; settings that are the usual ones are left out."""
    groups = fields["num_groups"]
    ones, zeros = (1,) * (W.ndim - 2), (0,) * (W.ndim - 2)
    usual = {"stride": ones, "dilation": ones, "pad": zeros, "crop": zeros, "num_groups": 1}
    fields = {name: value for name, value in fields.items() if value != usual.get(name)}
    weights = {"W": W} if b is None else {"W": W, "b": b}
    fields |= {} if b is not None else {"b": None}
    size = tuple(W.shape[2:])
    given = {"num_filters": filters, "filter_size": size, "nonlinearity": None, **fields}
    given_channels = W.shape[0] if node.op == "ConvTranspose" else W.shape[1] * groups
    if given_channels != x.shape[1]:
        raise ValueError(f"filters of shape {W.shape} must fit an input of shape {x.shape}")
    return net.add(node, cls, [x], weights, **given)


def product(net: OnnxNet, node: OnnxNode) -> Tensor:
    """Add a dense layer for a product with constant weights."""
    x, W = net.tensor(node), net.constant(node, 1)
    b = net.constant(node, 2) if node.op == "Gemm" else None
    if node.op == "Gemm":
        if node.get("transA", 0):
            raise ValueError("transA must be 0, got 1")
        W = node.get("alpha", 1.0) * (W.T if node.get("transB", 0) else W)
        b = None if b is None else node.get("beta", 1.0) * b
    if W.ndim != 2 or W.shape[0] != x.shape[-1]:
        raise ValueError(f"weights of shape {W.shape} must fit an input of shape {x.shape}")
    fields: dict[str, Any] = {} if len(x.shape) == 2 else {"num_leading_axes": -1}
    weights = {"W": W}
    if b is None:
        fields["b"] = None
    else:
        weights["b"] = np.broadcast_to(np.ravel(b), W.shape[1:])
    return net.add(
        node, DenseLayer, [x], weights, num_units=W.shape[1], nonlinearity=None, **fields
    )


def pool(net: OnnxNet, node: OnnxNode) -> Tensor:
    """Add a pooling."""
    x, is_max = net.tensor(node), node.op == "MaxPool"
    cls = _class(MAXIMA if is_max else AVERAGES, x)
    size = tuple(node.attributes["kernel_shape"])
    axes = len(size)
    stride = tuple(node.get("strides", [1] * axes))
    if set(node.get("dilations", [1])) != {1} or node.get("storage_order", 0):
        raise ValueError("dilations must be 1, and storage_order 0")
    before, after = _pads(node, x, size, stride, [1] * axes)
    counted = bool(node.get("count_include_pad", 0))
    fields: dict[str, Any] = {"pool_size": size, "stride": stride}
    if not is_max:
        fields["mode"] = "average_inc_pad" if counted else "average_exc_pad"
    if node.get("ceil_mode", 0):
        fields["ignore_border"] = False
    if before != after:
        wider: Any = cls(**fields | {"pad": before, "ignore_border": False})
        if not counted and wider.geometry(x.shape).pads == tuple(zip(before, after, strict=True)):
            fields["ignore_border"] = False
        elif is_max or counted:
            x = _padded(net, node, x, (before, after), -math.inf if is_max else 0.0)
            before = (0,) * axes
        else:
            raise ValueError(f"pads must be the same on both sides, got {before} and {after}")
    if any(before):
        fields["pad"] = before
    return net.add(node, cls, [x], **fields)


def pool_all(net: OnnxNet, node: OnnxNode) -> Tensor:
    """Add a pooling of whole images."""
    function = None if node.op == "GlobalAveragePool" else jnp.max
    return net.pool_all(node, net.tensor(node), function)


def mean(net: OnnxNet, node: OnnxNode) -> Tensor:
    """Add the mean of all positions."""
    x = net.tensor(node)
    rank = len(x.shape)
    axes = net.setting(node, "axes", 1)
    over = sorted(axis % rank for axis in (range(rank) if axes is None else listed(axes)))
    if over != list(range(2, rank)):
        raise ValueError(f"axes must be all after the channels, got {over} of {x.shape}")
    function = None if node.op == "ReduceMean" else jnp.max
    return net.pool_all(node, x, function, keep=bool(node.get("keepdims", 1)))


def local_response(net: OnnxNet, node: OnnxNode) -> Tensor:
    """Add a local response normalization."""
    size = node.attributes["size"]
    fields = {
        "n": size,
        "alpha": node.get("alpha", 1e-4) / size,
        "beta": node.get("beta", 0.75),
        "k": node.get("bias", 1.0),
    }
    return net.add(node, LocalResponseNormalization2DLayer, [net.tensor(node)], **fields)


def resize(net: OnnxNet, node: OnnxNode) -> Tensor:
    """Add the repetition of pixels."""
    x = net.tensor(node)
    cls, rank = _class(UPSCALES, x), len(x.shape)
    scales = net.constant(node, 2 if node.op == "Resize" else 1)
    sizes = net.constant(node, 3)
    if scales is None or not np.size(scales):
        known = zip(listed(sizes)[1:], x.shape[1:], strict=True)
        scales = [1.0, *(new / old for new, old in known)]
    factors = [float(scale) for scale in np.ravel(scales)]
    how = node.get("coordinate_transformation_mode", "half_pixel")
    rounds = node.get("nearest_mode", "round_prefer_floor")
    known_way = (how, rounds) in (
        ("asymmetric", "floor"),
        ("half_pixel", "round_prefer_floor"),
        ("half_pixel", "round_prefer_ceil"),
    )
    whole = all(factor.is_integer() and factor >= 1 for factor in factors)
    if node.get("mode", "nearest") != "nearest" or not known_way or not whole:
        raise ValueError("mode must be 'nearest' with integer factors, which repeats pixels")
    if len(factors) != rank or factors[:2] != [1.0, 1.0]:
        raise ValueError(f"scales must be 1 for the batch and the channels, got {factors}")
    return net.add(node, cls, [x], scale_factor=tuple(int(factor) for factor in factors[2:]))


OPERATORS = {
    "AveragePool": pool,
    "Conv": convolution,
    "ConvTranspose": transposed,
    "Gemm": product,
    "GlobalAveragePool": pool_all,
    "GlobalMaxPool": pool_all,
    "LRN": local_response,
    "MatMul": product,
    "MaxPool": pool,
    "ReduceMax": mean,
    "ReduceMean": mean,
    "Resize": resize,
    "Upsample": resize,
}
"""How to add a node of each operator."""
