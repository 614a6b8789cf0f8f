"""Nonlinearities as operators of ONNX."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from .. import nonlinearities as own
from .writer import Writer

Write = Callable[[Writer, str, int], str]


class NoCounterpartError(ValueError):
    """What operators of ONNX cannot express one by one, so that it must be traced."""


def write_function(writer: Writer, function: Any, x: str, axis: int) -> str:
    """Write a nonlinearity and return the name of its output.

    Parameters
    ----------
    writer : Writer
    function : callable or None
        None is the identity.
    x : str
        Name of the input.
    axis : int
        Axis of the units.

    Raises
    ------
    NoCounterpartError
        For a function that is not known.
    """
    try:
        write = FUNCTIONS.get(function)
    except TypeError:  # a callable that has no hash
        write = None
    if write is not None:
        return write(writer, x, axis)
    if type(function) not in CLASSES:
        raise NoCounterpartError(f"the function {function!r} is not known")
    return CLASSES[type(function)](writer, function, x)


def _identity(writer: Writer, x: str, axis: int) -> str:
    return x


def _operator(op: str, **attributes: Any) -> Write:
    return lambda writer, x, axis: writer.add(op, x, **attributes)


def _softmax(writer: Writer, x: str, axis: int) -> str:
    return writer.add("Softmax", x, axis=axis)


def _silu(writer: Writer, x: str, axis: int) -> str:
    return writer.add("Mul", x, writer.add("Sigmoid", x))


def _relu6(writer: Writer, x: str, axis: int) -> str:
    return writer.add("Clip", x, writer.constant(0.0, "low"), writer.constant(6.0, "high"))


FUNCTIONS: dict[Any, Write] = {
    None: _identity,
    own.linear: _identity,
    own.rectify: _operator("Relu"),
    jax.nn.relu: _operator("Relu"),
    own.sigmoid: _operator("Sigmoid"),
    jax.nn.sigmoid: _operator("Sigmoid"),
    own.tanh: _operator("Tanh"),
    jnp.tanh: _operator("Tanh"),
    jax.nn.tanh: _operator("Tanh"),
    own.softmax: _softmax,
    jax.nn.softmax: _softmax,
    own.elu: _operator("Elu"),
    jax.nn.elu: _operator("Elu"),
    jax.nn.selu: _operator("Selu"),
    jax.nn.leaky_relu: _operator("LeakyRelu", alpha=0.01),
    own.gelu: _operator("Gelu"),
    jax.nn.gelu: _operator("Gelu", approximate="tanh"),
    own.silu: _silu,
    jax.nn.silu: _silu,
    own.relu6: _relu6,
    jax.nn.relu6: _relu6,
    own.hard_swish: _operator("HardSwish"),
    jax.nn.hard_swish: _operator("HardSwish"),
    own.exponential: _operator("Exp"),
    jnp.exp: _operator("Exp"),
    own.softplus: _operator("Softplus"),
    jax.nn.softplus: _operator("Softplus"),
}
"""Functions of skconv and JAX."""


def _leaky(writer: Writer, function: own.LeakyRectify, x: str) -> str:
    return writer.add("LeakyRelu", x, alpha=float(function.leakiness))


def _scaled_tanh(writer: Writer, function: own.ScaledTanH, x: str) -> str:
    x = writer.add("Mul", x, writer.constant(function.scale_in, "scale_in"))
    return writer.add("Mul", writer.add("Tanh", x), writer.constant(function.scale_out))


def _selu(writer: Writer, function: own.SELU, x: str) -> str:
    x = writer.add("Elu", x, alpha=float(function.scale_neg))
    return writer.add("Mul", x, writer.constant(function.scale, "scale"))


def _power(writer: Writer, function: own.Power, x: str) -> str:
    x = writer.add("Mul", x, writer.constant(function.scale, "scale"))
    x = writer.add("Add", x, writer.constant(function.shift, "shift"))
    if math.isclose(function.power, 1):
        return x
    return writer.add("Pow", x, writer.constant(function.power, "power"))


CLASSES: dict[type, Callable[[Writer, Any, str], str]] = {
    own.LeakyRectify: _leaky,
    own.ScaledTanH: _scaled_tanh,
    own.SELU: _selu,
    own.Power: _power,
}
"""Functions with parameters."""
