"""What fields and shapes may be, and what messages say where they are not.

A check of a field returns what would be valid where its value is not, and None where it is. What
needs the shapes of inputs raises.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any

import jax
import numpy as np


def is_number(value: Any) -> bool:
    """Tell single real numbers of any library, without bool.

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


def takes_number(parameter: inspect.Parameter) -> bool:
    """Tell arguments that stand for a number, by default or annotation, from counts and flags.

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


def is_integer(value: Any) -> bool:
    """Tell whole numbers, without bool."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def number(value: Any) -> str | None:
    """Check for a finite number."""
    real = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    return None if real and -np.inf < value < np.inf else "a finite number"


def between(low: float, high: float) -> Callable[[Any], str | None]:
    """Make a check for a finite number within bounds."""

    def check(value: Any) -> str | None:
        if number(value) is None and low <= value <= high:
            return None
        if np.isinf(high):
            return "a finite number" if np.isinf(low) else f"a finite number of {low} or more"
        return f"a number from {low} to {high}"

    return check


def positive(value: Any) -> str | None:
    """Check for a whole number of one or more."""
    return None if is_integer(value) and value >= 1 else "a whole number of 1 or more"


def positive_or_none(value: Any) -> str | None:
    """Check for a whole number of one or more, or None."""
    valid = None if value is None else positive(value)
    return valid and f"{valid}, or None"


def positive_each(value: Any) -> str | None:
    """Check for a whole number of one or more, or a sequence of them."""
    values = value if isinstance(value, tuple) else (value,)
    if values and all(is_integer(v) and v >= 1 for v in values):
        return None
    return "a whole number of 1 or more, or one for each axis"


def natural_each(value: Any) -> str | None:
    """Check for a whole number of zero or more, or a sequence of them."""
    values = value if isinstance(value, tuple) else (value,)
    if values and all(is_integer(v) and v >= 0 for v in values):
        return None
    return "a whole number of 0 or more, or one for each axis"


def flag(value: Any) -> str | None:
    """Check for True or False."""
    return None if isinstance(value, bool | np.bool_) else "True or False"


def one_of(*choices: str | None) -> Callable[[Any], str | None]:
    """Make a check for one of some words, or None."""
    valid = f"{'one of ' if len(choices) > 1 else ''}{', '.join(map(repr, choices))}"
    known = (str, type(None))  # others may compare to an array, or to what they are not
    return lambda value: None if isinstance(value, known) and value in choices else valid


def optional_callable(value: Any) -> str | None:
    """Check for a function, or None for the identity."""
    return None if value is None else _function(value, "a function, or None for the identity")


def required_callable(value: Any) -> str | None:
    """Check for a function."""
    return _function(value, "a function")


def _function(value: Any, valid: str) -> str | None:
    if isinstance(value, type):
        return f"{valid}; write {value.__name__}()"
    return None if callable(value) else valid


def is_count(value: Any) -> bool:
    """Tell whole numbers, without bool."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def is_named(entry: Any) -> bool:
    """Tell a pair of a name and something else."""
    return isinstance(entry, list | tuple) and len(entry) == 2 and isinstance(entry[0], str)


def as_list(value: Any) -> list[Any]:
    """Turn None, one thing or several into a list."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]
