"""Normalizations as operators of ONNX."""

from __future__ import annotations

import numpy as np

from ..layers import (
    BatchNormLayer,
    GroupNormLayer,
    InstanceNormLayer,
    LayerNormLayer,
    NormalizationLayer,
    StandardizationLayer,
)
from ..layers.shapes import row_axes, shared_axes
from .job import Job


def batch_norm(job: Job) -> str:
    """Write a batch normalization by the running statistics."""
    params, rank = job.params, len(job.given)
    axes = shared_axes(job.layer.axes, rank, "axes")
    inv_std = np.asarray(params["inv_std"], np.float64)
    gamma = params.get("gamma", np.ones_like(inv_std))
    beta = params.get("beta", np.zeros_like(inv_std))
    if axes != shared_axes("auto", rank):
        x = job.add("Sub", job.x, job.param("mean", job.spread(params["mean"], axes)))
        x = job.add("Mul", x, job.param("gamma", job.spread(inv_std * gamma, axes)))
        return job.add("Add", x, job.param("beta", job.spread(beta, axes)))
    epsilon = float(job.layer.epsilon)
    variance = inv_std**-2 - epsilon
    if (variance < 0).any():  # statistics that were set, or loaded, with a smaller epsilon
        epsilon, variance = 0.0, inv_std**-2
    arrays = {"gamma": gamma, "beta": beta, "mean": params["mean"], "variance": variance}
    names = [job.param(name, array) for name, array in arrays.items()]
    return job.add("BatchNormalization", job.x, *names, epsilon=epsilon)


def normalization(job: Job) -> str:
    """Write a standardization by the statistics of the training set."""
    axes = shared_axes(job.layer.axes, len(job.given), "axes")
    mean, std = (job.param(n, job.spread(job.params[n], axes)) for n in ("mean", "std"))
    return job.add("Div", job.add("Sub", job.x, mean), std)


def _standardized(job: Job, axes: tuple[int, ...]) -> str:
    """Write a standardization of each row over some axes."""
    over = job.writer.integers(*axes, name="axes")
    centered = job.add("Sub", job.x, job.add("ReduceMean", job.x, over))
    variance = job.add("ReduceMean", job.add("Mul", centered, centered), over)
    epsilon = job.writer.constant(job.layer.epsilon, "epsilon")
    return job.add("Div", centered, job.add("Sqrt", job.add("Add", variance, epsilon)))


def standardization(job: Job) -> str:
    """Write a standardization of each row."""
    return _standardized(job, job.layer.standardized_axes(len(job.given)))


def _affine(job: Job, x: str, axes: tuple[int, ...]) -> str:
    for op, name in (("Mul", "gamma"), ("Add", "beta")):
        if name in job.params:
            x = job.add(op, x, job.param(name, job.spread(job.params[name], axes)))
    return x


def group_norm(job: Job) -> str:
    """Write a normalization of groups of channels."""
    rank, channels = len(job.given), job.given[1]
    is_instance = isinstance(job.layer, InstanceNormLayer)
    groups = channels if is_instance else job.layer.num_groups
    others = tuple(axis for axis in range(rank) if axis != 1)
    epsilon = float(job.layer.epsilon)
    shape = job.writer.integers(0, groups, -1, name="groups")
    ones, zeros = (job.writer.constant(np.full(groups, value)) for value in (1.0, 0.0))
    grouped = job.add("Reshape", job.x, shape)
    x = job.add("InstanceNormalization", grouped, ones, zeros, epsilon=epsilon)
    x = job.add("Reshape", x, job.add("Shape", job.x))
    return _affine(job, x, others)


def _layer_norm_of(job: Job, axis: int, rank: int) -> str:
    """Write the normalization along one axis, which the operator needs to be the last."""
    moved = [*(a for a in range(rank) if a != axis), axis]
    last = axis == rank - 1
    x = job.x if last else job.add("Transpose", job.x, perm=moved)
    gamma = job.params.get("gamma", np.ones(job.given[axis]))
    names = [job.param("gamma", gamma)] + ([job.param("beta")] if "beta" in job.params else [])
    epsilon = float(job.layer.epsilon)
    x = job.add("LayerNormalization", x, *names, axis=-1, epsilon=epsilon)
    return x if last else job.add("Transpose", x, perm=[moved.index(a) for a in range(rank)])


def layer_norm(job: Job) -> str:
    """Write a normalization of each row, or along axes of it."""
    rank, axes = len(job.given), job.layer.axes
    if axes == "auto":
        over = tuple(range(1, rank))
        others = tuple(axis for axis in range(rank) if axis != 1)
    else:
        over = row_axes(axes, rank, "axes")
        others = tuple(axis for axis in range(rank) if axis not in over)
        if len(over) == 1:
            return _layer_norm_of(job, over[0], rank)
    return _affine(job, _standardized(job, over), others)


CONVERTERS = {
    BatchNormLayer: batch_norm,
    NormalizationLayer: normalization,
    StandardizationLayer: standardization,
    GroupNormLayer: group_norm,
    InstanceNormLayer: group_norm,
    LayerNormLayer: layer_norm,
}
