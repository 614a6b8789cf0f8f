"""Elementwise layers: nonlinearities, factors and shifts, noise."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from ...layers import (
    BatchNormLayer,
    BiasLayer,
    DropoutLayer,
    NonlinearityLayer,
    ParametricRectifierLayer,
    ScaleLayer,
)
from ...nonlinearities import (
    SELU,
    LeakyRectify,
    Power,
    elu,
    rectify,
    relu6,
    sigmoid,
    softplus,
    tanh,
)
from .fillers import fillers
from .graph import Graph, Part, Slots, Tensor
from .layout import CaffeLayer
from .numbers import plain, row_axis


def _activated(layer: CaffeLayer, graph: Graph, nonlinearity: Any, x: Tensor | None = None) -> None:
    """Add a nonlinearity of the input of a layer, or of another tensor."""
    x = x or graph.inputs(layer, 1)[0]
    out = graph.add(layer.name, NonlinearityLayer, [x], nonlinearity=nonlinearity)
    graph.set_tops(layer, [out])


def _fixed(nonlinearity: Any) -> Callable[[CaffeLayer, Graph], None]:
    def convert(layer: CaffeLayer, graph: Graph) -> None:
        _activated(layer, graph, nonlinearity)

    return convert


def relu(layer: CaffeLayer, graph: Graph) -> None:
    """Add a rectifier, which may leak."""
    slope = plain(layer.param("relu").negative_slope)
    _activated(layer, graph, LeakyRectify(slope) if slope else rectify)


def exponential_linear(layer: CaffeLayer, graph: Graph) -> None:
    """Add an exponential linear unit."""
    alpha = plain(layer.param("elu").alpha)
    _activated(layer, graph, elu if alpha == 1 else SELU(scale_neg=alpha))


def power(layer: CaffeLayer, graph: Graph) -> None:
    """Add ``(shift + scale * x) ** power``."""
    param = layer.param("power")
    values = {name: plain(getattr(param, name)) for name in ("power", "scale", "shift")}
    _activated(layer, graph, Power(**values))


def _moved(layer: CaffeLayer, graph: Graph, scale: float, shift: float) -> Tensor:
    """Return ``shift + scale * x`` of the input."""
    (x,) = graph.inputs(layer, 1)
    if scale == 1 and shift == 0:
        return x
    moved = Power(scale=scale, shift=shift)
    return graph.add(f"{layer.name}_input", NonlinearityLayer, [x], nonlinearity=moved)


def _log_of_base(base: float) -> float:
    """Return the natural logarithm of a base, of which -1 stands for e."""
    if base == -1:
        return 1.0
    if base <= 0:
        raise ValueError(f"base must be positive, or -1 for e, got {base}")
    return math.log(base)


def exp(layer: CaffeLayer, graph: Graph) -> None:
    """Add ``base ** (shift + scale * x)``."""
    param = layer.param("exp")
    factor = _log_of_base(plain(param.base))
    x = _moved(layer, graph, factor * plain(param.scale), factor * plain(param.shift))
    _activated(layer, graph, jnp.exp, x)


def log(layer: CaffeLayer, graph: Graph) -> None:
    """Add the logarithm of ``shift + scale * x`` to a base."""
    param = layer.param("log")
    divisor = _log_of_base(plain(param.base))
    if divisor == 0:
        raise ValueError("base must not be 1")
    x = _moved(layer, graph, plain(param.scale), plain(param.shift))
    if divisor == 1:
        _activated(layer, graph, jnp.log, x)
        return
    logs = graph.add(f"{layer.name}_log", NonlinearityLayer, [x], nonlinearity=jnp.log)
    _activated(layer, graph, Power(scale=1 / divisor), logs)


def dropout(layer: CaffeLayer, graph: Graph) -> None:
    """Add a dropout layer."""
    (x,) = graph.inputs(layer, 1)
    ratio = plain(layer.param("dropout").dropout_ratio)
    graph.set_tops(layer, [graph.add(layer.name, DropoutLayer, [x], p=ratio)])


def prelu(layer: CaffeLayer, graph: Graph) -> None:
    """Add a rectifier with learned slopes."""
    (x,) = graph.inputs(layer, 1)
    param = layer.param("prelu")
    fields: dict[str, Any] = fillers(param, x.shape, alpha="filler")
    if param.channel_shared:
        fields["shared_axes"] = tuple(range(len(x.shape)))
    out = graph.add(layer.name, ParametricRectifierLayer, [x], **fields)
    shape = () if param.channel_shared else (x.shape[1],)
    graph.take(layer, Part((out.name, "alpha"), shape))
    graph.set_tops(layer, [out])


def batch_norm(layer: CaffeLayer, graph: Graph) -> None:
    """Add a batch normalization, whose shift and scale are a layer of their own in Caffe."""
    (x,) = graph.inputs(layer, 1)
    param = layer.param("batch_norm")
    if param.HasField("use_global_stats") and not param.use_global_stats:
        graph.notes.append(f"{layer} predicts by running statistics, despite use_global_stats")
    epsilon, fraction = plain(param.eps), plain(param.moving_average_fraction)
    fields = {"beta": None, "gamma": None, "epsilon": epsilon, "alpha": round(1 - fraction, 9)}
    out = graph.add(layer.name, BatchNormLayer, [x], **fields)

    def convert(arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
        mean, variance, total = (array.astype(np.float64) for array in arrays)
        factor = 1 / total[0] if total[0] else 0.0
        variance = variance * factor + epsilon
        if not (np.isfinite(variance).all() and (variance > 0).all()):
            raise ValueError("its variances must be positive")
        return [mean * factor, variance**-0.5]

    channels = (x.shape[1],)
    targets = ((out.name, "mean"), (out.name, "inv_std"))
    graph.slots.append(Slots(layer, (channels, channels, (1,)), targets, convert))
    graph.set_tops(layer, [out])


def _covered(layer: CaffeLayer, param: Any, x: Tensor) -> tuple[tuple[int, ...], dict[str, Any]]:
    """Return the shape of a parameter of a scale or bias, and the fields for shared axes."""
    rank = len(x.shape)
    axis = row_axis(param.axis, rank)
    end = rank if param.num_axes == -1 else axis + param.num_axes
    if not axis <= end <= rank:
        raise ValueError(f"num_axes must be -1 or at most {rank - axis}, got {param.num_axes}")
    if (axis, end) == (1, 2):
        return x.shape[1:2], {}
    others = tuple(i for i in range(rank) if not axis <= i < end)
    return x.shape[axis:end], {"shared_axes": others}


def scale(layer: CaffeLayer, graph: Graph) -> None:
    """Add learned factors, and shifts if the layer has them."""
    (x,) = graph.inputs(layer, 1)
    param = layer.param("scale")
    shape, shared = _covered(layer, param, x)
    given = fillers(param, shape, scales="filler")
    out = graph.add(layer.name, ScaleLayer, [x], **shared, **given)
    parts = [Part((out.name, "scales"), shape)]
    if param.bias_term:
        given = fillers(param, shape, b="bias_filler")
        out = graph.add(f"{layer.name}_bias", BiasLayer, [out], **shared, **given)
        parts.append(Part((out.name, "b"), shape))
    graph.take(layer, *parts)
    graph.set_tops(layer, [out])


def bias(layer: CaffeLayer, graph: Graph) -> None:
    """Add learned shifts."""
    (x,) = graph.inputs(layer, 1)
    param = layer.param("bias")
    shape, shared = _covered(layer, param, x)
    given = fillers(param, shape, b="filler")
    out = graph.add(layer.name, BiasLayer, [x], **shared, **given)
    graph.take(layer, Part((out.name, "b"), shape))
    graph.set_tops(layer, [out])


CONVERTERS = {
    "AbsVal": _fixed(jnp.abs),
    "BNLL": _fixed(softplus),
    "BatchNorm": batch_norm,
    "Bias": bias,
    "Dropout": dropout,
    "ELU": exponential_linear,
    "Exp": exp,
    "Log": log,
    "PReLU": prelu,
    "Power": power,
    "ReLU": relu,
    "ReLU6": _fixed(relu6),
    "Scale": scale,
    "Sigmoid": _fixed(sigmoid),
    "TanH": _fixed(tanh),
}
