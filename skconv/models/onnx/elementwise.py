"""Elementwise operators and normalizations of ONNX as layers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ... import nonlinearities as own
from ...layers import (
    BatchNormLayer,
    BiasLayer,
    DropoutLayer,
    ElemwiseMergeLayer,
    ElemwiseSumLayer,
    InstanceNormLayer,
    LayerNormLayer,
    NonlinearityLayer,
    ParametricRectifierLayer,
    ScaleLayer,
)
from ..caffe.graph import Tensor
from .messages import OnnxNode
from .net import OnnxNet, row_axis
from .windows import UPSCALES

Operator = Callable[[OnnxNet, OnnxNode], Tensor]


def _activated(net: OnnxNet, node: OnnxNode, function: Any) -> Tensor:
    return net.add(node, NonlinearityLayer, [net.tensor(node)], nonlinearity=function)


def _fixed(function: Any) -> Operator:
    return lambda net, node: _activated(net, node, function)


def leaky(net: OnnxNet, node: OnnxNode) -> Tensor:
    """Add a leaky rectifier."""
    return _activated(net, node, own.LeakyRectify(node.get("alpha", 0.01)))


def exponential(net: OnnxNet, node: OnnxNode) -> Tensor:
    """Add an exponential linear unit."""
    alpha = node.get("alpha", 1.0)
    return _activated(net, node, own.elu if alpha == 1 else own.SELU(scale_neg=alpha))


def scaled_exponential(net: OnnxNet, node: OnnxNode) -> Tensor:
    """Add a scaled exponential linear unit."""
    alpha, gamma = node.get("alpha", own.selu.scale_neg), node.get("gamma", own.selu.scale)
    return _activated(net, node, own.SELU(gamma, alpha))


def gelu(net: OnnxNet, node: OnnxNode) -> Tensor:
    """Add a Gaussian error linear unit."""
    exact = node.get("approximate", "none") == "none"
    return _activated(net, node, own.gelu if exact else jax.nn.gelu)


def clip(net: OnnxNet, node: OnnxNode) -> Tensor:
    """Add a rectifier that may saturate at 6."""
    low, high = net.setting(node, "min", 1, -math.inf), net.setting(node, "max", 2, math.inf)
    bounds = float(np.ravel(low)[0]), float(np.ravel(high)[0])
    known = {(0.0, 6.0): own.relu6, (0.0, math.inf): own.rectify}
    if bounds[1] > 3e38:
        bounds = bounds[0], math.inf
    if bounds not in known:
        raise ValueError(f"min and max must be 0 and 6, got {bounds[0]} and {bounds[1]}")
    return _activated(net, node, known[bounds])


def softmax(net: OnnxNet, node: OnnxNode) -> Tensor:
    """Add a softmax along the channels."""
    x = net.tensor(node)
    rank = len(x.shape)
    axis = node.get("axis", -1)
    if row_axis(axis, rank) != 1:
        raise ValueError(f"axis must be 1, the channels, got {axis} for a shape {x.shape}")
    return _activated(net, node, own.softmax)


def prelu(net: OnnxNet, node: OnnxNode) -> Tensor:
    """Add a rectifier with learned slopes."""
    x, slope = net.tensor(node), net.constant(node, 1)
    array, axes = _spread(slope, x)
    if axes is None:
        return _activated(net, node, own.LeakyRectify(float(array)))
    return net.add(node, ParametricRectifierLayer, [x], {"alpha": array}, shared_axes=axes)


def batch_norm(net: OnnxNet, node: OnnxNode) -> Tensor:
    """Add a batch normalization."""
    x = net.tensor(node)
    gamma, beta, mean, variance = (net.constant(node, i) for i in range(1, 5))
    if node.get("training_mode", 0):
        raise ValueError("training_mode must be 0, got 1")
    epsilon = node.get("epsilon", 1e-5)
    inv_std = 1 / np.sqrt(np.asarray(variance, np.float64) + epsilon)
    weights = {"gamma": gamma, "beta": beta, "mean": mean, "inv_std": inv_std}
    return net.add(node, BatchNormLayer, [x], weights, epsilon=epsilon)


def instance_norm(net: OnnxNet, node: OnnxNode) -> Tensor:
    """Add an instance normalization."""
    weights = {"gamma": net.constant(node, 1), "beta": net.constant(node, 2)}
    epsilon = node.get("epsilon", 1e-5)
    return net.add(node, InstanceNormLayer, [net.tensor(node)], weights, epsilon=epsilon)


def layer_norm(net: OnnxNet, node: OnnxNode) -> Tensor:
    """Add a layer normalization."""
    x, beta = net.tensor(node), net.constant(node, 2)
    rank = len(x.shape)
    axes = tuple(range(row_axis(node.get("axis", -1), rank), rank))
    weights = {"gamma": net.constant(node, 1)} | ({} if beta is None else {"beta": beta})
    fields: dict[str, Any] = {} if beta is not None else {"beta": None}
    epsilon = node.get("epsilon", 1e-5)
    return net.add(node, LayerNormLayer, [x], weights, axes=axes, epsilon=epsilon, **fields)


def dropout(net: OnnxNet, node: OnnxNode) -> Tensor:
    """Add dropout, which acts when the net is trained further."""
    ratio = float(np.ravel(net.setting(node, "ratio", 1, 0.5))[0])
    return net.add(node, DropoutLayer, [net.tensor(node)], p=ratio)


def _spread(array: Any, x: Tensor) -> tuple[np.ndarray, tuple[int, ...] | None]:
    """Return a constant without axes of size one, and those axes; None for a single number."""
    array, rank = np.asarray(array), len(x.shape)
    if array.size == 1:
        return array.reshape(()), None
    shape = (1,) * (rank - array.ndim) + array.shape
    fits = all(n in (1, m) for n, m in zip(shape[1:], x.shape[1:], strict=False))
    if len(shape) != rank or shape[0] != 1 or not fits:
        raise ValueError(f"a constant of shape {array.shape} must fit an input of shape {x.shape}")
    axes = tuple(axis for axis, n in enumerate(shape) if n == 1)
    return array.reshape([n for n in shape if n != 1]), axes


def arithmetic(net: OnnxNet, node: OnnxNode) -> Tensor:
    """Add a sum, difference, product or quotient: of layers, or of a layer and a constant."""
    given = [net.values[name] for name in node.inputs]
    tensors = [value for value in given if isinstance(value, Tensor)]
    if len(tensors) == len(given):
        return _merged(net, node, tensors)
    if len(given) != 2 or not tensors:
        raise ValueError("inputs must be two values, one of which is computed")
    (x,) = tensors
    first = given[0] is x
    (constant,) = (np.asarray(v, np.float64) for v in given if not isinstance(v, Tensor))
    op = node.op
    if op == "Sub":
        op, constant = "Add", -constant if first else constant
    elif op == "Div" and first:
        op, constant = "Mul", 1 / constant
    array, axes = _spread(constant, x)
    negative = node.op == "Sub" and not first
    if op == "Div" or (negative and axes is not None) or op not in ("Add", "Mul"):
        raise ValueError("a constant must be added, subtracted, or a factor or divisor")
    if axes is None:
        number = float(array)
        given_power = {"shift": number, "scale": -1.0 if negative else 1.0}
        power = own.Power(**given_power) if op == "Add" else own.Power(scale=number)
        return _activated_of(net, node, x, power)
    if op == "Add" and (biased := _biased(net, node, x, array)) is not None:
        return biased
    cls, name = (BiasLayer, "b") if op == "Add" else (ScaleLayer, "scales")
    usual = axes == tuple(axis for axis in range(len(x.shape)) if axis != 1)
    fields: dict[str, Any] = {} if usual else {"shared_axes": axes}
    return net.add(node, cls, [x], {name: array.astype(np.float32)}, **fields)


def _activated_of(net: OnnxNet, node: OnnxNode, x: Tensor, function: Any) -> Tensor:
    return net.add(node, NonlinearityLayer, [x], nonlinearity=function)


def _biased(net: OnnxNet, node: OnnxNode, x: Tensor, array: np.ndarray) -> Tensor | None:
    """Make a constant the biases of the dense layer before, if only this node uses that."""
    before = net.graph.nodes[x.name]
    used = max(net.uses[name] for name in node.inputs if net.values[name] is x)
    is_dense = "num_units" in before.fields and before.fields.get("b", "") is None
    if not is_dense or used > 1 or array.shape != (before.fields["num_units"],):
        return None
    del before.fields["b"]
    net.weights[f"{x.name}.b"] = array.astype(np.float32)
    return x


MERGES = {"Mul": jnp.multiply, "Div": jnp.divide, "Max": jnp.maximum, "Min": jnp.minimum}


def _merged(net: OnnxNet, node: OnnxNode, tensors: Sequence[Tensor]) -> Tensor:
    """Add a merge of layers, of which some may have positions of size one."""
    rank = {len(x.shape) for x in tensors}
    if len(rank) != 1:
        raise ValueError(f"inputs must have equally many axes, got {[x.shape for x in tensors]}")
    shape = [max(sizes) for sizes in zip(*(x.shape[1:] for x in tensors), strict=True)]
    inputs = []
    for i, x in enumerate(tensors):
        factors = [n // m for n, m in zip(shape, x.shape[1:], strict=True)]
        if any(factor != 1 for factor in factors):
            if factors[0] != 1 or set(x.shape[2:]) != {1} or len(factors) - 1 not in UPSCALES:
                raise ValueError(f"inputs must fit, got {[x.shape for x in tensors]}")
            cls = UPSCALES[len(factors) - 1]
            x = net.add(node, cls, [x], part=f"_input{i}", scale_factor=tuple(factors[1:]))
        inputs.append(x)
    if len(inputs) == 1:
        return inputs[0]
    if node.op in ("Add", "Sum", "Sub"):
        fields: dict[str, Any] = {"coeffs": (1.0, -1.0)} if node.op == "Sub" else {}
        return net.add(node, ElemwiseSumLayer, inputs, **fields)
    return net.add(node, ElemwiseMergeLayer, inputs, merge_function=MERGES[node.op])


def power(net: OnnxNet, node: OnnxNode) -> Tensor:
    """Add a power with a constant exponent."""
    exponent = np.ravel(net.constant(node, 1))
    if exponent.size != 1:
        raise ValueError(f"the exponent must be one number, got {exponent.size}")
    return _activated(net, node, own.Power(float(exponent[0])))


OPERATORS: dict[str, Operator] = {
    **dict.fromkeys(("Add", "Sub", "Mul", "Div", "Sum", "Max", "Min"), arithmetic),
    "BatchNormalization": batch_norm,
    "Clip": clip,
    "Dropout": dropout,
    "Elu": exponential,
    "Exp": _fixed(own.exponential),
    "Gelu": gelu,
    "HardSwish": _fixed(own.hard_swish),
    "InstanceNormalization": instance_norm,
    "LayerNormalization": layer_norm,
    "LeakyRelu": leaky,
    "Neg": _fixed(own.Power(scale=-1.0)),
    "PRelu": prelu,
    "Pow": power,
    "Reciprocal": _fixed(own.Power(-1.0)),
    "Relu": _fixed(own.rectify),
    "Selu": scaled_exponential,
    "Sigmoid": _fixed(own.sigmoid),
    "Softmax": softmax,
    "Softplus": _fixed(own.softplus),
    "Sqrt": _fixed(own.Power(0.5)),
    "Tanh": _fixed(own.tanh),
}
"""How to add a node of each operator."""
