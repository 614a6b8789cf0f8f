"""Plain values, as JSON and arrays: what a file can hold without pickle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

SCALARS = (type(None), bool, int, float, str)
CONTAINERS = {"list": list, "tuple": tuple}


def is_plain(value: Any) -> bool:
    """Return whether a value consists of numbers, strings, None, arrays, lists, tuples and dicts.

    Examples
    --------
    >>> is_plain({'best': [np.zeros(2), None]}), is_plain(print)
    (True, False)
    """
    if type(value) in (list, tuple):
        return all(map(is_plain, value))
    if type(value) is dict:
        return all(is_plain(part) for pair in value.items() for part in pair)
    return type(value) in SCALARS or _is_array(value)


def _is_array(value: Any) -> bool:
    if not isinstance(value, np.ndarray | np.generic | jax.Array):
        return False
    return isinstance(value.dtype, np.dtype) and value.dtype.kind in "biufcUS"


def pack(value: Any, arrays: dict[str, np.ndarray], prefix: str) -> Any:
    """Return a plain value as JSON, and add its arrays to others.

    Parameters
    ----------
    value : object
        A plain value.
    arrays : dict of str to array
        Receives copies of the arrays.
    prefix : str
        What the names of these arrays begin with.

    Raises
    ------
    TypeError
        If the value is not plain.

    Examples
    --------
    >>> arrays = {}
    >>> pack({1: (2.5, np.zeros(3))}, arrays, 'a')
    ['dict', [1, ['tuple', 2.5, ['array', 'a0']]]]
    >>> unpack(pack({1: (2.5, 'x')}, arrays, 'a'), arrays)
    {1: (2.5, 'x')}
    """
    if type(value) in SCALARS:
        return value
    if type(value) is dict:
        pairs = [[pack(part, arrays, prefix) for part in pair] for pair in value.items()]
        return ["dict", *pairs]
    if type(value) in (list, tuple):
        return [type(value).__name__, *(pack(item, arrays, prefix) for item in value)]
    if not _is_array(value):
        raise TypeError(
            "must consist of numbers, strings, None, arrays, lists, tuples and dicts, got "
            f"{type(value).__name__}"
        )
    name = f"{prefix}{len(arrays)}"
    arrays[name] = np.array(value)
    return ["scalar" if isinstance(value, np.generic) else "array", name]


def unpack(structure: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    """Return the value that `pack` made into JSON.

    Raises
    ------
    ValueError
        If the structure is not one that `pack` returns.
    """
    if type(structure) in SCALARS:
        return structure
    match structure:
        case ["dict", *pairs] if all(isinstance(p, list) and len(p) == 2 for p in pairs):
            unpacked = [[unpack(part, arrays) for part in pair] for pair in pairs]
            if all(isinstance(key, (*SCALARS, tuple)) for key, _ in unpacked):
                return dict(unpacked)
        case [("list" | "tuple") as kind, *items]:
            return CONTAINERS[kind](unpack(item, arrays) for item in items)
        case ["array", str(name)] if name in arrays:
            return np.array(arrays[name])
        case ["scalar", str(name)] if name in arrays and not arrays[name].shape:
            return arrays[name][()]
    raise ValueError(f"must be a structure of plain values, got {str(structure)[:60]}")
