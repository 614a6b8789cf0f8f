"""Decode what an `Encoder` has written, or somebody in its place; nothing is evaluated."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from ..errors import Problems, did_you_mean, nearest
from ..handlers.base import Handler
from ..layers.base import Layer
from ..utils.owned_values import OwnedValue
from .encoding import KINDS, Encoder, has_identity
from .names import Names, factories
from .parameters import too_large

FAILED: Any = object()
"""Stands for a value that could not be decoded; its problem is noted."""

MOST_DIMENSIONS = 32

_KEYS = (str, int, float, bool, type(None))
"""Types of the keys of a dict in YAML."""


class Decoder:
    """Decodes plain values.

    Parameters
    ----------
    names : Names
    problems : Problems
        Receives an error for each value that cannot be decoded.
    arrays : mapping of str to array, optional
        The arrays that are referred to by name.
    shared : list of dict
        The objects that are referred to by label.

    Examples
    --------
    >>> decoder = Decoder(Names(), Problems())
    >>> decoder.decode({'object': 'DenseLayer', 'params': {'num_units': 3}}, 'layers').num_units
    3
    """

    def __init__(
        self,
        names: Names,
        problems: Problems,
        arrays: Mapping[str, np.ndarray] | None = None,
        shared: Any = (),
    ) -> None:
        self._names = names
        self._problems = problems
        self._arrays = arrays or {}
        self._shared: dict[str, dict[str, Any]] = {}
        self._made: dict[str, Any] = {}
        self._read_shared(shared)

    def _read_shared(self, shared: Any) -> None:
        if not isinstance(shared, list | tuple):
            self._note("shared", "a list of objects", shared)
            return
        for i, one in enumerate(shared):
            label = one.get("label") if isinstance(one, dict) else None
            if not isinstance(label, str) or not isinstance(one.get("object"), str):
                self._note(f"shared[{i}]", "an object with a label", one)
            elif label in self._shared:
                self._note(f"shared[{i}].label", "a label of its own", label)
            else:
                self._shared[label] = {name: own for name, own in one.items() if name != "label"}
        for label in self._shared:
            self._same(label, "shared")

    def decode(self, value: Any, where: str) -> Any:
        """Return the value that plain values stand for, or `FAILED`.

        Parameters
        ----------
        value : object
        where : str
            What holds it, for messages.
        """
        if value is None or type(value) in (bool, int, float, str):
            return value
        if isinstance(value, list):
            return self._all(value, where)
        if not isinstance(value, dict) or not all(type(key) in _KEYS for key in value):
            return self._note(where, "of the types of JSON", value, self._written(value))
        if not all(type(key) is str for key in value):  # YAML has other keys, JSON has not
            return self._mapping(value, where)
        marks = [name for name in _FORMS if name in value]
        if not marks:
            return self._mapping(value, where)
        takes, form = _FORMS[marks[0]]
        extra = [name for name in value if name != marks[0] and name not in takes]
        if extra:
            hint = did_you_mean(extra[0], takes) if takes else _INSTEAD.get(marks[0], "")
            return self._note(
                where, f"a form with {marks[0]!r}", f"{extra[0]!r} in it", hint, raw=True
            )
        try:
            return form(self, value, where)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            self._problems.add(f"{where}: {error}")
            return FAILED

    def _note(
        self, where: str, valid: str, given: Any, hint: str = "", *, raw: bool = False
    ) -> Any:
        text = given if raw else repr(given)
        self._problems.add(f"{where} must be {valid}, got {_cut(text)}{hint and '.' + hint}")
        return FAILED

    def _written(self, value: Any) -> str:
        """Return a hint with what to write for an object."""
        problems = Problems()
        written = Encoder(self._names, problems).encode(value, "")
        return "" if problems.found else f" Write {_cut(repr(written))}."

    def _all(self, values: Any, where: str) -> Any:
        if not isinstance(values, list):
            return self._note(where, "a list", values)
        found = [self.decode(one, f"{where}[{i}]") for i, one in enumerate(values)]
        return FAILED if any(one is FAILED for one in found) else found

    def _mapping(self, values: Any, where: str, attribute: bool = False) -> Any:
        if not isinstance(values, dict) or (
            attribute and not all(type(key) is str for key in values)
        ):
            return self._note(where, "a dict with names as keys", values)
        found = {
            name: self.decode(one, f"{where}.{name}" if attribute else f"{where}[{name!r}]")
            for name, one in values.items()
        }
        return FAILED if any(one is FAILED for one in found.values()) else found

    def _named(self, name: Any, where: str) -> Any:
        """Return what a name stands for."""
        try:
            return self._names.find(name)
        except ValueError as error:
            self._problems.add(f"{where} {error}")
            return FAILED

    def _class(self, value: dict[str, Any], where: str) -> Any:
        found = self._named(value["class"], f"{where}.class")
        if found is FAILED or isinstance(found, type):
            return found
        hint = _hint_for_function(value["class"])
        return self._note(f"{where}.class", "the name of a class", value["class"], hint)

    def _function(self, value: dict[str, Any], where: str) -> Any:
        found = self._named(value["function"], f"{where}.function")
        if found is not FAILED and isinstance(found, type):
            hint = _hint_for_class(value["function"])
            return self._note(
                f"{where}.function", "the name of a function", value["function"], hint
            )
        return found

    def _object(self, value: dict[str, Any], where: str) -> Any:
        cls = self._named(value["object"], f"{where}.object")
        params = self._mapping(value.get("params", {}), where, attribute=True)
        if cls is not FAILED and not isinstance(cls, type):
            hint = _hint_for_function(value["object"])
            return self._note(f"{where}.object", "the name of a class", value["object"], hint)
        if cls is FAILED or params is FAILED:
            return FAILED
        if valid := too_large(cls, params.values()):
            return self._note(where, valid, cls.__name__)
        return self._called(cls, cls.__name__, params, where)

    def _called(
        self, function: Callable[..., Any], name: str, params: dict[str, Any], where: str
    ) -> Any:
        """Construct an object, or call a factory, after a check of the names of the parameters."""
        known = inspect.signature(function).parameters
        unknown = [own for own in params if own not in known]
        if any(p.kind is p.VAR_KEYWORD for p in known.values()):
            unknown = []
        for own in unknown:
            self._note(
                f"{where} ({name})", "given parameters that it has", own, did_you_mean(own, known)
            )
        if unknown:
            return FAILED
        try:
            return function(**params)
        except Exception as error:  # constructors check in their own ways
            self._problems.add(f"{where} ({name}): {error}")
            return FAILED

    def _same(self, label: Any, where: str) -> Any:
        if not isinstance(label, str) or label not in self._shared:
            hint = did_you_mean(str(label), self._shared, most=10)
            return self._note(where, "the label of a shared object", label, hint)
        if label not in self._made:
            self._made[label] = FAILED  # also of an object that refers to itself
            self._made[label] = self.decode(self._shared[label], f"shared[{label!r}]")
            made = self._made[label]
            if made is not FAILED and not has_identity(made):
                self._made[label] = self._note(where, "a layer, handler or iterator", label)
        return self._made[label]

    def _array(self, value: dict[str, Any], where: str) -> Any:
        given, dtype = value["array"], value.get("dtype", "float64")
        if isinstance(given, str):
            if given not in self._arrays:
                return self._note(where, "an array of the file", given)
            array = np.array(self._arrays[given])
            expected = dtype, value.get("shape")
            if expected != (array.dtype.name, list(array.shape)):
                return self._note(where, f"an array of {expected}", given)
        else:
            items = self._all(given, where)
            if items is FAILED:
                return FAILED
            array = _filled(items, _dtype(dtype, objects=True), value.get("shape", [len(items)]))
        return jnp.asarray(array) if value.get("library") == "jax" else array

    def _scalar(self, value: dict[str, Any], where: str) -> Any:
        single = self.decode(value["scalar"], where)
        if single is FAILED or isinstance(single, list | dict):
            return self._note(where, "a single value", value["scalar"])
        return np.array(single, _dtype(value.get("dtype", "float64")))[()]

    def _partial(self, value: dict[str, Any], where: str) -> Any:
        function = self.decode(value["partial"], where)
        args = self._all(value.get("args", []), where)
        params = self._mapping(value.get("params", {}), where, attribute=True)
        if any(one is FAILED for one in (function, args, params)):
            return FAILED
        if valid := too_large(function, (*args, *params.values())):
            return self._note(where, valid, value["partial"])
        return functools.partial(function, *args, **params)

    def _call(self, value: dict[str, Any], where: str) -> Any:
        name, known = value["call"], factories()
        if not isinstance(name, str) or name not in known:
            valid = "a function that makes schedules or initializers"
            return self._note(f"{where}.call", valid, name, did_you_mean(str(name), known, most=10))
        params = self._mapping(value.get("params", {}), where, attribute=True)
        return FAILED if params is FAILED else self._called(known[name], name, params, where)

    def _scorer(self, value: dict[str, Any], where: str) -> Any:
        from sklearn.metrics import make_scorer

        score = self.decode(value["scorer"], where)
        params = self._mapping(value.get("params", {}), where, attribute=True)
        if score is FAILED or params is FAILED:
            return FAILED
        return self._called(functools.partial(make_scorer, score), "make_scorer", params, where)

    def _method(self, value: dict[str, Any], where: str) -> Any:
        name, owner = value["method"], self.decode(value.get("of"), where)
        if owner is FAILED:
            return FAILED
        if not isinstance(owner, Handler) or not isinstance(name, str) or name.startswith("_"):
            return self._note(where, "a method of a handler", name)
        return getattr(owner, name)

    def _parameter(self, value: dict[str, Any], where: str) -> Any:
        name, layer = value["parameter"], self.decode(value.get("of"), where)
        if layer is FAILED:
            return FAILED
        found = vars(layer).get(name) if isinstance(layer, Layer) else None
        if not isinstance(found, OwnedValue):
            return self._note(where, "a parameter of a layer", name)
        return found.T if value.get("transposed", False) is True else found

    def _random_state(self, value: dict[str, Any], where: str) -> Any:
        random = np.random.RandomState(0)
        kind, keys, *rest = value["random_state"]
        random.set_state((kind, np.array(keys, np.uint32), *rest))
        return random

    def _pairs(self, value: dict[str, Any], where: str) -> Any:
        given = value["dict"]
        if not isinstance(given, list) or not all(
            isinstance(pair, list) and len(pair) == 2 for pair in given
        ):
            return self._note(where, "a list of [key, value] pairs", given)
        pairs = self._all(given, where)
        return pairs if pairs is FAILED else {_hashable(key): own for key, own in pairs}

    def _collected(self, value: dict[str, Any], where: str, mark: str) -> Any:
        kinds: dict[str, Any] = {"tuple": tuple, "set": set, "frozenset": frozenset}
        items = self._all(value[mark], where)
        return items if items is FAILED else kinds[mark](items)

    def _slice(self, value: dict[str, Any], where: str) -> Any:
        items = self._all(value["slice"], where)
        return items if items is FAILED else slice(*items)

    def _float(self, value: dict[str, Any], where: str) -> Any:
        if value["float"] not in ("inf", "-inf", "nan"):
            return self._note(where, "'inf', '-inf' or 'nan'", value["float"])
        return float(value["float"])


_FORMS: dict[str, tuple[tuple[str, ...], Callable[[Decoder, dict[str, Any], str], Any]]] = {
    "object": (("params",), Decoder._object),
    "class": ((), Decoder._class),
    "function": ((), Decoder._function),
    "tuple": ((), functools.partial(Decoder._collected, mark="tuple")),
    "set": ((), functools.partial(Decoder._collected, mark="set")),
    "frozenset": ((), functools.partial(Decoder._collected, mark="frozenset")),
    "same": ((), lambda self, value, where: self._same(value["same"], where)),
    "float": ((), Decoder._float),
    "array": (("dtype", "shape", "library"), Decoder._array),
    "scalar": (("dtype",), Decoder._scalar),
    "dtype": ((), lambda self, value, where: _dtype(value["dtype"])),
    "dict": ((), Decoder._pairs),
    "slice": ((), Decoder._slice),
    "path": ((), lambda self, value, where: Path(value["path"])),
    "partial": (("args", "params"), Decoder._partial),
    "call": (("params",), Decoder._call),
    "scorer": (("params",), Decoder._scorer),
    "method": (("of",), Decoder._method),
    "parameter": (("of", "transposed"), Decoder._parameter),
    "random_state": ((), Decoder._random_state),
}
"""For each mark the other keys that may stand beside it, and a function that reads the form.

