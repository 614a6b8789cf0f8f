"""Hashable keys that are equal for objects that compile to the same program."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from collections.abc import Hashable
from typing import Any

import jax
import numpy as np

DIGESTED_BYTES = 4096
"""Size of arrays from which on a key holds a digest of them."""


class HashedTuple(tuple[Any, ...]):
    """A tuple that is hashed once, since the key of a network holds hundreds of values.

    Examples
    --------
    >>> HashedTuple([1, 2]) == (1, 2), hash(HashedTuple([1, 2])) == hash((1, 2))
    (True, True)
    """

    @functools.cached_property
    def _hash(self) -> int:
        return super().__hash__()

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> Any:  # hashes of text differ between processes
        return type(self), (tuple(self),)


def structural_key(value: Any) -> Hashable:
    """Return a hashable key of a value, the same for its copies.

    Parameters
    ----------
    value : object
        Functions are compared by identity, which copying and cloning preserve. Partial functions,
        containers, arrays, dataclasses and plain objects are compared by content.

    Returns
    -------
    hashable

    Examples
    --------
    >>> import functools
    >>> structural_key(functools.partial(max, 1)) == structural_key(functools.partial(max, 1))
    True
    """
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, functools.partial):
        return ("partial", *map(structural_key, (value.func, value.args, value.keywords)))
    # copies of jitted functions share nothing but this; isinstance alone is slow for the protocol
    if hasattr(value, "trace") and isinstance(value, jax.stages.Wrapped):
        return ("jit", getattr(value, "_cache_miss", value))
    if isinstance(value, dict):
        return ("dict", *((name, structural_key(v)) for name, v in sorted(value.items())))
    if isinstance(value, list | tuple):
        return (type(value), *map(structural_key, value))
    if isinstance(value, slice):  # not hashable before Python 3.12
        return ("slice", value.start, value.stop, value.step)
    if isinstance(value, jax.Array) and jax.dtypes.issubdtype(value.dtype, jax.dtypes.prng_key):
        value = jax.random.key_data(value)
    if isinstance(value, np.ndarray | jax.Array):
        value = np.asarray(value)
        return (value.shape, value.dtype.str, _contents(value))
    by_value = type(value).__eq__ is not object.__eq__ and type(value).__hash__ is not None
    if by_value and dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = [spec.name for spec in dataclasses.fields(value) if spec.compare]
        return (type(value), *(structural_key(getattr(value, name)) for name in fields))
    if not by_value and hasattr(value, "__dict__") and _is_plain(value):
        return (type(value), structural_key(vars(value)))
    return value


def _contents(array: np.ndarray) -> bytes:
    """Return the bytes of an array, or a digest, since keys are kept as long as what they name."""
    if array.nbytes <= DIGESTED_BYTES or array.dtype.hasobject:
        return array.tobytes()
    return hashlib.blake2b(np.ascontiguousarray(array).view(np.uint8).data).digest()


def _is_plain(value: Any) -> bool:
    """Return whether a value is an instance rather than a class or function."""
    return not isinstance(value, type) and not hasattr(value, "__code__")
