"""Layers that look at neighbors: pooling and local response normalization."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from ...layers import (
    ElemwiseMergeLayer,
    GlobalPoolLayer,
    LocalResponseNormalization2DLayer,
    MaxPool2DLayer,
    NonlinearityLayer,
    Pool2DLayer,
    ReshapeLayer,
)
from ...nonlinearities import Power
from .graph import Graph, Tensor
from .layout import CaffeLayer
from .numbers import each_side, plain

MAX, AVERAGE = 0, 1
WITHIN_CHANNEL = 1
FLOOR = 1


def pooling(layer: CaffeLayer, graph: Graph) -> None:
    """Add a pooling, whose last windows may be incomplete."""
    (x,) = graph.inputs(layer, 1)
    param = layer.param("pooling")
    if param.pool not in (MAX, AVERAGE):
        raise ValueError("pool must be MAX or AVE, got STOCHASTIC")
    if len(x.shape) != 4:
        raise ValueError(f"the input must be images, got shape {x.shape}")
    if param.global_pooling:
        graph.set_tops(layer, [_global(layer, graph, x, average=param.pool == AVERAGE)])
        return
    pad, size = each_side(param, "pad", 2, 0), each_side(param, "kernel_size", 2)
    stride = each_side(param, "stride", 2, 1)
    fields: dict[str, Any] = {"pool_size": size, "stride": stride}
    if pad:
        fields["pad"] = pad
    if param.round_mode != FLOOR:
        fields["ignore_border"] = False
    if param.pool == AVERAGE:
        # Caffe counts the zeros of the padding, but not those beyond it
        fields["mode"] = "average_inc_pad" if pad else "average_exc_pad"
    out = graph.add(layer.name, MaxPool2DLayer if param.pool == MAX else Pool2DLayer, [x], **fields)
    if param.round_mode != FLOOR:
        _check_size(x.shape, out.shape, size, stride, pad)
    graph.set_tops(layer, [out])


def _check_size(
    shape: tuple[Any, ...], out: tuple[Any, ...], size: Any, stride: Any, pad: Any
) -> None:
    """Raise an error for windows that lie outside of the image, of which Caffe makes numbers."""
    sizes, strides, pads = (v if isinstance(v, tuple) else (v, v) for v in (size, stride, pad))
    for n, found, k, s, p in zip(shape[2:], out[2:], sizes, strides, pads, strict=True):
        wanted = -(-(n + 2 * p - k) // s) + 1
        if any(pads) and (wanted - 1) * s >= n + p:
            wanted -= 1
        if wanted != found:
            raise ValueError(
                f"the last window must touch the image, but with kernel_size {k} and stride {s} it "
                f"starts after the last of {n} pixels; crop the image, or use a larger kernel_size"
            )


def _global(layer: CaffeLayer, graph: Graph, x: Tensor, *, average: bool) -> Tensor:
    """Add a pooling of whole images, after which each channel still has one position."""
    fields = {} if average else {"pool_function": jnp.max}
    pooled = graph.add(layer.name, GlobalPoolLayer, [x], **fields)
    maps = graph.add(f"{layer.name}_maps", ReshapeLayer, [pooled], shape=([0], [1], 1, 1))
    graph.maps[maps.name] = pooled
    return maps


def lrn(layer: CaffeLayer, graph: Graph) -> None:
    """Add a local response normalization; Caffe divides alpha by the number of neighbors."""
    (x,) = graph.inputs(layer, 1)
    param = layer.param("lrn")
    size, alpha, beta = param.local_size, plain(param.alpha), plain(param.beta)
    if size < 1 or size % 2 == 0:
        raise ValueError(f"local_size must be odd, got {size}")
    if param.norm_region != WITHIN_CHANNEL:
        fields = {"alpha": alpha / size, "beta": beta, "k": plain(param.k), "n": size}
        out = graph.add(layer.name, LocalResponseNormalization2DLayer, [x], **fields)
        graph.set_tops(layer, [out])
        return
    squares = graph.add(f"{layer.name}_squares", NonlinearityLayer, [x], nonlinearity=jnp.square)
    window = {"pool_size": size, "stride": 1, "pad": size // 2, "mode": "average_inc_pad"}
    means = graph.add(f"{layer.name}_means", Pool2DLayer, [squares], **window)
    scale = Power(power=-beta, scale=alpha, shift=1.0)
    factors = graph.add(f"{layer.name}_factors", NonlinearityLayer, [means], nonlinearity=scale)
    out = graph.add(layer.name, ElemwiseMergeLayer, [x, factors], merge_function=jnp.multiply)
    graph.set_tops(layer, [out])


CONVERTERS = {"Pooling": pooling, "LRN": lrn}
