"""Layers with filters: convolutions and inner products."""

from __future__ import annotations

import math
from typing import Any

from ...layers import (
    Conv1DLayer,
    Conv2DLayer,
    Conv3DLayer,
    DenseLayer,
    Layer,
    TransposedConv2DLayer,
    TransposedConv3DLayer,
)
from .fillers import fillers
from .graph import Graph, Part
from .layout import CaffeLayer
from .numbers import each_side, row_axis

CONVOLUTIONS = {1: Conv1DLayer, 2: Conv2DLayer, 3: Conv3DLayer}
DECONVOLUTIONS = {2: TransposedConv2DLayer, 3: TransposedConv3DLayer}


def _convolve(layer: CaffeLayer, graph: Graph, *, transposed: bool) -> None:
    (x,) = graph.inputs(layer, 1)
    param, axes = layer.param("convolution"), len(x.shape) - 2
    classes: dict[int, type[Layer]] = dict(DECONVOLUTIONS if transposed else CONVOLUTIONS)
    if param.axis != 1 or axes not in classes:
        kinds = " or ".join(map(str, classes))
        raise ValueError(
            f"axis must be 1 and the input must have {kinds} further axes, got axis {param.axis} "
            f"for an input of shape {x.shape}"
        )
    size = each_side(param, "kernel_size", axes)
    outputs = _number_of_outputs(param)
    fields: dict[str, Any] = {
        "num_filters": outputs,
        "filter_size": size,
        "nonlinearity": None,
    }
    further: dict[str, tuple[Any, int]] = {
        "stride": (each_side(param, "stride", axes, 1), 1),
        "crop" if transposed else "pad": (each_side(param, "pad", axes, 0), 0),
        "dilation": (each_side(param, "dilation", axes, 1), 1),
        "num_groups": (param.group, 1),
    }
    fields |= {name: value for name, (value, usual) in further.items() if value != usual}
    if transposed and "dilation" in fields:
        raise ValueError(f"dilation must be 1 for a deconvolution, got {fields['dilation']}")
    if not param.bias_term:
        fields["b"] = None
    inputs, group = x.shape[1], max(param.group, 1)
    ends = (inputs, outputs // group) if transposed else (outputs, inputs // group)
    shape = (*ends, *(size if isinstance(size, tuple) else (size,) * axes))
    biases = {"b": "bias_filler"} if param.bias_term else {}
    fields |= fillers(param, shape, W="weight_filler", **biases)
    out = graph.add(layer.name, classes[axes], [x], **fields)
    parts = [Part((out.name, "W"), shape)]
    if param.bias_term:
        parts.append(Part((out.name, "b"), (outputs,)))
    graph.take(layer, *parts)
    graph.set_tops(layer, [out])


def convolution(layer: CaffeLayer, graph: Graph) -> None:
    """Add a convolution."""
    _convolve(layer, graph, transposed=False)


def deconvolution(layer: CaffeLayer, graph: Graph) -> None:
    """Add a transposed convolution."""
    _convolve(layer, graph, transposed=True)


def inner_product(layer: CaffeLayer, graph: Graph) -> None:
    """Add a dense layer; Caffe's weights have the units first unless they are transposed."""
    (x,) = graph.inputs(layer, 1)
    param = layer.param("inner_product")
    axis = row_axis(param.axis, len(x.shape))
    x = graph.maps.get(x.name, x) if axis == 1 else x
    inputs, units = math.prod(x.shape[axis:]), _number_of_outputs(param)
    fields: dict[str, Any] = {"num_units": units, "nonlinearity": None}
    if axis != 1:
        fields["num_leading_axes"] = axis
    if not param.bias_term:
        fields["b"] = None
    biases = {"b": "bias_filler"} if param.bias_term else {}
    fields |= fillers(param, (inputs, units), W="weight_filler", **biases)
    out = graph.add(layer.name, DenseLayer, [x], **fields)
    target = (out.name, "W")
    if param.transpose:
        parts = [Part(target, (inputs, units))]
    else:
        parts = [Part(target, (units, inputs), lambda array: array.T)]
    if param.bias_term:
        parts.append(Part((out.name, "b"), (units,)))
    graph.take(layer, *parts)
    graph.set_tops(layer, [out])


def _number_of_outputs(param: Any) -> int:
    if not param.num_output:
        raise ValueError("num_output must be given, as a positive integer")
    return param.num_output


CONVERTERS = {
    "Convolution": convolution,
    "Deconvolution": deconvolution,
    "InnerProduct": inner_product,
}
