"""Elementwise layers and sums as operators of ONNX."""

from __future__ import annotations

from functools import reduce

import jax.numpy as jnp

from ..layers import (
    BiasLayer,
    ElemwiseMergeLayer,
    ElemwiseSumLayer,
    NonlinearityLayer,
    ParametricRectifierLayer,
    RandomizedRectifierLayer,
    ScaleLayer,
)
from ..layers.shapes import shared_axes
from .functions import NoCounterpartError
from .job import Job

MERGES = {
    jnp.add: "Add",
    jnp.multiply: "Mul",
    jnp.subtract: "Sub",
    jnp.divide: "Div",
    jnp.maximum: "Max",
    jnp.minimum: "Min",
}
"""Operators by function."""


def nonlinearity(job: Job) -> str:
    """Write a nonlinearity."""
    return job.activate(job.x)


def _shared(job: Job, name: str) -> str:
    """Add a parameter, spread over the axes along which it is shared."""
    axes = shared_axes(job.layer.shared_axes, len(job.given))
    return job.param(name, job.spread(job.params[name], axes))


def bias(job: Job) -> str:
    """Write biases."""
    return job.add("Add", job.x, _shared(job, "b")) if "b" in job.params else job.x


def scale(job: Job) -> str:
    """Write factors."""
    return job.add("Mul", job.x, _shared(job, "scales"))


def parametric_rectifier(job: Job) -> str:
    """Write a rectifier with learned slopes."""
    return job.add("PRelu", job.x, _shared(job, "alpha"))


def randomized_rectifier(job: Job) -> str:
    """Write a rectifier with the mean slope."""
    return job.add("LeakyRelu", job.x, alpha=(job.layer.lower + job.layer.upper) / 2)


def add(job: Job) -> str:
    """Write a weighted sum."""
    if job.layer.cropping is not None:
        raise NoCounterpartError("cropping is set")
    coeffs = job.layer.coeffs
    coeffs = coeffs if isinstance(coeffs, tuple) else (coeffs,) * len(job.inputs)
    parts = [
        x if c == 1 else job.add("Mul", x, job.writer.constant(c, "coeff"))
        for x, c in zip(job.inputs, coeffs, strict=True)
    ]
    return reduce(lambda a, b: job.add("Add", a, b), parts)


def merge(job: Job) -> str:
    """Write another function of several inputs."""
    op = MERGES.get(job.layer.merge_function)
    if op is None or job.layer.cropping is not None:
        raise NoCounterpartError("merge_function is not known, or cropping is set")
    return reduce(lambda a, b: job.add(op, a, b), job.inputs)


CONVERTERS = {
    NonlinearityLayer: nonlinearity,
    BiasLayer: bias,
    ScaleLayer: scale,
    ParametricRectifierLayer: parametric_rectifier,
    RandomizedRectifierLayer: randomized_rectifier,
    ElemwiseSumLayer: add,
    ElemwiseMergeLayer: merge,
}
