"""Strengths of transforms: a number for a range around the identity, or a pair for any range."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..utils.checks import between

Range = float | tuple[float, float]
"""A number, whose meaning is the field's, or the lowest and highest value."""

LEAST = 1e-3
"""Lowest bound of ranges of factors, whose logarithm must be finite."""


def runtime_range(
    default: float,
    low: float,
    high: float = np.inf,
    *,
    lowest: float | None = None,
    highest: float = np.inf,
) -> Any:
    """Return a `runtime` field for a number, or for a pair of the lowest and the highest value.

    Parameters
    ----------
    default : float
    low, high : float
        Bounds of a number.
    lowest, highest : float
        Bounds of the values of a pair; by default `lowest` is `low`.
    """
    one = between(low, high)
    of_pair = between(low if lowest is None else lowest, highest)

    def check(value: Any) -> str | None:
        if not isinstance(value, tuple):
            return one(value) and f"{one(None)}, or a range (low, high)"
        pair = len(value) == 2 and not any(map(of_pair, value)) and value[0] <= value[1]
        return None if pair else f"a range (low, high) with low <= high, each {of_pair(None)}"

    return _field(default, check)


def runtime_each(default: float, low: float = -np.inf, high: float = np.inf) -> Any:
    """Return a `runtime` field for a number, or for a pair of numbers for x and y."""
    check_one = between(low, high)

    def check(value: Any) -> str | None:
        values = value if isinstance(value, tuple) else (value, value)
        wrong = len(values) != 2 or any(map(check_one, values))
        return f"{check_one(None)}, or two of them for x and y" if wrong else None

    return _field(default, check)


def runtime_range_each(default: float) -> Any:
    """Return a `runtime` field for a non-negative limit or a range of shifts, of x and of y."""
    check_limit, check_shift = between(0.0, np.inf), between(-np.inf, np.inf)

    def is_range(value: Any) -> bool:
        pair = isinstance(value, tuple) and len(value) == 2
        return pair and not any(map(check_shift, value)) and value[0] <= value[1]

    def check(value: Any) -> str | None:
        values = value if isinstance(value, tuple) else (value, value)
        if len(values) == 2 and all(is_range(v) or check_limit(v) is None for v in values):
            return None
        return (
            f"{check_limit(None)}, or two of them for x and y, or a range of each as "
            "((low, high), (low, high))"
        )

    return _field(default, check)


def _field(default: float, check: Any) -> Any:
    return dataclasses.field(default=default, metadata={"kind": "runtime", "check": check})


def per_axis(value: Any) -> tuple[jax.Array, jax.Array]:
    """Return the numbers for x and y of a `runtime_each` field."""
    x, y = each_axis(value)
    return jnp.asarray(x, jnp.float32), jnp.asarray(y, jnp.float32)


def each_axis(value: Any) -> tuple[Any, Any]:
    """Return the entries for x and y of a `runtime_each` or `runtime_range_each` field."""
    x, y = value if isinstance(value, tuple) else (value, value)
    return x, y


def scaled(draws: jax.Array, limits: Any) -> jax.Array:
    """Scale draws from -1 to 1 to the range from ``-limits`` to ``limits``, or to that of a pair.

    Examples
    --------
    >>> draws = jnp.array([-1.0, 0.5])
    >>> scaled(draws, 2.0).tolist(), scaled(draws, (2.0, 6.0)).tolist()
    ([-2.0, 1.0], [2.0, 5.0])
    """
    if not isinstance(limits, tuple):
        return draws * jnp.asarray(limits, draws.dtype)
    low, high = (jnp.asarray(limit, draws.dtype) for limit in limits)
    return low + (high - low) * (draws + 1) / 2


def log_scaled(draws: jax.Array, limits: Any) -> jax.Array:
    """Scale draws from -1 to 1 to factors from ``1 / limits`` to ``limits``, or to those of a pair.

    They are uniform in their logarithm.
    """
    logs = jax.tree.map(lambda limit: jnp.log(jnp.asarray(limit, draws.dtype)), limits)
    return jnp.exp(scaled(draws, logs))


def uniform(key: jax.Array, n: int, limits: Any) -> jax.Array:
    """Draw `n` numbers uniformly from ``-limits`` to ``limits``, or from the range of a pair."""
    return scaled(jax.random.uniform(key, (n,), jnp.float32, -1.0, 1.0), limits)


def log_uniform(key: jax.Array, n: int, limits: Any) -> jax.Array:
    """Draw `n` factors from ``1 / limits`` to ``limits``, or from the range of a pair.

    They are uniform in their logarithm.
    """
    return log_scaled(jax.random.uniform(key, (n,), jnp.float32, -1.0, 1.0), limits)


def uniform_factors(key: jax.Array, n: int, limits: Any) -> jax.Array:
    """Draw `n` factors from ``1 - limits`` to ``1 + limits``, or from the range of a pair."""
    drawn = uniform(key, n, limits)
    return drawn if isinstance(limits, tuple) else 1 + drawn
