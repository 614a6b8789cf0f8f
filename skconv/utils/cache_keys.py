"""Keys that are equal where two things would be compiled to the same program."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Hashable
from typing import Any

import jax
import numpy as np


def structural_key(value: Any) -> Hashable:
    """Turn a value into a hashable key that survives copies.

    Parameters
    ----------
    value : object
        Functions are told apart by identity, which copying and cloning keep. Partial functions,
        containers, arrays, dataclasses and plain objects are told apart by what they hold.

    Returns
    -------
    hashable

    Examples
    --------
    >>> import functools
    >>> structural_key(functools.partial(max, 1)) == structural_key(functools.partial(max, 1))
    True
    """
    if isinstance(value, functools.partial):
        return ("partial", *map(structural_key, (value.func, value.args, value.keywords)))
    # copies of jitted functions have nothing else to tell them apart; to ask for protocols is slow
    if hasattr(value, "trace") and isinstance(value, jax.stages.Wrapped):
        return ("jit", getattr(value, "_cache_miss", value))
    if isinstance(value, dict):
        return ("dict", *((name, structural_key(v)) for name, v in sorted(value.items())))
    if isinstance(value, list | tuple):
        return (type(value), *map(structural_key, value))
    if isinstance(value, slice):  # has no hash before Python 3.12
        return ("slice", value.start, value.stop, value.step)
    if isinstance(value, jax.Array) and jax.dtypes.issubdtype(value.dtype, jax.dtypes.prng_key):
        value = jax.random.key_data(value)
    if isinstance(value, np.ndarray | jax.Array):
        value = np.asarray(value)
        return (value.shape, value.dtype.str, value.tobytes())
    told_apart = type(value).__eq__ is not object.__eq__ and type(value).__hash__ is not None
    if told_apart and dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = [spec.name for spec in dataclasses.fields(value) if spec.compare]
        return (type(value), *(structural_key(getattr(value, name)) for name in fields))
    if not told_apart and hasattr(value, "__dict__") and _is_plain(value):
        return (type(value), structural_key(vars(value)))
    return value


def _is_plain(value: Any) -> bool:
    """Tell objects of a class apart from classes and functions, which have an identity."""
    return not isinstance(value, type) and not hasattr(value, "__code__")
