"""Convolutions and dense layers as operators of ONNX."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from ..layers import (
    Conv1DLayer,
    Conv2DLayer,
    Conv3DLayer,
    DenseLayer,
    DepthwiseConv2DLayer,
    DilatedConv2DLayer,
    Layer,
    NINLayer,
    SeparableConv2DLayer,
    SqueezeExciteLayer,
    TransposedConv2DLayer,
    TransposedConv3DLayer,
)
from ..models.lenet import TableConv2DLayer
from ..ops.windows import Window
from .functions import write_function
from .job import Job


def attributes_of(window: Window) -> dict[str, Any]:
    """Return the attributes of a window."""
    return {
        "kernel_shape": window.size,
        "strides": window.stride,
        "pads": [before for before, _ in window.pads] + [after for _, after in window.pads],
    }


def _turned(W: np.ndarray, turn: bool) -> np.ndarray:
    return np.flip(W, tuple(range(2, W.ndim))) if turn else W


def _biased(job: Job, x: str) -> str:
    """Add biases that differ between positions."""
    if "b" in job.params and job.layer.untie_biases:
        return job.add("Add", x, job.param("b"))
    return x


def _tied(job: Job) -> list[str]:
    return [job.param("b")] if "b" in job.params and not job.layer.untie_biases else []


def convolution(job: Job) -> str:
    """Write a convolution."""
    W = job.params["W"]
    if isinstance(job.layer, DilatedConv2DLayer):
        W = W.swapaxes(0, 1)
    elif isinstance(job.layer, TableConv2DLayer):
        W = np.asarray(job.layer.all_filters(jnp.asarray(W), job.given[1]))
    window = job.layer.geometry(job.given)
    given = attributes_of(window) | {"dilations": window.dilation, "group": window.groups}
    W = _turned(W, job.layer.flip_filters)
    if isinstance(job.layer, SeparableConv2DLayer):
        x = job.add("Conv", job.x, job.param("W", W), **given)
        x = job.add("Conv", x, job.param("W_pointwise"), *_tied(job))
    else:
        x = job.add("Conv", job.x, job.param("W", W), *_tied(job), **given)
    return job.activate(_biased(job, x))


def transposed(job: Job) -> str:
    """Write a transposed convolution; zeros that an `output_size` appends are padding."""
    window = job.layer.geometry(job.given)
    pads = [before for before, _ in window.pads] + [max(after, 0) for _, after in window.pads]
    given = attributes_of(window) | {"pads": pads, "group": window.groups}
    W = job.param("W", _turned(job.params["W"], not job.layer.flip_filters))
    further = [max(-after, 0) for _, after in window.pads]
    x = job.add("ConvTranspose", job.x, W, **given)
    if any(further):
        widths = job.writer.integers(*[0] * (4 + len(further)), *further, name="pads")
        x = job.add("Pad", x, widths)
    for b in _tied(job):
        b_shape = (-1, *(1,) * len(further))
        spread = job.writer.integers(*b_shape, name="shape")
        x = job.add("Add", x, job.add("Reshape", b, spread))
    return job.activate(_biased(job, x))


def dense(job: Job) -> str:
    """Write a fully connected layer."""
    layer, rank = job.layer, len(job.given)
    kept = layer.num_leading_axes % rank
    x = job.x
    if kept != rank - 1:
        x = job.flat(x, kept) if rank > 1 else job.add("Reshape", x, job.writer.integers(-1, 1))
    biases = [job.param("b")] if "b" in job.params else []
    if kept == 1:
        x = job.add("Gemm", x, job.param("W"), *biases)
    else:
        x = job.add("MatMul", x, job.param("W"))
        for b in biases:
            x = job.add("Add", x, b)
    return job.activate(x)


def pointwise(job: Job) -> str:
    """Write a dense layer at each position as a convolution with filters of size one."""
    spatial = len(job.given) - 2
    if not spatial:
        x = job.add("Gemm", job.x, job.param("W"), *_tied(job))
    else:
        W = job.params["W"].T.reshape(-1, job.given[1], *(1,) * spatial)
        x = job.add("Conv", job.x, job.param("W", W), *_tied(job))
    return job.activate(_biased(job, x))


def squeeze_excite(job: Job) -> str:
    """Write a squeeze-and-excitation with convolutions of the means, as torch does."""
    ones = (1,) * (len(job.given) - 2)
    x = job.add("GlobalAveragePool", job.x)
    for number in "12":
        W = job.params[f"W{number}"].T
        biases = [job.param(f"b{number}")] if f"b{number}" in job.params else []
        x = job.add("Conv", x, job.param(f"W{number}", W.reshape(*W.shape, *ones)), *biases)
        x = write_function(job.writer, getattr(job.layer, f"nonlinearity{number}"), x, 1)
    return job.add("Mul", job.x, x)


CONVERTERS: dict[type[Layer], Callable[[Job], str]] = {
    **dict.fromkeys((Conv1DLayer, Conv2DLayer, Conv3DLayer, DilatedConv2DLayer), convolution),
    **dict.fromkeys((DepthwiseConv2DLayer, SeparableConv2DLayer, TableConv2DLayer), convolution),
    **dict.fromkeys((TransposedConv2DLayer, TransposedConv3DLayer), transposed),
    DenseLayer: dense,
    NINLayer: pointwise,
    SqueezeExciteLayer: squeeze_excite,
}
