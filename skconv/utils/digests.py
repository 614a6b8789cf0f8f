"""Digests of values, which are the same in every process."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from collections.abc import Mapping
from numbers import Number
from types import CodeType
from typing import Any

import jax
import numpy as np


def digest(value: Any) -> str:
    """Return a digest of a value, the same in every process.

    Parameters
    ----------
    value : object
        Containers, arrays, functions and objects are told apart by content. A function counts with
        its name, its defaults and what it encloses; a lambda, a function inside a function, and one
        of a script or notebook also with its code.

    Returns
    -------
    str of length 32

    Examples
    --------
    >>> digest({'a': [1, 2.0]}) == digest({'a': [1.0, 2]})
    True
    >>> digest(lambda x: x + 1) == digest(lambda x: x + 2)
    False
    """
    writer = _Writer()
    writer.write(value)
    return writer.hash.hexdigest()


class _Writer:
    """Feeds values to a hash."""

    def __init__(self) -> None:
        self.hash = hashlib.blake2b(digest_size=16)
        self._open: set[int] = set()

    def write(self, value: Any) -> None:
        """Feed a value, unless it is inside itself."""
        if id(value) in self._open:
            self._tag("cycle")
            return
        self._open.add(id(value))
        try:
            self._write(value)
        finally:
            self._open.discard(id(value))

    def _tag(self, *texts: str) -> None:
        for text in texts:
            data = text.encode("utf-8", "surrogatepass")
            self.hash.update(f"{len(data)}:".encode())
            self.hash.update(data)

    def _write(self, value: Any) -> None:
        if value is None or isinstance(value, bool | str | bytes | np.bool_):
            self._tag(type(value).__name__.rstrip("_"), str(value))
        elif isinstance(value, Number):  # 1 and 1.0 are the same setting
            number: Any = value.item() if isinstance(value, np.generic) else value
            whole = isinstance(number, float) and number.is_integer()
            self._tag("number", repr(int(number) if whole else number))
        elif isinstance(value, jax.Array) and jax.dtypes.issubdtype(
            value.dtype, jax.dtypes.prng_key
        ):
            self._write(jax.random.key_data(value))
        elif isinstance(value, np.ndarray | np.generic | jax.Array):
            self._array(np.asarray(value))
        elif isinstance(value, np.random.RandomState):
            self._all("random state", value.get_state(legacy=True))
        elif isinstance(value, Mapping):
            self._all(
                "mapping", sorted(((digest(key), item) for key, item in value.items()), key=_first)
            )
        elif isinstance(value, set | frozenset):
            self._all("set", sorted(map(digest, value)))
        elif isinstance(value, list | tuple):
            self._all("sequence", value)
        elif isinstance(value, slice):
            self._all("slice", (value.start, value.stop, value.step))
        elif isinstance(value, functools.partial):
            self._all("partial", (value.func, value.args, value.keywords))
        else:
            self._object(value)

    def _all(self, kind: str, values: Any) -> None:
        self._tag(kind, str(len(values)))
        for value in values:
            self.write(value)

    def _array(self, array: np.ndarray) -> None:
        self._tag("array", array.dtype.str, str(array.shape))
        if array.dtype.hasobject:
            self._all("objects", array.ravel().tolist())
        else:
            self.hash.update(np.ascontiguousarray(array).data.cast("B") if array.size else b"")

    def _object(self, value: Any) -> None:
        if isinstance(value, type):
            self._tag("class", value.__module__, value.__qualname__)
        elif isinstance(value, CodeType):
            self._all("code", (value.co_code, value.co_names, value.co_consts))
        elif hasattr(value, "__wrapped__"):  # such as a compiled function
            self.write(value.__wrapped__)
        elif hasattr(value, "__func__"):
            self._all("method", (value.__func__, value.__self__))
        elif hasattr(value, "__code__"):
            self._function(value)
        elif dataclasses.is_dataclass(value):
            names = [spec.name for spec in dataclasses.fields(value)]
            self._instance(value, {name: getattr(value, name) for name in names})
        elif hasattr(value, "__dict__") and not hasattr(value, "__qualname__"):
            self._instance(value, vars(value))
        else:  # a function of C, a dtype and the like
            text = getattr(value, "__qualname__", None) or getattr(value, "__name__", None)
            if text is None:
                text = "" if type(value).__repr__ is object.__repr__ else repr(value)
            self._tag(
                "other", type(value).__qualname__, str(getattr(value, "__module__", "")), text
            )

    def _instance(self, value: Any, attributes: Mapping[str, Any]) -> None:
        self._all("instance", (type(value), dict(attributes)))

    def _function(self, value: Any) -> None:
        by_code = "<" in value.__qualname__ or value.__module__ == "__main__"
        self._tag("function", "" if by_code else value.__module__ or "", value.__qualname__)
        enclosed = [_content(cell) for cell in value.__closure__ or ()]
        self._all("given", (value.__defaults__, value.__kwdefaults__, enclosed))
        if by_code:
            self.write(value.__code__)


def _first(pair: tuple[str, Any]) -> str:
    return pair[0]


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not assigned yet
        return None
