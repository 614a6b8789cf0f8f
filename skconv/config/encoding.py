"""Encode objects as plain values: dicts, lists, strings, numbers, True, False and None."""

from __future__ import annotations

import functools
import itertools
import math
import os
from collections.abc import Iterable, Mapping
from pathlib import PurePath
from types import FunctionType, MappingProxyType, MethodType
from typing import Any

import jax
import numpy as np

from ..errors import Problems
from ..handlers.base import Handler
from ..layers.base import Layer
from ..layers.connections import INPUTS
from ..layers.held_module import HeldModule
from ..layers.linen_module import LinenModule
from ..layers.module_factory import ModuleFactory
from ..utils.owned_values import OwnedValue, TransposedValue
from .names import Names, full_name
from .parameters import constructed_with, factory_call, too_large

MARKS = frozenset(
    {
        *("tuple", "set", "frozenset", "dict", "float", "scalar", "array", "dtype", "slice"),
        *("path", "class", "function", "object", "same", "partial", "call", "method"),
        *("parameter", "random_state", "scorer"),
    }
)
"""Keys that say what a dict stands for; a dict of the user's with one of them is a ``dict``."""

MOST_VALUES = 1000
"""Size of an array up to which a config holds it."""

KINDS = "biufUmM"
"""Kinds of arrays that configs hold."""

WRITTEN_KINDS = "UmM"
"""Those among them that are written as lists always, as ``.safetensors`` files do not hold them."""

_WRITE = "write its name, as in 'squared_error' or 'adam', or a function of skconv, jax.nn or optax"


