"""Layers that look at neighboring positions or channels as operators of ONNX."""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp

from ..layers import (
    GlobalPoolLayer,
    Layer,
    LocalResponseNormalization2DLayer,
    MaxPool1DLayer,
    MaxPool2DLayer,
    MaxPool3DLayer,
    Pool1DLayer,
    Pool2DLayer,
    Pool3DLayer,
    Upscale1DLayer,
    Upscale2DLayer,
    Upscale3DLayer,
)
from ..layers.shapes import each_axis
from ..ops.windows import Window
from .filters import attributes_of
from .functions import NoCounterpartError
from .job import Job

GLOBAL = {jnp.mean: "GlobalAveragePool", jnp.max: "GlobalMaxPool", jnp.amax: "GlobalMaxPool"}
"""Pooling of whole images by function."""


def pool(job: Job) -> str:
    """Write a pooling."""
    window, mode = job.layer.geometry(job.given), getattr(job.layer, "mode", "max")
    if mode == "max":
        return job.add("MaxPool", job.x, **attributes_of(window))
    x, spatial = job.x, len(window.size)
    if mode == "average_inc_pad":
        # zeros of incomplete windows at the border do not count, those of the padding do
        pads = each_axis(job.layer.pad, spatial, "pad")
        if any(pads):
            x = job.add("Pad", x, job.writer.integers(0, 0, *pads, 0, 0, *pads, name="pads"))
        rest = tuple((a - p, b - p) for (a, b), p in zip(window.pads, pads, strict=True))
        window = Window(window.size, window.stride, rest)
    return job.add("AveragePool", x, count_include_pad=0, **attributes_of(window))


def pool_all(job: Job) -> str:
    """Write a pooling of whole images."""
    op = GLOBAL.get(job.layer.pool_function)
    if op is None:
        raise NoCounterpartError("the function pool_function is not known")
    return job.add("Flatten", job.add(op, job.x))


def upscale(job: Job) -> str:
    """Write the repetition of pixels."""
    if job.layer.mode != "repeat":
        raise NoCounterpartError("mode is 'dilate'")
    factors = each_axis(job.layer.scale_factor, len(job.given) - 2, "scale_factor")
    scales = job.writer.constant((1, 1, *factors), "scales")
    how = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    return job.add("Resize", job.x, "", scales, mode="nearest", **how)


def local_response(job: Job) -> str:
    """Write a local response normalization, whose `alpha` ONNX divides by the channels."""
    layer = job.layer
    given = {"alpha": float(layer.alpha) * layer.n, "beta": float(layer.beta)}
    return job.add("LRN", job.x, size=layer.n, bias=float(layer.k), **given)


CONVERTERS: dict[type[Layer], Callable[[Job], str]] = {
    **dict.fromkeys((MaxPool1DLayer, MaxPool2DLayer, MaxPool3DLayer), pool),
    **dict.fromkeys((Pool1DLayer, Pool2DLayer, Pool3DLayer), pool),
    **dict.fromkeys((Upscale1DLayer, Upscale2DLayer, Upscale3DLayer), upscale),
    GlobalPoolLayer: pool_all,
    LocalResponseNormalization2DLayer: local_response,
}
