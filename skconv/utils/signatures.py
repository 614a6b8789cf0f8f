"""Signatures of functions, each read once."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import MethodType
from typing import Any
from weakref import WeakKeyDictionary

_functions: WeakKeyDictionary[Any, inspect.Signature] = WeakKeyDictionary()
_methods: WeakKeyDictionary[Any, inspect.Signature] = WeakKeyDictionary()


def signature_of(function: Callable[..., Any]) -> inspect.Signature:
    """Return the signature of a function, as `inspect.signature` does.

    A fit asks for a dozen signatures of the same few functions, and reading one takes longer than
    calling most of them.

    Parameters
    ----------
    function : callable

    Raises
    ------
    ValueError, TypeError
        If it has none, such as some functions in C.

    Examples
    --------
    >>> list(signature_of(signature_of).parameters)
    ['function']
    """
    known: WeakKeyDictionary[Any, inspect.Signature] = _functions
    key: Any = function
    if isinstance(function, MethodType):  # a new object each time it is asked for
        known, key = _methods, function.__func__
    try:
        found = known.get(key)
    except TypeError:  # it cannot be hashed, or not be referenced weakly
        return inspect.signature(function)
    if found is None:
        found = inspect.signature(function)
        known[key] = found
    return found
