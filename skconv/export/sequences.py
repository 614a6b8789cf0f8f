"""Recurrent layers and attention as operators of ONNX."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .. import nonlinearities as own
from ..layers import GRULayer, LSTMLayer, MultiHeadAttentionLayer, RecurrentLayer
from .functions import NoCounterpartError
from .job import Job

SIGMOID, TANH, RECTIFY = {own.sigmoid, jax.nn.sigmoid}, {own.tanh, jnp.tanh}, {own.rectify}


def _need(layer: Any, **functions: set[Any]) -> None:
    """Raise an error unless the nonlinearities of gates are those of the operator."""
    for field, known in functions.items():
        if getattr(layer, field) not in known:
            raise NoCounterpartError(f"{field} is not that of the operator")


def _steps(job: Job) -> str:
    """Write the input with the axis of time first, and one axis of features."""
    x = job.flat(job.x, 2) if len(job.given) > 3 else job.x
    return job.add("Transpose", x, perm=[1, 0, 2])


def _starts(job: Job, *names: str) -> list[str]:
    """Write the states before the first step; empty if they are zero."""
    if job.layer.mask_input is not None:
        raise NoCounterpartError("mask_input is set")
    further = [name for name in ("hid_input", "cell_input") if _is_given(job, name)]
    fed = dict(zip(further, job.inputs[1:], strict=True))
    found = []
    for name in names:
        given = fed.get(name.replace("_init", "_input"))
        if given is not None:
            found.append(job.add("Unsqueeze", given, job.writer.integers(0)))
        elif not np.any(job.params[name]):
            found.append("")
        else:
            rows = job.add("Shape", job.x, start=0, end=1)
            size = job.writer.integers(job.layer.num_units)
            shape = job.add("Concat", job.writer.integers(1), rows, size, axis=0)
            found.append(job.add("Expand", job.param(name, job.params[name][None]), shape))
    return found


def _is_given(job: Job, name: str) -> bool:
    return getattr(job.layer, name, None) is not None


def _stacked(job: Job, gates: Sequence[str], signs: Sequence[int] = ()) -> list[str]:
    """Add the weights of gates one below the other: of the input, of the last output, biases."""
    factors = signs or [1] * len(gates)

    def stack(pattern: str) -> np.ndarray:
        arrays = (f * job.params[pattern.format(g)].T for f, g in zip(factors, gates, strict=True))
        return np.concatenate(list(arrays))[None]

    W, R = stack("W_in_to_{}"), stack("W_hid_to_{}")
    names = ["b" if job.layer.gates == ("hid",) else f"b_{gate}" for gate in gates]
    zeros = np.zeros(job.layer.num_units)
    b = [f * job.params.get(name, zeros) for f, name in zip(factors, names, strict=True)]
    biases = np.concatenate([*b, *[zeros] * len(gates)])[None]
    writer = job.writer
    return [writer.constant(a, n) for a, n in ((W, "W"), (R, "R"), (biases, "B"))]


def _run(job: Job, op: str, inputs: Sequence[str], **attributes: Any) -> str:
    """Write the operator, and the outputs of all steps or of the last one."""
    direction = "reverse" if job.layer.backwards else "forward"
    attributes |= {"hidden_size": job.layer.num_units, "direction": direction}
    every, last = job.writer.add_several(op, inputs, 2, **attributes)
    if job.layer.only_return_final:
        return job.add("Squeeze", last, job.writer.integers(0))
    return job.add("Transpose", job.add("Squeeze", every, job.writer.integers(1)), perm=[1, 0, 2])


def recurrent(job: Job) -> str:
    """Write a simple recurrent layer."""
    activation = "Relu" if job.layer.nonlinearity in RECTIFY else "Tanh"
    _need(job.layer, nonlinearity=RECTIFY | TANH)
    inputs = [_steps(job), *_stacked(job, ["hid"]), "", *_starts(job, "hid_init")]
    return _run(job, "RNN", inputs, activations=[activation])


def lstm(job: Job) -> str:
    """Write a long short-term memory."""
    layer = job.layer
    gates = ("ingate", "outgate", "forgetgate")
    _need(layer, **{f"nonlinearity_{gate}": SIGMOID for gate in gates})
    _need(layer, nonlinearity_cell=TANH, nonlinearity=TANH)
    inputs = [_steps(job), *_stacked(job, [*gates, "cell"]), ""]
    inputs += _starts(job, "hid_init", "cell_init")
    if layer.peepholes:
        peepholes = np.concatenate([job.params[f"W_cell_to_{gate}"] for gate in gates])
        inputs.append(job.writer.constant(peepholes[None], "P"))
    return _run(job, "LSTM", inputs)


def gru(job: Job) -> str:
    """Write gated recurrent units, whose update gate keeps in ONNX what it replaces here."""
    layer = job.layer
    _need(layer, nonlinearity_updategate=SIGMOID, nonlinearity_resetgate=SIGMOID)
    _need(layer, nonlinearity_hidden_update=TANH)
    weights = _stacked(job, ["updategate", "resetgate", "hidden_update"], (-1, 1, 1))
    inputs = [_steps(job), *weights, "", *_starts(job, "hid_init")]
    return _run(job, "GRU", inputs, linear_before_reset=1)


def attention(job: Job) -> str:
    """Write an attention of several heads."""
    layer = job.layer
    if layer.mask_input is not None or layer.causal:
        raise NoCounterpartError("mask_input or causal is set")
    queries, keys = job.inputs[0], job.inputs[-1]
    units = job.shape[-1]
    size = units // layer.num_heads

    def heads(name: str, x: str, shape: tuple[Any, ...], perm: list[int]) -> str:
        if len(shape) > 3:
            flat = job.writer.integers(0, 0, math.prod(shape[2:]), name="shape")
            x = job.add("Reshape", x, flat)
        x = _through(job, name, x)
        x = job.add("Reshape", x, job.writer.integers(0, 0, layer.num_heads, size, name="heads"))
        return job.add("Transpose", x, perm=perm)

    q = heads("q", queries, job.shapes[0], [0, 2, 1, 3])
    k = heads("k", keys, job.shapes[-1], [0, 2, 3, 1])
    v = heads("v", keys, job.shapes[-1], [0, 2, 1, 3])
    scores = job.add("Mul", job.add("MatMul", q, k), job.writer.constant(size**-0.5, "scale"))
    found = job.add("MatMul", job.add("Softmax", scores, axis=-1), v)
    found = job.add("Transpose", found, perm=[0, 2, 1, 3])
    found = job.add("Reshape", found, job.writer.integers(0, 0, units, name="units"))
    return _through(job, "o", found)


def _through(job: Job, name: str, x: str) -> str:
    x = job.add("MatMul", x, job.param(f"W_{name}"))
    return job.add("Add", x, job.param(f"b_{name}")) if f"b_{name}" in job.params else x


CONVERTERS = {
    RecurrentLayer: recurrent,
    LSTMLayer: lstm,
    GRULayer: gru,
    MultiHeadAttentionLayer: attention,
}