class Encoder:
    """Encodes values; objects that are met again are kept once.

    Parameters
    ----------
    names : Names
    problems : Problems
        Receives an error for each value that cannot be encoded.
    arrays : dict of str to array, optional
        Receives arrays of any size; by default small ones are written as lists, and others refused.

    Attributes
    ----------
    shared : list of dict
        The objects that are referred to more than once, each after those that it refers to.

    Examples
    --------
    >>> from skconv.layers import DenseLayer
    >>> encoder = Encoder(Names(), Problems())
    >>> encoder.encode(('hidden', DenseLayer), 'layers')
    {'tuple': ['hidden', {'class': 'DenseLayer'}]}
    >>> encoder.encode(DenseLayer(num_units=3, nonlinearity='tanh'), 'layers')
    {'object': 'DenseLayer', 'params': {'num_units': 3, 'nonlinearity': 'tanh'}}
    """

    def __init__(
        self, names: Names, problems: Problems, arrays: dict[str, np.ndarray] | None = None
    ) -> None:
        self._names = names
        self._problems = problems
        self._arrays = arrays
        self.shared: list[dict[str, Any]] = []
        self._nodes: dict[int, dict[str, Any]] = {}
        self._alive: list[Any] = []
        self._open: set[int] = set()
        self._owners: dict[int, tuple[Layer, str]] = {}

    def encode(self, value: Any, where: str) -> Any:
        """Return a value as plain values.

        Parameters
        ----------
        value : object
        where : str
            What holds it, for messages.
        """
        kind = type(value)
        if value is None or kind in (bool, int, str):
            return value
        if kind is float:
            return value if math.isfinite(value) else {"float": repr(value)}
        if kind in (dict, MappingProxyType):
            return self._dict(dict(value), where)
        if kind is list:
            return self._all(value, where)
        if kind in (tuple, set, frozenset):
            given = value if kind is tuple else sorted(value, key=repr)
            return {kind.__name__: self._all(given, where)}
        if isinstance(value, np.ndarray | np.generic | jax.Array):
            return self._array(value, where)
        if isinstance(value, PurePath):
            return {"path": os.fspath(value)}
        name = self._names.name_of(value)
        if name is not None:
            return {"class" if isinstance(value, type) else "function": name}
        return self._object(value, where)

    def _all(self, values: Iterable[Any], where: str) -> list[Any]:
        return [self.encode(value, f"{where}[{i}]") for i, value in enumerate(values)]

    def _params(self, values: Mapping[str, Any], where: str) -> dict[str, Any]:
        return {name: self.encode(value, f"{where}.{name}") for name, value in values.items()}

    def _dict(self, value: dict[Any, Any], where: str) -> dict[str, Any]:
        if all(type(key) is str for key in value) and not MARKS & value.keys():
            return {key: self.encode(own, f"{where}[{key!r}]") for key, own in value.items()}
        pairs = [
            [self.encode(k, where), self.encode(v, f"{where}[{k!r}]")] for k, v in value.items()
        ]
        return {"dict": pairs}

    def _array(self, value: Any, where: str) -> Any:
        if isinstance(value.dtype, np.dtype) and value.dtype.kind == "O":
            given = np.asarray(value)
            encoded = self._all(given.ravel().tolist(), where)
            return {"array": encoded, "dtype": "object", "shape": list(given.shape)}
        array = np.asarray(value) if isinstance(value.dtype, np.dtype) else np.empty(0, object)
        if array.dtype.kind not in KINDS:
            return self._refuse(where, "an array of numbers, strings, bools or dates", value.dtype)
        dtype = array.dtype.str if array.dtype.kind == "U" else array.dtype.name
        if isinstance(value, np.generic):
            return {"scalar": self.encode(_items(array)[0], where), "dtype": dtype}
        made: dict[str, Any] = {"dtype": dtype, "shape": list(array.shape)}
        if isinstance(value, jax.Array):
            made["library"] = "jax"
        if self._arrays is not None and array.dtype.kind not in WRITTEN_KINDS and array.size > 16:
            name = f"array{len(self._arrays)}"
            self._arrays[name] = array.astype(array.dtype.newbyteorder("="), copy=False)
            return {"array": name, **made}
        if self._arrays is None and array.size > MOST_VALUES:
            hint = "; skconv.save writes a net with arrays of any size"
            return self._refuse(
                where, f"an array of at most {MOST_VALUES} values", array.size, hint
            )
        return {"array": [self.encode(one, where) for one in _items(array)], **made}

    def _object(self, value: Any, where: str) -> Any:
        """Encode what has neither a name nor a form of its own."""
        if isinstance(value, np.dtype):
            return {"dtype": value.str}
        if isinstance(value, slice):
            return {"slice": self._all((value.start, value.stop, value.step), where)}
        if isinstance(value, OwnedValue | TransposedValue):
            return self._parameter(value, where)
        if isinstance(value, functools.partial):
            arguments = (*value.args, *value.keywords.values())
            if valid := too_large(value.func, arguments):
                return self._refuse(where, valid, repr(value)[:60])
            made = {"partial": self.encode(value.func, where)}
            made |= {"args": self._all(value.args, where)} if value.args else {}
            return made | (
                {"params": self._params(value.keywords, where)} if value.keywords else {}
            )
        if isinstance(value, np.random.RandomState):
            kind, keys, *rest = value.get_state(legacy=True)
            return {"random_state": [kind, np.asarray(keys).tolist(), *rest]}
        if isinstance(value, MethodType):
            owner = self.encode(value.__self__, where)
            return {"method": value.__name__, "of": owner}
        if type(value).__module__ == "sklearn.metrics._scorer":
            return self._scorer(value, where)
        if isinstance(value, HeldModule):
            return self._module(value, where)
        if isinstance(value, FunctionType | type):
            call = factory_call(value)
            if call is not None:
                return {"call": call[0], "params": self._params(call[1], where)}
            return self._refuse_function(value, where)
        cls = self._names.name_of(type(value))
        if cls is None:
            return self._refuse_object(value, where)
        return self._instance(value, cls, where)

    def _module(self, value: HeldModule, where: str) -> Any:
        """Encode the function that returns a module of another library, or a module of linen."""
        if isinstance(value, ModuleFactory | LinenModule):
            return self.encode(value.given, where)
        valid = (
            "a function that returns the module, at the top level of a Python module and trusted"
        )
        return self._refuse(where, valid, f"a module {value.label}")

    def _scorer(self, value: Any, where: str) -> Any:
        """Encode a scorer of scikit-learn by the arguments of `make_scorer`."""
        if not hasattr(value, "_score_func"):
            return self._refuse_object(value, where)
        made = {"scorer": self.encode(value._score_func, where)}
        params = {"response_method": value._response_method, "greater_is_better": value._sign > 0}
        return made | {"params": self._params(params | value._kwargs, where)}

    def _instance(self, value: Any, cls: str, where: str) -> Any:
        """Encode an object by its class and parameters; one that is met again by its label."""
        if id(value) in self._nodes:
            return {"same": self._label(self._nodes[id(value)])}
        if isinstance(value, Layer):
            self._encode_inputs(value, where)
        if id(value) in self._open:
            return self._refuse(where, "an object that does not hold itself", cls)
        self._alive.append(value)  # so that no other value gets its id
        try:
            params = constructed_with(value)
        except TypeError as error:
            self._problems.add(f"{where} {error}", TypeError)
            params = {}
        node: dict[str, Any] = {"object": cls}
        self._open.add(id(value))
        encoded = {
            name: self._field(value, name, own, f"{where}.{name}") for name, own in params.items()
        }
        self._open.remove(id(value))
        if encoded:
            node["params"] = encoded
        if has_identity(value):
            self._nodes[id(value)] = node
        return node

    def _field(self, owner: Any, name: str, value: Any, where: str) -> Any:
        """Encode a parameter of an object; one that layers may share, if it is the owner's."""
        if isinstance(value, OwnedValue) and name in vars(owner).get("_own", ()):
            return self.encode(value.start, where)
        return self.encode(value, where)

    def _encode_inputs(self, last: Layer, where: str) -> None:
        """Encode the layers that feed a layer, each after its own, as graphs may be deep."""
        left = _inputs(last)
        while left:
            layer = left[-1]
            inputs = [] if id(layer) in self._nodes else _inputs(layer)
            missing = [one for one in inputs if id(one) not in self._nodes]
            left += missing
            if not missing:
                left.pop()
                name = self._names.name_of(type(layer))
                if id(layer) not in self._nodes and name is not None:
                    self._remember_owned(layer)
                    self._label(self._instance(layer, name, f"{where} ({_describe(layer)})"))
        self._remember_owned(last)

    def _remember_owned(self, layer: Layer) -> None:
        for name in vars(layer).get("_own", ()):
            self._owners[id(getattr(layer, name))] = layer, name

    def _label(self, node: dict[str, Any]) -> str:
        """Move a node to the shared ones, where its label refers to it."""
        if "same" not in node:
            given = node.get("params", {}).get("name")
            stem = given if isinstance(given, str) else node["object"]
            numbered = (f"{stem}{i}" for i in itertools.count(1))
            taken = {one["label"] for one in self.shared}
            first = [stem] if stem is given else []
            label = next(one for one in itertools.chain(first, numbered) if one not in taken)
            self.shared.append({"label": label, **node})
            node.clear()
            node["same"] = label
        return node["same"]

    def _parameter(self, value: OwnedValue | TransposedValue, where: str) -> Any:
        """Encode a parameter of another layer, which is shared."""
        transposed = isinstance(value, TransposedValue)
        owned = value.parameter if isinstance(value, TransposedValue) else value
        held = vars(owned).get("_holder") or self._owners.get(id(owned))
        if held is None:
            return self._refuse(
                where, "a parameter of a layer that comes before", repr(owned), ", of another layer"
            )
        holder, name = held
        made = {"parameter": name, "of": self.encode(holder, where)}
        return made | ({"transposed": True} if transposed else {})

    def _refuse(self, where: str, valid: str, given: Any, hint: str = "") -> None:
        self._problems.add(f"{where} must be {valid}, got {given}{hint}", TypeError)

    def _refuse_function(self, value: Any, where: str) -> None:
        name = full_name(value)
        hint = f"; {_WRITE}, or trust it: trusted=[{name!r}]"
        if "<" in name:
            hint = (
                f"; {_WRITE}, or define it at the top level of a module and trust it: "
                "trusted=['module.name']"
            )
        self._refuse(where, "something that a config can name", repr(value), hint)

    def _refuse_object(self, value: Any, where: str) -> None:
        cls = type(value)
        hint = f"; if its parameters are its attributes, trust it: trusted=[{full_name(cls)!r}]"
        if cls.__module__.startswith("optax"):
            hint = "; write its factory, as in update=optax.adam, and update_learning_rate=0.001"
        given = f"{cls.__name__} {str(value)[:60]}"
        self._refuse(where, "something that a config can name", given, hint)


def has_identity(value: Any) -> bool:
    """Return whether an object is compared by its identity, so that a copy is another one."""
    return isinstance(value, Layer | Handler) or type(value).__eq__ is object.__eq__


def _items(array: np.ndarray) -> list[Any]:
    """Return the values of an array as numbers and strings, dates as those of ISO 8601."""
    if array.dtype.kind == "M":
        array = np.datetime_as_string(array)
    elif array.dtype.kind == "m":
        array = array.astype(np.int64)
    return array.ravel().tolist()


def _inputs(layer: Layer) -> list[Layer]:
    found: list[Any] = []
    for name in INPUTS:
        given = getattr(layer, name, None)
        found += given if isinstance(given, list | tuple) else [given]
    return [one for one in found if isinstance(one, Layer)]


def _describe(layer: Layer) -> str:
    return layer.name or type(layer).__name__
