"""The floating point types in which a network computes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from ..errors import did_you_mean
from ..layers.base import Params
from .node import Node

T = TypeVar("T")

DTYPES = ("float32", "bfloat16", "float64")
"""Types in which the layers of a network may compute."""


def full_dtype(dtype: str) -> Any:
    """Return the type of everything but the layers: weights, outputs, losses and updates.

    Examples
    --------
    >>> full_dtype('bfloat16'), full_dtype('float64')
    (dtype('float32'), dtype('float64'))
    """
    return np.dtype("float64" if dtype == "float64" else "float32")


def available_dtypes() -> tuple[str, ...]:
    """Return those of `DTYPES` that JAX has enabled."""
    enabled = jax.config.jax_enable_x64  # type: ignore[attr-defined]  # JAX adds it at run time
    return DTYPES if enabled else DTYPES[:2]


def check_available(dtype: str) -> None:
    """Raise `ValueError` for the type of a network that JAX does not have enabled here."""
    if dtype not in available_dtypes():
        raise ValueError(
            f"compute_dtype must be a type that JAX has enabled, got the net's {dtype!r}"
            f"{dtype_hint(dtype)}"
        )


def dtype_hint(value: Any) -> str:
    """Return what to write instead of a value that is not the name of an available type.

    Examples
    --------
    >>> dtype_hint(np.float32)
    "; write 'float32'"
    """
    try:
        name = str(jnp.dtype(value))
    except TypeError:
        return f".{did_you_mean(value, DTYPES)}" if isinstance(value, str) else ""
    if name == "float64" and name not in available_dtypes():
        return "; call jax.config.update('jax_enable_x64', True) before anything else of JAX"
    if name == "float16":
        return "; gradients in float16 underflow, unlike those in 'bfloat16'"
    return f"; write {name!r}" if name in DTYPES else ""


def cast_floats(tree: T, dtype: Any) -> T:
    """Return a tree of arrays with those of floats in another type.

    Examples
    --------
    >>> cast_floats([jnp.zeros(2), jnp.arange(2)], jnp.bfloat16)
    [Array([0, 0], dtype=bfloat16), Array([0, 1], dtype=int32)]
    """

    def cast(array: Any) -> Any:
        floats = jnp.issubdtype(array.dtype, jnp.floating)
        return array.astype(dtype) if floats and array.dtype != dtype else array

    return jax.tree.map(cast, tree)


class LayerDtypes:
    """The types in which a layer of a network computes, and returns its output.

    Layers with weights compute in the type of the network; output layers, those that keep the full
    precision and all that feed a layer with exact inputs, in that of the weights. Others leave the
    type of their inputs, so that numbers of X reach the first layer with weights unrounded.

    Parameters
    ----------
    node : Node
    dtype : str
        Type of the network, one of `DTYPES`.
    inputs : sequence of array
    exact : bool
        Whether the output must have the full precision.
    """

    def __init__(self, node: Node, dtype: str, inputs: Sequence[jax.Array], *, exact: bool):
        own = [x.dtype for x in inputs if jnp.issubdtype(x.dtype, jnp.floating)]
        given = max(own, key=lambda one: one.itemsize, default=full_dtype(dtype))
        if exact:
            self.inside = self.outside = full_dtype(dtype)
        elif keeps_precision(node):
            self.inside, self.outside = full_dtype(dtype), given
        elif node.specs:
            self.inside = self.outside = jnp.dtype(dtype)
        else:
            self.inside = self.outside = given

    def enter(self, arrays: T) -> T:
        """Return inputs, parameters or state in the type in which the layer computes."""
        return cast_floats(arrays, self.inside)

    def leave(self, out: jax.Array) -> jax.Array:
        """Return the output in the type in which it leaves the layer."""
        return cast_floats(out, self.outside)


def keeps_precision(node: Node) -> bool:
    """Return whether a layer computes in the type of the weights, whatever that of the network."""
    own = node.layer.full_precision
    return any(not spec.trainable for spec in node.specs.values()) if own is None else own


def renewed_state(new: Params, cast: Params, kept: Params) -> Params:
    """Return the new state of a layer in the type of the old one; what it left is not rounded.

    Parameters
    ----------
    new : dict of array
        As the layer returned it.
    cast, kept : dict of array
        The old state as the layer got it, and as it was before.
    """

    def restored(name: str, value: jax.Array) -> jax.Array:
        if name not in kept:
            return value
        return kept[name] if value is cast[name] else cast_floats(value, kept[name].dtype)

    return {name: restored(name, value) for name, value in new.items()}


def device_copy(value: Any, dtype: Any) -> jax.Array:
    """Return a copy of an array on the device.

    NumPy converts it. `jax.numpy.array` compiles a program for each shape, which takes 15 to 35 ms
    in a new process (AMD EPYC, two cores, jax 0.10.2).

    Parameters
    ----------
    value : array-like
    dtype : numpy dtype

    Examples
    --------
    >>> device_copy([1, 2], np.float32)
    Array([1., 2.], dtype=float32)
    """
    return jax.device_put(np.array(value, dtype))
