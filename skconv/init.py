"""Initial values of parameters, under Lasagne's names.

An initialiser is a callable ``(key, shape, dtype) -> array``; those of `jax.nn.initializers`
qualify as they are. Shapes are Lasagne's: ``(inputs, units)`` for dense layers and
``(num_filters, channels, ...)`` for convolutions.

Those here draw with NumPy from the key's bits: JAX would compile a program for each shape, which
takes longer than the first epoch of a small net.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

__all__ = [
    "Array",
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Normal",
    "Orthogonal",
    "Sparse",
    "Uniform",
    "as_initializer",
]


@dataclass(frozen=True)
class Constant:
    """Every element is `val`."""

    val: float = 0.0

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        """Draw an array of `shape`."""
        return np.full(shape, self.val, dtype)


@dataclass(frozen=True)
class Normal:
    """Gaussian with deviation `std` around `mean`."""

    std: float = 0.01
    mean: float = 0.0

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        """Draw an array of `shape`."""
        draw = _generator(key).standard_normal(shape, _drawn(dtype))
        return (self.mean + self.std * draw).astype(dtype)


@dataclass(frozen=True)
class Uniform:
    """Uniform between ``-range`` and ``range``, or between the two numbers of a pair `range`.

    With `std` the bounds are chosen for that deviation around `mean`, as in Lasagne.
    """

    range: float | tuple[float, float] = 0.01
    std: float | None = None
    mean: float = 0.0

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        """Draw an array of `shape`."""
        if self.std is not None:
            half = math.sqrt(3) * self.std
            low, high = self.mean - half, self.mean + half
        elif isinstance(self.range, tuple):
            low, high = self.range
        else:
            low, high = -self.range, self.range
        draw = _generator(key).random(shape, _drawn(dtype))
        return (low + (high - low) * draw).astype(dtype)


def _generator(key: jax.Array) -> np.random.Generator:
    return np.random.default_rng(np.asarray(jax.random.key_data(key)).ravel())


def _drawn(dtype: Any) -> Any:
    """Type in which numbers are drawn, for what NumPy cannot draw itself."""
    return np.float64 if dtype == np.float64 else np.float32


def _factor(gain: float | str) -> float:
    if isinstance(gain, str) and gain != "relu":
        raise ValueError(f"gain={gain!r} is not a number or 'relu'")
    return math.sqrt(2) if gain == "relu" else float(gain)


class _Scaled:
    """Scale the deviation by the fan of the shape; subclasses say how."""

    gain: float | str

    def _deviation(self, shape: tuple[int, ...]) -> float:
        if len(shape) < 2:
            raise ValueError(
                f"{type(self).__name__} works on shapes of two or more axes, not on {shape}; "
                "use Normal or Uniform there"
            )
        return _factor(self.gain) * math.sqrt(self._variance(shape))

    def _variance(self, shape: tuple[int, ...]) -> float:
        raise NotImplementedError


class _Glorot(_Scaled):
    def _variance(self, shape: tuple[int, ...]) -> float:
        return 2.0 / ((shape[0] + shape[1]) * math.prod(shape[2:]))


class _He(_Scaled):
    def _variance(self, shape: tuple[int, ...]) -> float:
        return 1.0 / (shape[0] if len(shape) == 2 else math.prod(shape[1:]))


def _normal(scaled: _Scaled, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    return Normal(scaled._deviation(shape))(key, shape, dtype)


def _uniform(scaled: _Scaled, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    return Uniform(std=scaled._deviation(shape))(key, shape, dtype)


@dataclass(frozen=True)
class GlorotNormal(_Glorot):
    """Gaussian of variance ``2 gain² / (fan_in + fan_out)`` (Glorot and Bengio 2010).

    Parameters
    ----------
    gain : float or 'relu'
        Factor on the deviation; ``'relu'`` stands for the square root of two.
    """

    gain: float | str = 1.0

    __call__ = _normal


@dataclass(frozen=True)
class GlorotUniform(_Glorot):
    """Uniform of variance ``2 gain² / (fan_in + fan_out)`` (Glorot and Bengio 2010).

    Parameters
    ----------
    gain : float or 'relu'
        Factor on the deviation; ``'relu'`` stands for the square root of two.
    """

    gain: float | str = 1.0

    __call__ = _uniform


@dataclass(frozen=True)
class HeNormal(_He):
    """Gaussian of variance ``gain² / fan_in`` (He et al. 2015).

    Parameters
    ----------
    gain : float or 'relu'
        Factor on the deviation; ``'relu'`` stands for the square root of two.
    """

    gain: float | str = 1.0

    __call__ = _normal


@dataclass(frozen=True)
class HeUniform(_He):
    """Uniform of variance ``gain² / fan_in`` (He et al. 2015).

    Parameters
    ----------
    gain : float or 'relu'
        Factor on the deviation; ``'relu'`` stands for the square root of two.
    """

    gain: float | str = 1.0

    __call__ = _uniform


@dataclass(frozen=True)
class Orthogonal:
    """Orthogonal matrix of `gain` in all directions (Saxe et al. 2013).

    Axes after the first count as one: rows are orthogonal where they are fewer than columns, and
    columns otherwise. All such matrices are as likely (Mezzadri 2007).

    Parameters
    ----------
    gain : float or 'relu'
        Length of the rows or columns; ``'relu'`` stands for the square root of two.
    """

    gain: float | str = 1.0

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        """Draw an array of `shape`."""
        if len(shape) < 2:
            raise ValueError(
                f"Orthogonal works on shapes of two or more axes, not on {shape}; "
                "use Normal or Uniform there"
            )
        rows, columns = shape[0], math.prod(shape[1:])
        drawn = _generator(key).standard_normal((max(rows, columns), min(rows, columns)))
        matrix, triangle = np.linalg.qr(drawn)
        matrix = matrix * np.sign(np.diag(triangle))  # LAPACK's own are not random
        matrix = matrix if rows >= columns else matrix.T
        return (_factor(self.gain) * matrix).reshape(shape).astype(dtype)


@dataclass(frozen=True)
class Sparse:
    """Gaussian in a few places of each column, zero elsewhere (Martens 2010).

    Parameters
    ----------
    sparsity : float
        Fraction of each column that is not zero, from 0 to 1.
    std : float
        Deviation of what is not zero.
    """

    sparsity: float = 0.1
    std: float = 0.01

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        """Draw an array of `shape`, which has two axes."""
        if len(shape) != 2:
            raise ValueError(f"Sparse works on shapes of two axes, not on {shape}")
        if not 0 <= self.sparsity <= 1:
            raise ValueError(f"sparsity={self.sparsity!r} is not a number from 0 to 1")
        generator = _generator(key)
        full = generator.normal(0, self.std, shape)
        place = generator.permuted(np.tile(np.arange(shape[0]), (shape[1], 1)), axis=1).T
        return np.where(place < round(self.sparsity * shape[0]), full, 0).astype(dtype)


class Array:
    """Given numbers, as an initialiser that can be compared and hashed."""

    def __init__(self, values: Any) -> None:
        self.values = np.array(values)

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        """Return the numbers, if they have that `shape`."""
        if self.values.shape != tuple(shape):
            raise ValueError(f"an array of shape {self.values.shape} was given, {shape} is needed")
        return self.values.astype(dtype)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Array) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[Any, ...]:
        return self.values.shape, self.values.dtype.str, self.values.tobytes()

    def __repr__(self) -> str:
        return f"Array(shape={self.values.shape})"


def as_initializer(value: Any) -> Any:
    """Turn what a user gives for a parameter into an initialiser.

    Parameters
    ----------
    value : callable, float or array-like
        An initialiser stays as it is, a number becomes `Constant`, anything else an `Array`.

    Returns
    -------
    callable

    Raises
    ------
    TypeError
        For the class of an initialiser in place of an instance, for a str and for a bool.

    Examples
    --------
    >>> as_initializer(0.5)
    Constant(val=0.5)
    >>> as_initializer([[1.0, 2.0]])
    Array(shape=(1, 2))
    """
    if isinstance(value, type):
        raise TypeError(f"{value.__name__} is a class; write {value.__name__}()")
    if callable(value):
        return value
    if isinstance(value, str):
        raise TypeError(f"{value!r} is no initialiser; skconv.init has GlorotUniform() and others")
    if isinstance(value, bool | np.bool_):
        raise TypeError(f"{value!r} is no initialiser and no number")
    if np.ndim(value) == 0:
        return Constant(float(value))
    return Array(value)
