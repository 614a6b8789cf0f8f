"""The few names of Theano that scripts for nolearn use: shared variables and types of tensors."""

from __future__ import annotations

import re
from typing import Any

import numpy as np


class SharedVariable:
    """A number that handlers change, as a hyperparameter of a net.

    Parameters
    ----------
    value : float or array of shape ()
    name : str, optional

    Examples
    --------
    >>> rate = SharedVariable(np.float32(0.03))
    >>> rate.set_value(0.01)
    >>> rate.get_value()
    array(0.01, dtype=float32)
    """

    def __init__(self, value: Any, name: str | None = None) -> None:
        self.name = name
        self.set_value(value)

    def get_value(self, borrow: bool = False) -> np.ndarray:
        """Return the value as an array of shape (), of float32."""
        return np.array(self.number, np.float32)

    def set_value(self, new_value: Any, borrow: bool = False) -> None:
        """Set the value; a net that is training uses it from the next step on that it can.

        Raises
        ------
        TypeError
            If the value is not a number.
        """
        array = np.asarray(new_value)
        if array.shape or array.dtype.kind not in "fiu":
            what = f"an array of shape {array.shape}" if array.shape else repr(new_value)
            raise TypeError(
                f"value must be a number, got {what}; for initial weights pass the array itself, "
                "as in hidden_W=array, and share weights by the name of a layer, as in "
                "conv2_W='conv1'"
            )
        self.number = float(array)  # the same object until the next call, which nets compare by

    def __repr__(self) -> str:
        return f"<SharedVariable {self.name or ''}{'=' if self.name else ''}{self.number}>"


def shared(value: Any, name: str | None = None, **options: Any) -> SharedVariable:
    """Return a variable for a hyperparameter, such as ``update_learning_rate=shared(0.03)``.

    Parameters
    ----------
    value : float or array of shape ()
    name : str, optional
    **options
        Those of Theano, such as `borrow`, have no effect.

    Raises
    ------
    TypeError
        If the value is not a number.
    """
    return SharedVariable(value, name)


class TensorType:
    """A type of arrays, for the parameters `X_tensor_type` and `y_tensor_type`, which are unused.

    Parameters
    ----------
    dtype : str
    broadcastable : sequence of bool
        One for each axis.
    """

    def __init__(self, dtype: str, broadcastable: Any) -> None:
        self.dtype = dtype
        self.broadcastable = tuple(broadcastable)

    def __call__(self, name: str | None = None) -> Any:
        """Raise an error, as symbolic variables are not supported."""
        raise TypeError(
            f"{self!r} must not be called, because nets need no symbolic variables; pass losses "
            "and nonlinearities as functions of arrays of JAX"
        )

    def __repr__(self) -> str:
        return f"TensorType({self.dtype}, {len(self.broadcastable)} axes)"


class _Config:
    """Theano's configuration: `floatX` is float32, and settings of speed and devices are ignored.

    Examples
    --------
    >>> config.floatX
    'float32'
    """

    floatX = "float32"  # noqa: N815, Theano's name

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "floatX" and value != "float32":
            raise ValueError(f"floatX must be 'float32', in which nets compute, got {value!r}")

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            f"theano.config has floatX, but not {name}; JAX has its own, jax.config"
        )


config = _Config()

_PREFIXES = {
    "": "float32",
    "f": "float32",
    "d": "float64",
    "b": "int8",
    "w": "int16",
    "i": "int32",
    "l": "int64",
}
_AXES = {"scalar": 0, "vector": 1, "row": 2, "col": 2, "matrix": 2}
_AXES |= {f"tensor{n}": n for n in (3, 4, 5)}


def tensor_types() -> dict[str, TensorType]:
    """Return the types of `theano.tensor` by name, such as ``imatrix`` and ``tensor4``.

    Examples
    --------
    >>> tensor_types()['ivector']
    TensorType(int32, 1 axes)
    """
    return {
        prefix + kind: TensorType(dtype, (False,) * axes)
        for prefix, dtype in _PREFIXES.items()
        for kind, axes in _AXES.items()
    }


RENAMED = {
    "abs_": "jax.numpy.abs",
    "sqr": "jax.numpy.square",
    "inv": "jax.numpy.reciprocal",
    "eq": "jax.numpy.equal",
    "neq": "jax.numpy.not_equal",
    "gt": "jax.numpy.greater",
    "lt": "jax.numpy.less",
    "ge": "jax.numpy.greater_equal",
    "le": "jax.numpy.less_equal",
    "switch": "jax.numpy.where",
    "cast": "x.astype(dtype)",
    "alloc": "jax.numpy.full",
    "grad": "nothing: nets compute gradients themselves",
    "nnet": "skconv.nonlinearities and skconv.objectives, or jax.nn",
    "signal": "the pooling layers of skconv.layers",
    "shared_randomstreams": "a DropoutLayer or GaussianNoiseLayer",
}
"""What to write for names of `theano.tensor` that `jax.numpy` does not have."""


def instead_of_tensor(name: str) -> str:
    """Return what to write instead of a name of `theano.tensor`.

    Examples
    --------
    >>> instead_of_tensor('sqr'), instead_of_tensor('exp')
    ('write jax.numpy.square', 'write jax.numpy.exp')
    """
    import jax.numpy

    if name in RENAMED:
        return f"write {RENAMED[name]}"
    if hasattr(jax.numpy, name) and not re.match("_", name):
        return f"write jax.numpy.{name}"
    return "losses, nonlinearities and layers are functions of arrays of JAX"
