"""Tell single numbers, and the arguments that stand for them."""

from __future__ import annotations

import inspect
from numbers import Real
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
