"""The parameters with which an object was constructed, and functions that others have made."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterable
from contextlib import suppress
from types import FunctionType
from typing import Any

import numpy as np

from .. import nonlinearities
from ..layers.connections import INPUTS, is_lasagne_way
from ..utils.owned_values import OwnedValue
from .names import factories

MOST_BOUND_VALUES, MOST_BOUND_INTEGER = 1000, 2**14
"""Largest arguments of functions of JAX and of nonlinearities."""

MISSING: Any = inspect.Parameter.empty


def default_parameters(cls: type) -> dict[str, Any]:
    """Return the parameters of a class with their defaults, `MISSING` for those without.

    Examples
    --------
    >>> from skconv.handlers import AdjustVariable
    >>> list(default_parameters(AdjustVariable))
    ['name', 'start', 'stop']
    """
    found = {}
    for name, parameter in inspect.signature(cls).parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        found[name] = parameter.default
    if dataclasses.is_dataclass(cls):  # call factories of defaults
        for own in dataclasses.fields(cls):
            if own.init and own.default_factory is not dataclasses.MISSING:
                found[own.name] = own.default_factory()
    return found


def constructed_with(value: Any) -> dict[str, Any]:
    """Return the parameters of an object's constructor that its attributes show.

    Parameters
    ----------
    value : object
        Its class keeps each parameter as an attribute of the same name, as estimators, dataclasses
        and handlers do; or it is a layer written in Lasagne's way, which knows its arguments.

    Returns
    -------
    dict of str to object
        Without those that have their default.

    Raises
    ------
    TypeError
        If an attribute is missing.

    Examples
    --------
    >>> from skconv.handlers import AdjustVariable
    >>> constructed_with(AdjustVariable('update_learning_rate', stop=0.001))
    {'name': 'update_learning_rate'}
    """
    cls = type(value)
    if is_lasagne_way(cls):
        common = {own.name: own.default for own in dataclasses.fields(cls)}
        given = {"name": value.name, **value.given_fields()}
        given |= {name: getattr(value, name) for name in INPUTS if hasattr(value, name)}
        return {k: v for k, v in given.items() if k not in common or v is not common[k]}
    found = {}
    for name, default in default_parameters(cls).items():
        if not hasattr(value, name):
            raise TypeError(
                f"must keep its parameter {name!r} as an attribute, got a {cls.__name__} without it"
            )
        own = getattr(value, name)
        if not _is_default(_given(value, name, own), default):
            found[name] = own
    return found


def _given(owner: Any, name: str, value: Any) -> Any:
    """Return what was given for a field: of a layer's own parameter, what a net starts from."""
    own = isinstance(value, OwnedValue) and name in vars(owner).get("_own", ())
    return value.start if own else value


def _is_default(value: Any, default: Any) -> bool:
    if value is default:
        return True
    return type(value) is type(default) and type(value) in (int, float, str) and value == default


def too_large(function: Any, arguments: Iterable[Any]) -> str | None:
    """Return what is valid for arguments of a function that building a network may call.

    A nonlinearity is called to find its range: a small file must not make it fill the memory.

    Parameters
    ----------
    function : callable or type
        A partial function's, or the class of an object.
    arguments : iterable

    Returns
    -------
    str or None
        None if all are valid.

    Examples
    --------
    >>> import jax
    >>> too_large(jax.nn.one_hot, [10]), too_large(jax.nn.one_hot, [10**9])
    (None, 'bound to arrays of at most 1000 values and integers up to 16384')
    """
    module = getattr(function, "__module__", None) or "jax"
    if not module.startswith(("jax", nonlinearities.__name__)):
        return None
    small = all(np.size(one) <= MOST_BOUND_VALUES for one in arguments)
    low = all(one <= MOST_BOUND_INTEGER for one in arguments if isinstance(one, int | np.integer))
    if small and low:
        return None
    return (
        f"bound to arrays of at most {MOST_BOUND_VALUES} values and integers up to "
        f"{MOST_BOUND_INTEGER}"
    )


def factory_call(function: Any) -> tuple[str, dict[str, Any]] | None:
    """Return the call that makes a function, such as a schedule, or None.

    The variables that the function refers to show the arguments. Whether they do is checked: the
    call must make the same function again.

    Parameters
    ----------
    function : callable

    Returns
    -------
    (name, parameters) or None

    Examples
    --------
    >>> import optax
    >>> name, parameters = factory_call(optax.linear_schedule(0.1, 0.0, 10))
    >>> name, parameters['init_value'], parameters['transition_steps']
    ('optax.polynomial_schedule', 0.1, 10)
    """
    if not isinstance(function, FunctionType) or "<locals>" not in function.__qualname__:
        return None
    outer = function.__qualname__.partition(".<locals>")[0]
    known = factories()
    for name, factory in known.items():
        if factory.__name__ != outer or factory.__globals__ is not function.__globals__:
            continue
        parameters = _called_with(factory, function)
        if parameters is not None:
            return name, parameters
    return None


def _called_with(factory: FunctionType, function: FunctionType) -> dict[str, Any] | None:
    variables = _variables(function)
    given = {
        name: variables[name] for name in inspect.signature(factory).parameters if name in variables
    }
    try:
        again = factory(**given)
    except Exception:  # any check of the library's
        return None
    return given if _is_same(again, function) else None


def _variables(function: FunctionType) -> dict[str, Any]:
    found = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        with suppress(ValueError):  # the variable was never set
            found[name] = cell.cell_contents
    return found


def _is_same(one: Any, other: Any) -> bool:
    """Return whether values, or functions with what they refer to, are the same."""
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, FunctionType):
        return (
            one.__code__ is other.__code__
            and _is_same(one.__defaults__, other.__defaults__)
            and _is_same(_variables(one), _variables(other))
        )
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_is_same(one[k], other[k]) for k in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(_is_same, one, other))
    try:
        return bool(np.array_equal(one, other))
    except (TypeError, ValueError):
        return False
