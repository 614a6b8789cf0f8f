"""Layers that move values as operators of ONNX."""

from __future__ import annotations

import numpy as np

from ..layers import (
    ClassTokenLayer,
    ConcatLayer,
    DimshuffleLayer,
    EmbeddingLayer,
    FlattenLayer,
    PadLayer,
    ReshapeLayer,
    SliceLayer,
)
from ..layers.shapes import row_axis
from .functions import NoCounterpartError
from .job import Job

INT64 = 7
"""Code of the type in ONNX."""


def concat(job: Job) -> str:
    """Write a concatenation."""
    if job.layer.cropping is not None:
        raise NoCounterpartError("cropping is set")
    return job.add("Concat", *job.inputs, axis=row_axis(job.layer.axis, job.given))


def reshape(job: Job, x: str | None = None) -> str:
    """Write the shape of the output for the input, or for another value."""
    shape = job.writer.integers(0, *job.shape[1:], name="shape")
    return job.add("Reshape", x or job.x, shape)


def flatten(job: Job) -> str:
    """Write a flattening, which is one of ONNX if only the batch is kept."""
    return job.add("Flatten", job.x) if job.layer.outdim == 2 else reshape(job)


def dimshuffle(job: Job) -> str:
    """Write another order of the axes; those of size one come and go by a reshaping."""
    kept = [axis for axis in job.layer.pattern if axis != "x"]
    lost = [axis for axis in range(len(job.given)) if axis not in kept]
    x = job.add("Transpose", job.x, perm=[*kept, *lost])
    return reshape(job, x) if lost or "x" in job.layer.pattern else x


def pad(job: Job) -> str:
    """Write a padding."""
    first, rank = job.layer.batch_ndim, len(job.given)
    width = job.layer.width
    width = width if isinstance(width, tuple) else (width,) * (rank - first)
    pairs = [(0, 0)] * first + [w if isinstance(w, tuple) else (w, w) for w in width]
    pads = [before for before, _ in pairs] + [after for _, after in pairs]
    value = [job.writer.constant(job.layer.val, "val")] if job.layer.val else []
    return job.add("Pad", job.x, job.writer.integers(*pads, name="pads"), *value)


def slice_(job: Job) -> str:
    """Write a part of an axis, or a position of it."""
    axis, indices = row_axis(job.layer.axis, job.given), job.layer.indices
    size = job.given[axis]
    if not isinstance(indices, slice):
        index = job.writer.constant(indices % size, "index", np.int64)
        return job.add("Gather", job.x, index, axis=axis)
    positions = range(size)[indices]
    start, stop, step = positions.start, positions.stop, positions.step
    stop = stop if stop >= 0 else -size - 1  # a negative one counts from the end
    bounds = [job.writer.integers(n) for n in (start, stop, axis, step)]
    return job.add("Slice", job.x, *bounds)


def class_token(job: Job) -> str:
    """Write learned tokens before sequences."""
    rows = job.add("Shape", job.x, start=0, end=1)
    W = job.params["W"]
    tokens = job.param("W", W[None])
    rest = job.writer.integers(*W.shape, name="shape")
    tokens = job.add("Expand", tokens, job.add("Concat", rows, rest, axis=0))
    return job.add("Concat", tokens, job.x, axis=1)


def embedding(job: Job) -> str:
    """Write the look-up of vectors."""
    layer, W = job.layer, job.param("W")
    low, high = (job.writer.constant(n) for n in (0, layer.input_size - 1))
    index = job.add("Cast", job.add("Clip", job.x, low, high), to=INT64)
    if layer.unknown:
        same = job.add("Equal", job.add("Cast", index, to=1), job.x)
        unknown = job.writer.constant(layer.input_size, "unknown", np.int64)
        index = job.add("Where", same, index, unknown)
    return job.add("Gather", W, index, axis=0)


CONVERTERS = {
    ConcatLayer: concat,
    FlattenLayer: flatten,
    ReshapeLayer: reshape,
    DimshuffleLayer: dimshuffle,
    PadLayer: pad,
    SliceLayer: slice_,
    ClassTokenLayer: class_token,
    EmbeddingLayer: embedding,
}
