"""Objects of skconv as JSON and arrays, for savers that do without pickle, such as skops.

An object is written as the name of its class and its attributes, and a function as its name. To
read it, the class is not called: its attributes are set. So a file can name what skconv has, and
nothing else. What other packages and scripts define is left outside, where the saver writes it in
its own way, and shows whom to trust.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from importlib import import_module
from types import FunctionType, MethodType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

SCALARS = (type(None), bool, int, float, str)
CONTAINERS: dict[str, Callable[[Any], Any]] = {
    kind.__name__: kind for kind in (list, tuple, set, frozenset)
}

FUNCTIONS = (
    *("augment", "init", "layers", "nonlinearities", "objectives", "regularization", "targets"),
    "updates",
)
"""Rooms of skconv whose functions may be named; all that they do is compute."""

RESTORERS = ("skconv.layers.lasagne_way:restored",)
"""Functions that `__reduce__` of an object may name, and that are called to restore it."""

REFUSED = ("skconv.utils.pickling",)
"""Modules of classes that may not be named: they hold pickles."""

COMPUTING = (
    *("abs", "absolute", "arctan", "cos", "cosh", "exp", "expm1", "log", "log1p", "negative"),
    *("sign", "sin", "sinh", "sqrt", "square", "tan", "tanh"),
    *("max", "mean", "median", "min", "prod", "std", "sum", "var"),
    *("add", "divide", "maximum", "minimum", "multiply", "subtract"),
)
"""Functions of `jax.numpy` that activate, pool or merge; others read files."""


def jax_functions() -> dict[str, Any]:
    """Return the functions of JAX that may be named; most of them are no plain functions.

    Examples
    --------
    >>> jax_functions()['jax.numpy:tanh'] is jnp.tanh
    True
    """
    found = {f"jax.numpy:{name}": getattr(jnp, name) for name in COMPUTING}
    public = {name: value for name, value in vars(jax.nn).items() if not name.startswith("_")}
    return found | {
        f"jax.nn:{name}": value
        for name, value in public.items()
        if callable(value) and getattr(value, "__module__", "").startswith("jax")
    }


def encode(value: Any) -> dict[str, Any]:
    """Return a value as JSON, arrays, and a list of what is left outside.

    Parameters
    ----------
    value : object

    Returns
    -------
    dict with keys 'plain', 'arrays' and 'outside'

    Raises
    ------
    TypeError
        If the value holds functions without an importable name, such as lambdas.

    Examples
    --------
    >>> state = encode({'a': [1, np.zeros(2)], 'b': complex})
    >>> sorted(state), len(state['arrays']), state['outside']
    (['arrays', 'outside', 'plain'], 1, [<class 'complex'>])
    >>> decode(state)
    {'a': [1, array([0., 0.])], 'b': <class 'complex'>}
    """
    encoder = _Encoder()
    root = encoder.encode(value)
    plain = json.dumps({"root": root, "parts": encoder.parts})
    return {"plain": plain, "arrays": encoder.arrays, "outside": encoder.outside}


def decode(state: dict[str, Any]) -> Any:
    """Return the value that `encode` has written.

    Parameters
    ----------
    state : dict

    Raises
    ------
    ValueError
        If it is damaged, or names what skconv does not have.
    """
    try:
        written = json.loads(state["plain"])
        decoder = _Decoder(written["parts"], state["arrays"], state["outside"])
        return decoder.decode(written["root"])
    except (AttributeError, ImportError, LookupError, RecursionError, TypeError) as error:
        raise ValueError(f"the state of an object of skconv cannot be read: {error!r}") from error


def is_encoded(state: Any) -> bool:
    """Return whether a state is one that `encode` returns."""
    return type(state) is dict and state.keys() == {"plain", "arrays", "outside"}


class _Encoder:
    """Writes each object once, so that objects may refer to each other.

    Attributes
    ----------
    parts : list of list
        Everything but scalars; items are scalars, or ``[i]`` for the i-th part.
    arrays : list of array
    outside : list of object
    """

    def __init__(self) -> None:
        self.parts: list[Any] = []
        self.arrays: list[np.ndarray] = []
        self.outside: list[Any] = []
        self._places: dict[int, int] = {}
        self._alive: list[Any] = []
        self._jax = {id(value): name for name, value in jax_functions().items()}

    def encode(self, value: Any) -> Any:
        if type(value) in SCALARS:
            return value
        if id(value) not in self._places:
            self._places[id(value)] = len(self.parts)
            self._alive.append(value)  # so that no other value gets its id
            self.parts.append(None)
            self.parts[self._places[id(value)]] = self._part(value)
        return [self._places[id(value)]]

    def _all(self, values: Any) -> list[Any]:
        return [self.encode(value) for value in values]

    def _part(self, value: Any) -> list[Any]:
        kind = type(value)
        if id(value) in self._jax:
            return ["jax", self._jax[id(value)]]
        if kind.__name__ in CONTAINERS and kind is CONTAINERS[kind.__name__]:
            return [kind.__name__, *self._all(value)]
        if kind is dict:
            return ["dict", *(self._all(pair) for pair in value.items())]
        if kind is np.ndarray or isinstance(value, np.generic | jax.Array):
            return self._array(value)
        if isinstance(value, np.dtype) and value.names is None:
            return ["dtype", value.str]
        if kind is slice:
            return ["slice", *self._all((value.start, value.stop, value.step))]
        if kind is functools.partial:
            return ["partial", *self._all((value.func, value.args, value.keywords))]
        if isinstance(value, MethodType) and _is_ours(type(value.__self__)):
            return ["method", self.encode(value.__self__), value.__name__]
        if isinstance(value, type | FunctionType):
            return self._named(value)
        if isinstance(value, tuple):
            if _is_named_tuple(kind) and kind.__module__.startswith(("optax.", "skconv.")):
                return ["namedtuple", _name_of(kind), *self._all(value)]
            if _is_ours(kind):  # a tuple with more to it, which copies lack as well
                return ["tuple", *self._all(value)]
        if _is_ours(kind):
            return self._object(value)
        return self._left_outside(value)

    def _array(self, value: Any) -> list[Any]:
        if isinstance(value, jax.Array):
            if jax.dtypes.issubdtype(value.dtype, jax.dtypes.prng_key):
                raise TypeError(f"a random key of JAX cannot be saved, got {value!r}")
            kind = "jax array"
        else:
            kind = "array" if isinstance(value, np.ndarray) else "number"
        array = np.asarray(value)
        if array.dtype.hasobject:
            return ["objects", list(array.shape), *self._all(array.ravel().tolist())]
        self.arrays.append(array)
        return [kind, len(self.arrays) - 1]

    def _named(self, value: Any) -> list[Any]:
        allowed = _is_class_of_skconv if isinstance(value, type) else _is_function_of_skconv
        if allowed(value):
            return ["global", _name_of(value)]
        return self._left_outside(value)

    def _object(self, value: Any) -> list[Any]:
        reduced = value.__reduce__() if _reduces_itself(type(value)) else None
        if isinstance(reduced, str):
            return ["constant", f"{type(value).__module__}:{reduced}"]
        if reduced is not None and _name_of(reduced[0]) in RESTORERS:
            return ["restored", _name_of(reduced[0]), *self._all(reduced[1])]
        state = value.__getstate__()
        if isinstance(state, dict):
            cached = _cached_properties(type(value))
            state = {name: own for name, own in state.items() if name not in cached}
        return ["object", self.encode(type(value)), self.encode(state)]

    def _left_outside(self, value: Any) -> list[Any]:
        if isinstance(value, type | FunctionType) and not _is_importable(value):
            raise TypeError(
                f"{value!r} cannot be saved without its code; define it at the top level of a "
                "module, or use pickle"
            )
        self.outside.append(value)
        return ["outside", len(self.outside) - 1]


class _Decoder:
    """Reads what an `_Encoder` has written."""

    def __init__(self, parts: list[Any], arrays: Any, outside: Any) -> None:
        self._parts = parts
        self._arrays = arrays
        self._outside = outside
        self._made: dict[int, Any] = {}

    def decode(self, node: Any) -> Any:
        if type(node) in SCALARS:
            return node
        (place,) = node
        if place not in self._made:
            kind, *items = self._parts[place]
            self._made[place] = self._make(place, kind, items)
        return self._made[place]

    def _all(self, items: Any) -> list[Any]:
        return [self.decode(item) for item in items]

    def _make(self, place: int, kind: str, items: list[Any]) -> Any:
        if kind in ("list", "dict", "object"):
            return getattr(self, f"_{kind}")(place, items)
        if kind in CONTAINERS:
            return CONTAINERS[kind](self._all(items))
        simple: dict[str, Callable[..., Any]] = {
            "jax": lambda name: jax_functions()[name],
            "array": lambda i: self._arrays[i],
            "number": lambda i: self._arrays[i][()],
            "jax array": lambda i: jnp.asarray(self._arrays[i]),
            "dtype": np.dtype,
            "global": _global,
            "constant": _constant,
            "outside": lambda i: self._outside[i],
            "slice": lambda *given: slice(*self._all(given)),
            "partial": self._partial,
            "method": self._method,
            "objects": self._objects,
            "namedtuple": self._namedtuple,
            "restored": self._restored,
        }
        return simple[kind](*items)

    def _list(self, place: int, items: list[Any]) -> list[Any]:
        made = self._made[place] = []
        made += self._all(items)
        return made

    def _dict(self, place: int, items: list[Any]) -> dict[Any, Any]:
        made: dict[Any, Any] = {}
        self._made[place] = made
        for key, value in items:
            made[self.decode(key)] = self.decode(value)
        return made

    def _object(self, place: int, items: list[Any]) -> Any:
        cls, state = items
        cls = self.decode(cls)
        if not isinstance(cls, type) or not _is_ours(cls) or issubclass(cls, tuple):
            raise ValueError(f"the state of an object of skconv names {cls!r}")
        made = self._made[place] = object.__new__(cls)
        state = self.decode(state)
        if hasattr(made, "__setstate__"):
            made.__setstate__(state)
        elif state is not None:
            vars(made).update(state)
        return made

    def _partial(self, *items: Any) -> Any:
        function, args, keywords = self._all(items)
        return functools.partial(function, *args, **keywords)

    def _method(self, owner: Any, name: str) -> Any:
        made = self.decode(owner)
        if not _is_ours(type(made)) or name.startswith("_"):
            raise ValueError(f"the state of an object of skconv names {name!r} of {made!r}")
        return getattr(made, name)

    def _objects(self, shape: list[int], *items: Any) -> np.ndarray:
        array = np.empty(len(items), object)
        array[:] = self._all(items)
        return array.reshape(shape)

    def _namedtuple(self, name: str, *items: Any) -> Any:
        cls = _found(name, ("optax.", "skconv."))
        if not _is_named_tuple(cls):
            raise ValueError(f"the state of an object of skconv names {name!r}")
        return tuple.__new__(cls, self._all(items))

    def _restored(self, name: str, *items: Any) -> Any:
        if name not in RESTORERS:
            raise ValueError(f"the state of an object of skconv names {name!r}")
        return _found(name, ("skconv.",))(*self._all(items))


def _name_of(value: Any) -> str:
    return f"{value.__module__}:{value.__qualname__}"


def _found(name: str, packages: tuple[str, ...]) -> Any:
    """Return what a name such as ``'package.module:name'`` stands for."""
    module, _, rest = name.partition(":")
    if not module.startswith(packages) or module.endswith("__main__") or "." in rest:
        raise ValueError(f"the state of an object of skconv names {name!r}")
    return getattr(import_module(module), rest)


def _global(name: str) -> Any:
    value = _found(name, ("skconv.",))
    if not (_is_class_of_skconv(value) or _is_function_of_skconv(value)):
        raise ValueError(f"the state of an object of skconv names {name!r}")
    return value


def _constant(name: str) -> Any:
    value = _found(name, ("skconv.",))
    if not _is_class_of_skconv(type(value)):
        raise ValueError(f"the state of an object of skconv names {name!r}")
    return value


def _is_class_of_skconv(value: Any) -> bool:
    if not isinstance(value, type) or not value.__module__.startswith("skconv."):
        return False
    return value.__module__ not in REFUSED and _is_importable(value)


def _is_function_of_skconv(value: Any) -> bool:
    if not isinstance(value, FunctionType) or not value.__module__.startswith("skconv."):
        return False
    return value.__module__.split(".")[1] in FUNCTIONS and _is_importable(value)


def _is_importable(value: Any) -> bool:
    try:
        return getattr(import_module(value.__module__), value.__qualname__, None) is value
    except (ImportError, ValueError):
        return False


def _is_ours(cls: type) -> bool:
    """Return whether a class is one of skconv, or a subclass of one that other packages define."""
    return any(
        base.__module__.startswith("skconv.") and base.__module__ not in REFUSED
        for base in cls.__mro__
    )


def _is_named_tuple(cls: Any) -> bool:
    return isinstance(cls, type) and issubclass(cls, tuple) and hasattr(cls, "_fields")


def _reduces_itself(cls: type) -> bool:
    return cls.__reduce__ is not object.__reduce__


def _cached_properties(cls: type) -> frozenset[str]:
    """Return the attributes that an object computes when they are needed."""
    return frozenset(
        name
        for base in cls.__mro__
        for name, value in vars(base).items()
        if isinstance(value, functools.cached_property)
    )
