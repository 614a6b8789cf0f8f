"""Checks of parameters and of the fields of layers and transforms.

A field's check returns None for a valid value and otherwise a phrase that says what is valid, so
that messages read ``<name> must be <phrase>, got <value>``.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping
from functools import partial
from numbers import Integral, Real
from typing import Any, TypeVar

import jax
import numpy as np
from numpy.typing import ArrayLike

from .signatures import signature_of

Check = Callable[[Any], str | None]
"""A function that returns None for a valid value, and otherwise says what is valid."""

MAX_SEED = 2**32 - 1

F = TypeVar("F", bound=Callable[..., Any])


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


def in_float32(value: Any) -> np.float32:
    """Return a number as programs receive it; infinity for numbers too large for float32.

    Examples
    --------
    >>> in_float32(1e39)
    np.float32(inf)
    """
    with np.errstate(over="ignore"):
        return np.float32(value)


def number(value: Any) -> str | None:
    """Check for a finite number."""
    real = isinstance(value, float | np.floating) or is_integer(value)
    return None if real and -np.inf < value < np.inf else "a finite number"


def between(low: float, high: float) -> Check:
    """Build a check for a finite number from `low` to `high`, of which either may be infinite."""
    valid = f"a number between {low} and {high}"
    if np.isinf(low):
        valid = "a finite number" if np.isinf(high) else f"a finite number <= {high}"
    elif np.isinf(high):
        valid = f"a finite number >= {low}"

    def check(value: Any) -> str | None:
        return None if number(value) is None and low <= value <= high else valid

    return check


def fraction(value: Any) -> str | None:
    """Check for a number from 0 to 1, not including 1."""
    valid = number(value) is None and 0.0 <= value < 1.0
    return None if valid else "a number >= 0.0 and < 1.0"


def above_zero(value: Any) -> str | None:
    """Check for a finite number greater than 0."""
    return None if number(value) is None and value > 0 else "a finite number > 0.0"


def positive(value: Any) -> str | None:
    """Check for a positive integer."""
    return None if is_integer(value, low=1) else "a positive integer"


def natural(value: Any) -> str | None:
    """Check for a non-negative integer."""
    return None if is_integer(value, low=0) else "a non-negative integer"


def verbosity(value: Any) -> str | None:
    """Check for a non-negative integer, True or False."""
    return None if isinstance(value, bool) else natural(value)


def open_fraction(value: Any) -> str | None:
    """Check for a number between 0 and 1, exclusive."""
    inside = number(value) is None and 0 < value < 1
    return None if inside else "a number between 0 and 1, exclusive"


def text(value: Any) -> str | None:
    """Check for a string that is not empty."""
    return None if isinstance(value, str) and value else "a string"


def path(value: Any) -> str | None:
    """Check for a path."""
    return None if isinstance(value, str | os.PathLike) and os.fspath(value) else "a path"


def or_none(check: Check) -> Check:
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


def seed(value: Any) -> str | None:
    """Check for a seed, or None for a random one."""
    valid = value is None or is_integer(value, low=0, high=MAX_SEED)
    return None if valid else f"an integer between 0 and {MAX_SEED} or None"


def random_state(value: Any) -> str | None:
    """Check for a value that `sklearn.utils.check_random_state` accepts."""
    valid = seed(value) is None or isinstance(value, np.random.RandomState) or value is np.random
    return None if valid else f"an integer between 0 and {MAX_SEED}, a RandomState or None"


def one_of(*choices: str | None) -> Check:
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


def bounded(**checks: Check) -> Callable[[F], F]:
    """Return a decorator that declares the valid values of a function's keywords.

    Parameters
    ----------
    **checks
        A check for each keyword.

    Examples
    --------
    >>> @bounded(delta=above_zero)
    ... def loss(predictions, targets, delta=1.0): ...
    >>> checks_of(loss)['delta'](-1.0)
    'a finite number > 0.0'
    """

    def declare(function: F) -> F:
        vars(function)["checks"] = checks
        return function

    return declare


def checks_of(function: Any) -> Mapping[str, Check]:
    """Return the checks that `bounded` has declared for the keywords of a function."""
    while isinstance(function, partial):
        function = function.func
    return getattr(function, "checks", {})


def function_name(function: Any) -> str:
    """Return the name of a function for a message; that of the inner one if it is partial.

    Examples
    --------
    >>> function_name(partial(max, 1)), function_name(None)
    ('max', 'None')
    """
    while isinstance(function, partial):
        function = function.func
    return getattr(function, "__name__", None) or repr(function)


def takes_arguments(function: Callable[..., Any], count: int) -> bool:
    """Return whether a function can be called with a number of positional arguments.

    Examples
    --------
    >>> takes_arguments(lambda net, train_history: None, 2), takes_arguments(lambda net: None, 2)
    (True, False)
    """
    try:
        signature = signature_of(function)
    except (TypeError, ValueError):  # a function in C without a signature
        return True
    try:
        signature.bind(*range(count))
    except TypeError:
        return False
    return True


def is_named(entry: Any) -> bool:
    """Return whether an entry is a pair of a name and an object."""
    return isinstance(entry, list | tuple) and len(entry) == 2 and isinstance(entry[0], str)


def as_list(value: Any) -> list[Any]:
    """Return a list of the items of a list or tuple, of a single value, or of nothing for None."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]
