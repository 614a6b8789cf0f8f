"""Nonlinearities, under Lasagne's names."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from .errors import did_you_mean
from .utils.dtypes import widened

__all__ = [
    "SELU",
    "LeakyRectify",
    "Power",
    "ScaledTanH",
    "ScaledTanh",
    "as_nonlinearity",
    "elu",
    "exponential",
    "gelu",
    "hard_swish",
    "identity",
    "leaky_rectify",
    "linear",
    "rectify",
    "relu6",
    "scaled_tanh",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "tanh",
    "very_leaky_rectify",
]


def sigmoid(x: jax.Array) -> jax.Array:
    """Logistic function, ``1 / (1 + exp(-x))``, elementwise."""
    return jax.nn.sigmoid(x)


def softmax(x: jax.Array) -> jax.Array:
    """Softmax along the last axis.

    Layers apply their nonlinearity with the channels last, so that the channels of each pixel of
    images ``(n, c, h, w)`` sum to one. Types of 16 bits are computed in float32.
    """
    return jax.nn.softmax(widened(x), axis=-1).astype(x.dtype)


def tanh(x: jax.Array) -> jax.Array:
    """Hyperbolic tangent, elementwise."""
    return jnp.tanh(x)


def rectify(x: jax.Array) -> jax.Array:
    """Rectifier, ``max(0, x)``, elementwise."""
    return jax.nn.relu(x)


@dataclass(frozen=True)
class LeakyRectify:
    """Leaky rectifier, ``x`` where positive and ``leakiness * x`` elsewhere (Maas et al. 2013).

    Parameters
    ----------
    leakiness : float
        Slope for negative inputs; 0 gives the rectifier, 1 the identity.

    Examples
    --------
    >>> print(LeakyRectify(0.1)(jnp.array([-1.0, 2.0])))
    [-0.1  2. ]
    """

    leakiness: float = 0.01

    def __call__(self, x: jax.Array) -> jax.Array:
        """Apply the function elementwise."""
        return jax.nn.leaky_relu(x, negative_slope=self.leakiness)


leaky_rectify = LeakyRectify()
"""Leaky rectifier with a slope of 0.01."""

very_leaky_rectify = LeakyRectify(1 / 3)
"""Leaky rectifier with a slope of 1/3, as used by Graham for CIFAR (2014)."""


@dataclass(frozen=True)
class ScaledTanH:
    """``scale_out * tanh(scale_in * x)``, elementwise (LeCun et al. 1998).

    Parameters
    ----------
    scale_in, scale_out : float
        LeCun et al. use 2/3 and 1.7159.

    Examples
    --------
    >>> print(ScaledTanH(2 / 3, 1.7159)(jnp.array([-1.0, 1.0])).round(3))
    [-1.  1.]
    """

    scale_in: float = 1.0
    scale_out: float = 1.0

    def __call__(self, x: jax.Array) -> jax.Array:
        """Apply the function elementwise."""
        return self.scale_out * jnp.tanh(self.scale_in * x)


ScaledTanh = ScaledTanH
"""The same class under the other spelling of Lasagne."""

scaled_tanh = ScaledTanH(2 / 3, 1.7159)
"""Hyperbolic tangent that maps 1 to 1 and -1 to -1 (LeCun et al. 1998)."""


def elu(x: jax.Array) -> jax.Array:
    """Exponential linear unit, ``x`` where positive and ``exp(x) - 1`` elsewhere (Clevert 2015)."""
    return jax.nn.elu(x)


@dataclass(frozen=True)
class SELU:
    """Scaled exponential linear unit (Klambauer et al. 2017).

    ``scale * x`` where positive and ``scale * scale_neg * (exp(x) - 1)`` elsewhere. The parameters
    of `selu` preserve mean zero and variance one from layer to layer.

    Parameters
    ----------
    scale, scale_neg : float

    Examples
    --------
    >>> print(SELU(scale=2.0)(jnp.array([0.0, 3.0])))
    [0. 6.]
    """

    scale: float = 1.0
    scale_neg: float = 1.0

    def __call__(self, x: jax.Array) -> jax.Array:
        """Apply the function elementwise."""
        return self.scale * jax.nn.elu(x, alpha=self.scale_neg)


selu = SELU(scale=1.0507009873554804934193349852946, scale_neg=1.6732632423543772848170429916717)
"""Scaled exponential linear unit with the parameters of Klambauer et al. (2017)."""


@dataclass(frozen=True)
class Power:
    """``(shift + scale * x) ** power``, elementwise.

    With a power of 1 it scales and shifts. Negative numbers have integer powers only.

    Parameters
    ----------
    power, scale, shift : float

    Examples
    --------
    >>> Power(power=2.0, scale=3.0, shift=1.0)(jnp.array([1.0])).tolist()
    [16.0]
    """

    power: float = 1.0
    scale: float = 1.0
    shift: float = 0.0

    def __call__(self, x: jax.Array) -> jax.Array:
        """Apply the function elementwise."""
        x = self.shift + self.scale * x
        if float(self.power).is_integer():  # with gradients that are finite at zero
            return jax.lax.integer_pow(x, int(self.power))
        return x**self.power


def gelu(x: jax.Array) -> jax.Array:
    """Gaussian error linear unit, ``x * Phi(x)``, elementwise (Hendrycks and Gimpel 2016)."""
    return jax.nn.gelu(x, approximate=False)


def silu(x: jax.Array) -> jax.Array:
    """Sigmoid linear unit or swish, ``x * sigmoid(x)``, elementwise (Ramachandran et al. 2017)."""
    return jax.nn.silu(x)


def relu6(x: jax.Array) -> jax.Array:
    """Rectifier that saturates at 6, ``min(max(0, x), 6)``, elementwise (Krizhevsky 2010)."""
    return jax.nn.relu6(x)


def hard_swish(x: jax.Array) -> jax.Array:
    """Piecewise swish, ``x * relu6(x + 3) / 6``, elementwise (Howard et al. 2019)."""
    return jax.nn.hard_swish(x)


def softplus(x: jax.Array) -> jax.Array:
    """Smooth rectifier, ``log(1 + exp(x))``, elementwise."""
    return jax.nn.softplus(x)


def exponential(x: jax.Array) -> jax.Array:
    """Exponential function, ``exp(x)``, elementwise, for outputs that are rates."""
    return jnp.exp(x)


def linear(x: jax.Array) -> jax.Array:
    """Identity, the same as ``nonlinearity=None``."""
    return x


identity = linear

NAMED: dict[str, Callable[[jax.Array], jax.Array]] = {
    **{name: globals()[name] for name in __all__ if name[0].islower() and name[:3] != "as_"},
    "relu": rectify,
    "logistic": sigmoid,
    "leaky_relu": leaky_rectify,
    "swish": silu,
    "hardswish": hard_swish,
    "hard_silu": hard_swish,
}
"""Nonlinearities by name: those of this module, and names that scikit-learn and Keras use."""


def as_nonlinearity(value: Any) -> Any:
    """Return the nonlinearity of a name; functions and None are returned unchanged.

    Parameters
    ----------
    value : str, callable or None
        Besides the names of this module, ``'relu'``, ``'logistic'``, ``'leaky_relu'``, ``'swish'``,
        ``'hardswish'`` and ``'hard_silu'`` are known.

    Returns
    -------
    callable or None

    Raises
    ------
    ValueError
        For an unknown name.

    Examples
    --------
    >>> as_nonlinearity('relu') is rectify, as_nonlinearity(None)
    (True, None)
    """
    if not isinstance(value, str):
        return value
    if value not in NAMED:
        raise ValueError(
            f"value must be the name of a nonlinearity, got {value!r}.{did_you_mean(value, NAMED)}"
        )
    return NAMED[value]


class OutputRange(NamedTuple):
    """The values that a nonlinearity returns.

    Parameters
    ----------
    low, high : float
        Bounds; infinite if the values grow with the input.
    sums_to_one : bool
        Whether the values along the last axis are a probability distribution.
    """

    low: float
    high: float
    sums_to_one: bool

    @property
    def is_probability(self) -> bool:
        """Whether all values are between 0 and 1."""
        return self.low >= -_SLACK and self.high <= 1 + _SLACK


_SLACK = 1e-3
"""Tolerance of comparisons with values of an `OutputRange`."""


def output_range(nonlinearity: Any) -> OutputRange | None:
    """Measure the values that a nonlinearity of any library returns.

    Parameters
    ----------
    nonlinearity : callable or None
        None is the identity.

    Returns
    -------
    OutputRange or None
        None if the function does not return numbers in the shape of its input.

    Examples
    --------
    >>> output_range(jax.nn.sigmoid)
    OutputRange(low=0.0, high=1.0, sums_to_one=False)
    >>> output_range(lambda x: 2 * x)
    OutputRange(low=-inf, high=inf, sums_to_one=False)
    """
    inner = np.concatenate([np.linspace(-10, 10, 201), [-100.0, 100.0]])
    inputs = np.concatenate([inner, [-1000.0, 1000.0]]).astype(np.float32)
    rows = np.stack([inputs, -inputs, inputs / 2], axis=1)
    try:
        outputs = np.asarray((nonlinearity or linear)(jnp.asarray(rows)), np.float64)
    except Exception:  # any function of the user's, which may need inputs of another kind
        return None
    if outputs.shape != rows.shape or np.isnan(outputs).any():
        return None
    near = outputs[: len(inner)]
    low, high = float(outputs.min()), float(outputs.max())
    return OutputRange(
        low if low >= near.min() - _SLACK else -math.inf,
        high if high <= near.max() + _SLACK else math.inf,
        low >= -_SLACK and bool(np.allclose(outputs.sum(axis=1), 1, atol=_SLACK)),
    )
