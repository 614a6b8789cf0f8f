"""Pickles of objects that hold functions without an importable name, such as lambdas.

`pickle` saves a function or class as the name of its module and its own name. `cloudpickle`, which
joblib requires as well, saves its code where no other process could import it.
"""

from __future__ import annotations

import copy
import io
import pickle
from contextvars import ContextVar
from typing import Any, Self, SupportsIndex

import cloudpickle
import jax
import numpy as np

from .plain_objects import decode, encode, is_encoded

_purpose: ContextVar[str] = ContextVar("purpose", default="others")
"""What `PickledByValue.__getstate__` is called for: 'pickle', 'plain' values, or 'others'."""


class PickledByValue:
    """Mixin of classes whose instances can be pickled whatever functions they hold.

    A state that `pickle` accepts is pickled as usual. Otherwise, functions and classes that another
    process cannot import are pickled with their code: lambdas, functions inside functions, and
    whatever is defined in a notebook or script.

    Savers that do without `pickle` and ask objects for their state, such as skops, get plain
    values: the classes and functions of skconv by name, and arrays.

    Copies share their functions with the original, so that they share compiled programs.
    """

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[Any, ...]:
        token = _purpose.set("pickle")
        try:
            return super().__reduce_ex__(protocol)  # type: ignore[return-value]
        finally:
            _purpose.reset(token)

    def __getstate__(self) -> Any:
        """Return the state for `pickle`, or as plain values for others, such as skops."""
        state: Any = super().__getstate__()
        if _purpose.get() == "plain":
            return self._plain_state(state)
        if _purpose.get() == "pickle":
            return self._pickled_state(state)
        token = _purpose.set("plain")
        try:
            return encode(self._plain_state(state))
        except TypeError as error:
            raise _naming_plain(state, error) from error
        finally:
            _purpose.reset(token)

    def _plain_state(self, state: Any) -> Any:
        """Return the state to be encoded as plain values, or raise `TypeError` to refuse."""
        return state

    def _pickled_state(self, state: Any) -> Any:
        probe = _Probe()
        refused = probe.refuses(state)
        if refused is None and not probe.only_here:
            return state
        try:
            return _ByValue.of(state)
        except Exception as error:
            if refused is None:
                return state
            raise _named(state, error) from error

    def __setstate__(self, state: Any) -> None:
        if isinstance(state, _ByValue):
            state = state.restored()
        elif is_encoded(state):
            state = decode(state)
        inherited = getattr(super(), "__setstate__", self.__dict__.update)
        inherited(state)

    def __copy__(self) -> Self:
        other = type(self).__new__(type(self))
        other.__dict__.update(self.__dict__)
        return other

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        other = type(self).__new__(type(self))
        memo[id(self)] = other
        other.__dict__.update(copy.deepcopy(self.__dict__, memo))
        return other


def _is_outside(value: Any) -> bool:
    """Return whether a value is left to the pickler of the whole.

    It writes arrays without copying them, and knows which owners it has written already.
    """
    if isinstance(value, np.ndarray):
        return not value.dtype.hasobject
    return isinstance(value, jax.Array | PickledByValue)


class _Nowhere(io.RawIOBase):
    """File that forgets what is written to it."""

    def write(self, data: Any) -> int:
        return len(data)


class _Probe(pickle.Pickler):
    """Pickler that only finds out whether `pickle` accepts a value."""

    def __init__(self) -> None:
        super().__init__(_Nowhere(), protocol=pickle.HIGHEST_PROTOCOL)
        self.only_here = False
        """Whether a function or class was met that is defined in a notebook or script."""

    def refuses(self, value: Any) -> Exception | None:
        """Return the error that pickling raises, if any."""
        try:
            self.dump(value)
        except Exception as error:  # pickling runs code of any class
            return error
        return None

    def persistent_id(self, value: Any) -> Any:
        return 0 if _is_outside(value) else None

    def reducer_override(self, value: Any) -> Any:
        if callable(value) and getattr(value, "__module__", None) == "__main__":
            self.only_here = True
        return NotImplemented


class _CodePickler(cloudpickle.Pickler):
    """Pickler that saves code, and leaves out arrays and owners."""

    def __init__(self, file: Any) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self.outside: list[Any] = []
        self._places: dict[int, int] = {}

    def persistent_id(self, value: Any) -> int | None:
        if not _is_outside(value):
            return None
        if id(value) not in self._places:
            self._places[id(value)] = len(self.outside)
            self.outside.append(value)
        return self._places[id(value)]


class _CodeUnpickler(pickle.Unpickler):
    """Unpickler that puts arrays and owners back."""

    def __init__(self, file: Any, outside: list[Any]) -> None:
        super().__init__(file)
        self._outside = outside

    def persistent_load(self, pid: Any) -> Any:
        return self._outside[pid]


class _ByValue:
    """A state with the code of its functions.

    Parameters
    ----------
    data : bytes
    outside : list
        Arrays and owners that `data` refers to.
    """

    def __init__(self, data: bytes, outside: list[Any]) -> None:
        self.data = data
        self.outside = outside

    @classmethod
    def of(cls, state: Any) -> _ByValue:
        """Pickle a state."""
        file = io.BytesIO()
        pickler = _CodePickler(file)
        pickler.dump(state)
        return cls(file.getvalue(), pickler.outside)

    def restored(self) -> Any:
        """Return the state."""
        return _CodeUnpickler(io.BytesIO(self.data), self.outside).load()


def _naming_plain(state: dict[str, Any], error: TypeError) -> TypeError:
    """Return an error that names the attributes that cannot be saved as plain values."""
    problems = []
    for name, value in state.items():
        try:
            encode(value)
        except TypeError as problem:
            problems.append(f"{name} must hold only what skops can save: {problem}")
    return TypeError("; ".join(problems) or str(error))


def _named(state: dict[str, Any], error: Exception) -> pickle.PicklingError:
    """Return an error that names the attributes that cannot be pickled, parameters if possible."""
    refused = {}
    for name, value in state.items():
        try:
            _CodePickler(_Nowhere()).dump(value)
        except Exception as problem:
            refused[name] = problem
    refused = {name: refused[name] for name in refused if not name.startswith("_")} or refused
    problems = [
        f"{name} must hold only what can be pickled, got {state[name]!r} ({problem})"
        for name, problem in refused.items()
    ]
    return pickle.PicklingError("; ".join(problems) or str(error))