A dict with several marks, such as an array with its dtype, has the form of the first.
"""


_INSTEAD = {
    "class": " Write {'object': ..., 'params': {...}} for an object with parameters.",
    "function": " Write {'partial': {'function': ...}, 'params': {...}} for one with arguments.",
}


def _hint_for_class(name: str) -> str:
    return f" Write {{'class': {name!r}}}, or 'object' for one with parameters."


def _hint_for_function(name: str) -> str:
    if name in factories():
        return f" Write {{'call': {name!r}, 'params': {{...}}}}."
    return f" Write {{'function': {name!r}}}."


def _dtype(name: Any, *, objects: bool = False) -> np.dtype:
    try:
        dtype = np.dtype(name if isinstance(name, str) else object)
    except TypeError:
        dtype = np.dtype(object)
        objects = False
    if not (dtype.kind in KINDS or (objects and name == "object")):
        near = nearest(str(name), (one.__name__ for one in np.sctypeDict.values()))
        hint = f". Did you mean {near.rstrip('_')!r}?" if near else ""
        raise ValueError(
            f"dtype must be one of numbers, strings, bools or dates, got {_cut(repr(name))}{hint}"
        )
    if dtype.itemsize > 2**16:
        raise ValueError(f"dtype must have at most {2**16} bytes, got {name!r}")
    return dtype


def _filled(items: list[Any], dtype: np.dtype, shape: Any) -> np.ndarray:
    """Return an array of the items; memory is spent on as many as there are."""
    if not isinstance(shape, list) or len(shape) > MOST_DIMENSIONS:
        raise ValueError(f"shape must be a list of sizes, got {_cut(repr(shape))}")
    if dtype.kind == "U" and dtype.itemsize * len(items) > 2**26:
        raise ValueError(f"dtype must suit the strings, got {dtype.str!r}")
    array = np.empty(len(items), dtype)
    for i, item in enumerate(items):
        array[i] = item
    return array.reshape(shape)


def _hashable(key: Any) -> Any:
    hash(key)
    return key


def _cut(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "..."
