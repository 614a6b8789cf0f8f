"""Checks of parameters and of the fields of layers and transforms.

A field's check returns None for a valid value and otherwise a phrase that says what is valid, so
that messages read ``<name> must be <phrase>, got <value>``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any

import jax
import numpy as np
from numpy.typing import ArrayLike


def is_number(value: Any) -> bool:
    """Return whether a value is a single real number of any library; bools are not.

    Examples
    --------
    >>> is_number(1), is_number(np.float32(0.5)), is_number(True), is_number('1')
    (True, True, False, False)
    """
    if isinstance(value, bool | np.bool_):
        return False
    if isinstance(value, np.ndarray | jax.Array):
        return value.ndim == 0 and jax.dtypes.issubdtype(value.dtype, np.number)
    return isinstance(value, Real)


def is_integer(value: Any, low: float = -np.inf, high: float = np.inf) -> bool:
    """Return whether a value is an integer from `low` to `high`; bools are not.

    Examples
    --------
    >>> is_integer(3), is_integer(0, low=1), is_integer(3.0), is_integer(True)
    (True, False, False, False)
    """
    return isinstance(value, Integral) and not isinstance(value, bool) and low <= int(value) <= high


def takes_number(parameter: inspect.Parameter) -> bool:
    """Return whether a function's parameter is a real number, by its default or annotation.

    Counts, flags and functions are not.

    Examples
    --------
    >>> def update(learning_rate, momentum: float | None = None, steps=3, flag=True): ...
    >>> parameters = inspect.signature(update).parameters.values()
    >>> [parameter.name for parameter in parameters if takes_number(parameter)]
    ['learning_rate', 'momentum']
    """
    default, annotation = parameter.default, parameter.annotation
    if isinstance(default, float):
        return True
    if default is None or default is parameter.empty:
        return annotation is parameter.empty or "float" in str(annotation)
    return False


def fits_float32(values: ArrayLike) -> bool:
    """Return whether all values are finite numbers once they are cast to float32.

    Examples
    --------
    >>> fits_float32([0.5, 1e38]), fits_float32(1e39), fits_float32('text')
    (True, False, False)
    """
    try:
        with np.errstate(over="ignore"):
            return bool(np.isfinite(np.asarray(values).astype(np.float32)).all())
    except (TypeError, ValueError):
        return False


def number(value: Any) -> str | None:
    """Check for a finite number."""
    real = isinstance(value, float | np.floating) or is_integer(value)
    return None if real and -np.inf < value < np.inf else "a finite number"


def between(low: float, high: float) -> Callable[[Any], str | None]:
    """Build a check for a finite number from `low` to `high`, of which either may be infinite."""
    valid = f"a number between {low} and {high}"
    if np.isinf(low):
        valid = "a finite number" if np.isinf(high) else f"a finite number <= {high}"
    elif np.isinf(high):
        valid = f"a finite number >= {low}"

    def check(value: Any) -> str | None:
        return None if number(value) is None and low <= value <= high else valid

    return check


def positive(value: Any) -> str | None:
    """Check for a positive integer."""
    return None if is_integer(value, low=1) else "a positive integer"


def or_none(check: Callable[[Any], str | None]) -> Callable[[Any], str | None]:
    """Build a check that accepts None besides what another check accepts."""

    def extended(value: Any) -> str | None:
        valid = None if value is None else check(value)
        return valid and f"{valid} or None"

    return extended


positive_or_none = or_none(positive)
"""Check for a positive integer or None."""


def positive_each(value: Any) -> str | None:
    """Check for a positive integer or a tuple of them."""
    return None if _each_is_integer(value, low=1) else "a positive integer, or one per axis"


def natural_each(value: Any) -> str | None:
    """Check for a non-negative integer or a tuple of them."""
    return None if _each_is_integer(value, low=0) else "a non-negative integer, or one per axis"


def _each_is_integer(value: Any, low: int) -> bool:
    values = value if isinstance(value, tuple) else (value,)
    return bool(values) and all(is_integer(v, low) for v in values)


def flag(value: Any) -> str | None:
    """Check for True or False."""
    return None if isinstance(value, bool | np.bool_) else "True or False"


def one_of(*choices: str | None) -> Callable[[Any], str | None]:
    """Build a check for one of several strings, or None if it is among the choices."""
    valid = f"{'one of ' if len(choices) > 1 else ''}{', '.join(map(repr, choices))}"
    known = (str, type(None))  # an array would compare element by element
    return lambda value: None if isinstance(value, known) and value in choices else valid


def optional_callable(value: Any) -> str | None:
    """Check for a function, or None for the identity."""
    return None if value is None else _function(value, "a function, or None for the identity")


def required_callable(value: Any) -> str | None:
    """Check for a function."""
    return _function(value, "a function")


def _function(value: Any, valid: str) -> str | None:
    if isinstance(value, type):
        return f"{valid} (write {value.__name__}())"
    return None if callable(value) else valid


def is_named(entry: Any) -> bool:
    """Return whether an entry is a pair of a name and an object."""
    return isinstance(entry, list | tuple) and len(entry) == 2 and isinstance(entry[0], str)


def as_list(value: Any) -> list[Any]:
    """Return a list of the items of a list or tuple, of a single value, or of nothing for None."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]
