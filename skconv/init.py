"""Initial values of parameters, under Lasagne's names.

An initializer is a callable ``(key, shape, dtype) -> array``, such as those of
`jax.nn.initializers`. Shapes are Lasagne's: ``(inputs, units)`` for dense layers and
``(num_filters, channels, ...)`` for convolutions.

The initializers below draw with NumPy, seeded by the key: JAX would compile a program for each
shape, which takes longer than the first epoch of a small net.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from .errors import did_you_mean
from .utils.checks import between, in_float32, is_number

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
    """Constant value `val`.

    Examples
    --------
    >>> import jax
    >>> Constant(0.5)(jax.random.key(0), (2,), float)
    array([0.5, 0.5])
    """

    val: float = 0.0

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        """Return an array of `shape`."""
        return np.full(shape, self.val, dtype)


@dataclass(frozen=True)
class Normal:
    """Normal distribution with standard deviation `std` and mean `mean`.

    Examples
    --------
    >>> import jax
    >>> key = jax.random.key(0)
    >>> W = Normal(std=0.1)(key, (200, 100), float)
    >>> print(f'{W.std():.2f}')
    0.10
    """

    std: float = 0.01
    mean: float = 0.0

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        """Draw an array of `shape`."""
        std = _non_negative("std", self.std)
        draw = _generator(key).standard_normal(shape, _drawn(dtype))
        return (self.mean + std * draw).astype(dtype)


@dataclass(frozen=True)
class Uniform:
    """Uniform distribution from ``-range`` to ``range``, or between the numbers of a pair `range`.

    With `std`, the bounds are those of that standard deviation and `mean`, as in Lasagne.

    Examples
    --------
    >>> import jax
    >>> key = jax.random.key(0)
    >>> W = Uniform(0.1)(key, (200, 100), float)
    >>> print(f'{W.min():.2f} {W.max():.2f}')
    -0.10 0.10
    """

    range: float | tuple[float, float] = 0.01
    std: float | None = None
    mean: float = 0.0

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        """Draw an array of `shape`."""
        if self.std is not None:
            half = math.sqrt(3) * _non_negative("std", self.std)
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
    """Return the dtype to draw in, since NumPy draws float32 and float64 only."""
    return np.float64 if dtype == np.float64 else np.float32


def _factor(gain: float | str) -> float:
    if isinstance(gain, str) and gain != "relu":
        raise ValueError(f"gain must be a number or 'relu', got {gain!r}")
    return math.sqrt(2) if gain == "relu" else _non_negative("gain", gain)


def _non_negative(name: str, value: Any) -> float:
    if valid := between(0.0, math.inf)(in_float32(value) if is_number(value) else value):
        raise ValueError(f"{name} must be {valid}, got {value!r}")
    return float(value)


class _Scaled:
    """Base class of initializers whose deviation depends on the fan of the shape."""

    gain: float | str

    def _deviation(self, shape: tuple[int, ...]) -> float:
        if len(shape) < 2:
            raise ValueError(
                f"shape must have two or more axes for {type(self).__name__}, got {shape}; "
                "use Normal or Uniform"
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
    """Normal distribution of variance ``2 gain² / (fan_in + fan_out)`` (Glorot and Bengio 2010).

    Parameters
    ----------
    gain : float or 'relu'
        Factor on the standard deviation; ``'relu'`` is the square root of two.

    Examples
    --------
    >>> import jax
    >>> key = jax.random.key(0)
    >>> W = GlorotNormal()(key, (200, 100), float)
    >>> print(f'{W.std():.2f} {(2 / (200 + 100)) ** 0.5:.2f}')
    0.08 0.08
    """

    gain: float | str = 1.0

    __call__ = _normal


@dataclass(frozen=True)
class GlorotUniform(_Glorot):
    """Uniform distribution of variance ``2 gain² / (fan_in + fan_out)`` (Glorot and Bengio 2010).

    Parameters
    ----------
    gain : float or 'relu'
        Factor on the standard deviation; ``'relu'`` is the square root of two.

    Examples
    --------
    >>> import jax
    >>> key = jax.random.key(0)
    >>> W = GlorotUniform()(key, (200, 100), float)
    >>> print(f'{W.std():.2f} {(2 / (200 + 100)) ** 0.5:.2f}')
    0.08 0.08
    """

    gain: float | str = 1.0

    __call__ = _uniform


@dataclass(frozen=True)
class HeNormal(_He):
    """Normal distribution of variance ``gain² / fan_in`` (He et al. 2015).

    Parameters
    ----------
    gain : float or 'relu'
        Factor on the standard deviation; ``'relu'`` is the square root of two.

    Examples
    --------
    >>> import jax
    >>> key = jax.random.key(0)
    >>> W = HeNormal(gain='relu')(key, (200, 100), float)
    >>> print(f'{W.std():.2f} {(2 / 200) ** 0.5:.2f}')
    0.10 0.10
    """

    gain: float | str = 1.0

    __call__ = _normal


@dataclass(frozen=True)
class HeUniform(_He):
    """Uniform distribution of variance ``gain² / fan_in`` (He et al. 2015).

    Parameters
    ----------
    gain : float or 'relu'
        Factor on the standard deviation; ``'relu'`` is the square root of two.

    Examples
    --------
    >>> import jax
    >>> key = jax.random.key(0)
    >>> W = HeUniform(gain='relu')(key, (200, 100), float)
    >>> print(f'{W.std():.2f} {(2 / 200) ** 0.5:.2f}')
    0.10 0.10
    """

    gain: float | str = 1.0

    __call__ = _uniform


@dataclass(frozen=True)
class Orthogonal:
    """Random orthogonal matrix times `gain` (Saxe et al. 2013).

    Axes after the first are flattened. Rows are orthogonal if they are fewer than the columns, and
    columns otherwise. The distribution is uniform (Mezzadri 2007).

    Parameters
    ----------
    gain : float or 'relu'
        Norm of the rows or columns; ``'relu'`` is the square root of two.

    Examples
    --------
    >>> import jax
    >>> key = jax.random.key(0)
    >>> W = Orthogonal()(key, (200, 100), float)
    >>> bool(abs(W.T @ W - np.eye(100)).max() < 1e-6)
    True
    """

    gain: float | str = 1.0

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        """Draw an array of `shape`."""
        if len(shape) < 2:
            raise ValueError(
                f"shape must have two or more axes for Orthogonal, got {shape}; "
                "use Normal or Uniform"
            )
        rows, columns = shape[0], math.prod(shape[1:])
        drawn = _generator(key).standard_normal((max(rows, columns), min(rows, columns)))
        matrix, triangle = np.linalg.qr(drawn)
        matrix = matrix * np.sign(np.diag(triangle))  # LAPACK's signs are not random
        matrix = matrix if rows >= columns else matrix.T
        return (_factor(self.gain) * matrix).reshape(shape).astype(dtype)


@dataclass(frozen=True)
class Sparse:
    """Normal distribution at some positions of each column, zero elsewhere (Martens 2010).

    Parameters
    ----------
    sparsity : float
        Fraction of nonzero elements in each column, between 0 and 1.
    std : float
        Standard deviation of the nonzero elements.

    Examples
    --------
    >>> import jax
    >>> key = jax.random.key(0)
    >>> W = Sparse(sparsity=0.1)(key, (200, 100), float)
    >>> (W != 0).sum(axis=0)[:3]
    array([20, 20, 20])
    """

    sparsity: float = 0.1
    std: float = 0.01

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        """Draw an array of `shape`, which must have two axes."""
        if len(shape) != 2:
            raise ValueError(f"shape must have two axes for Sparse, got {shape}")
        if not 0 <= self.sparsity <= 1:
            raise ValueError(
                f"sparsity must be a number between 0.0 and 1.0, got {self.sparsity!r}"
            )
        generator = _generator(key)
        full = generator.normal(0, _non_negative("std", self.std), shape)
        place = generator.permuted(np.tile(np.arange(shape[0]), (shape[1], 1)), axis=1).T
        return np.where(place < round(self.sparsity * shape[0]), full, 0).astype(dtype)


class Array:
    """Given values, as an initializer that can be compared and hashed.

    Examples
    --------
    >>> import jax
    >>> Array([1.0, 2.0])(jax.random.key(0), (2,), float)
    array([1., 2.])
    """

    def __init__(self, values: Any) -> None:
        self.values = np.array(values)

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        """Return the values, which must have that `shape`."""
        if self.values.shape != tuple(shape):
            raise ValueError(f"the array must have shape {shape}, got {self.values.shape}")
        return self.values.astype(dtype)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Array) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[Any, ...]:
        return self.values.shape, self.values.dtype.str, self.values.tobytes()

    def __repr__(self) -> str:
        return f"Array(shape={self.values.shape})"


NAMED: dict[str, Any] = {
    "zeros": Constant(0.0),
    "ones": Constant(1.0),
    "normal": Normal(),
    "uniform": Uniform(),
    "orthogonal": Orthogonal(),
    "sparse": Sparse(),
    **dict.fromkeys(("glorot_normal", "xavier_normal"), GlorotNormal()),
    **dict.fromkeys(("glorot_uniform", "xavier_uniform"), GlorotUniform()),
    **dict.fromkeys(("he_normal", "kaiming_normal"), HeNormal("relu")),
    **dict.fromkeys(("he_uniform", "kaiming_uniform"), HeUniform("relu")),
    "lecun_normal": HeNormal(),
    "lecun_uniform": HeUniform(),
}
"""Initializers by the names that Keras and torch use, with their variances."""


def as_initializer(value: Any) -> Any:
    """Return the initializer for a parameter's initial value.

    Parameters
    ----------
    value : callable, str, float or array-like
        An initializer is returned unchanged; a number becomes `Constant`, anything else `Array`.
        Names are ``'zeros'``, ``'ones'``, ``'normal'``, ``'uniform'``, ``'orthogonal'``,
        ``'sparse'``, ``'glorot_normal'`` or ``'xavier_normal'``, ``'he_normal'`` or
        ``'kaiming_normal'`` (variance ``2 / fan_in``), ``'lecun_normal'`` (``1 / fan_in``), and
        the same with ``uniform``.

    Returns
    -------
    callable

    Raises
    ------
    TypeError
        For the class of an initializer instead of an instance, or a bool.
    ValueError
        For an unknown name.

    Examples
    --------
    >>> as_initializer(0.5)
    Constant(val=0.5)
    >>> as_initializer([[1.0, 2.0]])
    Array(shape=(1, 2))
    >>> as_initializer('he_normal')
    HeNormal(gain='relu')
    """
    if isinstance(value, str):
        if value not in NAMED:
            hint = did_you_mean(value, NAMED)
            raise ValueError(f"value must be the name of an initializer, got {value!r}.{hint}")
        return NAMED[value]
    if callable(value) and not isinstance(value, type):
        return value
    if isinstance(value, type | bool | np.bool_):
        hint = f"; write {value.__name__}()" if isinstance(value, type) else ""
        raise TypeError(f"value must be an initializer or a number, got {value!r}{hint}")
    if np.ndim(value) == 0:
        return Constant(float(value))
    return Array(value)
