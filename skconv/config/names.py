"""Names of classes and functions in configs: of skconv, of its libraries, and trusted ones."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterable, Mapping
from importlib import import_module
from types import FunctionType, MappingProxyType
from typing import Any

import numpy as np

from ..data.iterators import BatchIterator, TrainSplit
from ..errors import did_you_mean
from ..handlers.base import Handler
from ..layers.base import Layer
from ..layers.subgraph import Subgraph
from ..utils.plain_objects import jax_functions

PUBLIC = (
    *("augment", "handlers", "init", "layers", "models", "nonlinearities", "objectives"),
    *("preprocessing", "regularization", "updates"),
)
"""Rooms of skconv whose public classes, functions and instances are known by their bare names."""

COMPUTING = (
    "augment",
    "init",
    "layers",
    "nonlinearities",
    "objectives",
    "regularization",
    "targets",
    "updates",
)
"""Rooms whose functions only compute; those of others may read files."""

FURTHER = (BatchIterator, TrainSplit, Subgraph)

LIBRARIES = (
    *("optax", "optax.losses", "optax.contrib", "jax.nn.initializers"),
    *("sklearn.metrics", "sklearn.model_selection"),
)
"""Modules of which functions, and splitters, are known by their full names."""

FACTORY_MODULES = ("optax", "jax.nn.initializers")
"""Modules with functions that return schedules or initializers."""


@functools.cache
def vocabulary() -> Mapping[str, Any]:
    """Return all that skconv has by its bare name, and functions of JAX by their full names.

    Examples
    --------
    >>> from skconv.layers import Conv2DLayer
    >>> vocabulary()['Conv2DLayer'] is Conv2DLayer
    True
    """
    found: dict[str, Any] = {}
    for room in PUBLIC:
        module = import_module(f"{__name__.partition('.')[0]}.{room}")
        public = {name: getattr(module, name) for name in module.__all__}
        found |= {
            name: value
            for name, value in public.items()
            if room in COMPUTING or not isinstance(value, FunctionType)
        }
    found |= {own.__name__: own for own in FURTHER}
    found |= {name.replace(":", "."): value for name, value in jax_functions().items()}
    found |= {f"numpy.{kind.__name__}": kind for kind in np.sctypeDict.values()}
    return MappingProxyType({name: value for name, value in found.items() if callable(value)})


@functools.cache
def _names_by_id() -> Mapping[int, str]:
    """Return the names of what skconv has; of several names the one that the object says."""
    found: dict[int, str] = {}
    for name, value in vocabulary().items():
        if id(value) not in found or name == getattr(value, "__name__", None):
            found[id(value)] = name
    return MappingProxyType(found)


def _is_allowed(value: Any) -> bool:
    """Return whether a library's public attribute may be named: functions, and splitters."""
    if isinstance(value, type):
        return value.__module__.startswith("sklearn.model_selection") and hasattr(value, "split")
    return isinstance(value, FunctionType)


def _in_libraries(module: str) -> dict[str, Any]:
    return {
        f"{module}.{name}": value
        for name, value in vars(import_module(module)).items()
        if not name.startswith("_") and _is_allowed(value) and _is_of(value, module)
    }


def _is_of(value: Any, module: str) -> bool:
    """Return whether a value is defined in the package of a module."""
    return value.__module__.partition(".")[0] == module.partition(".")[0]


def full_name(value: Any) -> str:
    """Return the name by which a class or function of another package is trusted.

    Examples
    --------
    >>> full_name(functools.reduce), full_name(FunctionType)
    ('_functools.reduce', 'builtins.function')
    """
    return f"{value.__module__}.{value.__qualname__}"


class Names:
    """Classes and functions by name, and their names.

    Parameters
    ----------
    trusted : iterable of str, type or function
        Classes and functions of other packages that may be named as well: full names, as in
        ``'mypackage.layers.MyLayer'``, which are imported once something names them; or the objects
        themselves.
    further : mapping of str to object
        Further objects that may be named.

    Raises
    ------
    TypeError
        If `trusted` is not a list of names, classes and functions.

    Examples
    --------
    >>> import optax
    >>> from skconv.layers import DenseLayer
    >>> names = Names()
    >>> names.name_of(DenseLayer), names.name_of(optax.adam), names.name_of(print)
    ('DenseLayer', 'optax.adam', None)
    >>> names.find('DenseLayr')
    Traceback (most recent call last):
    ...
    ValueError: must be a name that skconv knows, got 'DenseLayr'. Did you mean 'DenseLayer'?
    """

    def __init__(
        self, trusted: Iterable[Any] | None = None, further: Mapping[str, Any] | None = None
    ) -> None:
        self.trusted = _read_trusted(trusted)
        self._further = further or {}
        self._further_ids = {id(value): name for name, value in self._further.items()}

    def name_of(self, value: Any) -> str | None:
        """Return the name of a class, function or public instance; None if it has none."""
        name = _names_by_id().get(id(value)) or self._further_ids.get(id(value))
        if name is not None or not isinstance(value, type | FunctionType):
            return name
        if _own_value(full_name(value)) is value:
            return full_name(value)
        for module in LIBRARIES:
            name = f"{module}.{value.__name__}"
            if _is_of(value, module) and _library_value(name) is value:
                return name
        name = full_name(value)
        return name if name in self.trusted and self._import(name) is value else None

    def find(self, name: Any) -> Any:
        """Return what a name stands for.

        Raises
        ------
        ValueError
            For an unknown name, with the nearest known one, and for one that is not trusted.
        """
        if not isinstance(name, str):
            raise ValueError(f"must be a name, got {_short(name)}")
        for known in (vocabulary(), self._further):
            if name in known:
                return known[name]
        for value in (_own_value(name), _library_value(name)):
            if value is not None:
                return value
        if name in self.trusted:
            return self._import(name)
        raise ValueError(f"must be a name that skconv knows, got {_short(name)}{self._hint(name)}")

    def _hint(self, name: str) -> str:
        module, dot, own = name.rpartition(".")
        if module.split(".")[0] == "skconv":
            return "." + did_you_mean(own, vocabulary(), most=10)
        if module in LIBRARIES:
            return "." + did_you_mean(name, _in_libraries(module), most=10)
        known = [*vocabulary(), *self._further, *self.trusted]
        if dot and not name.startswith("jax."):
            return f"; if you trust it, write trusted=[{_short(name)}]"
        return "." + did_you_mean(name, known, most=10)

    def _import(self, name: str) -> Any:
        """Return the class or function of a trusted name."""
        if self.trusted[name] is None:
            self.trusted[name] = _imported(name)
        return self.trusted[name]


def factories() -> dict[str, Any]:
    """Return the functions of libraries that make schedules and initializers, by full name.

    Examples
    --------
    >>> 'optax.cosine_decay_schedule' in factories()
    True
    """
    return {
        f"{module}.{name}": value
        for module in FACTORY_MODULES
        for name, value in vars(import_module(module)).items()
        if isinstance(value, FunctionType) and _makes_functions(module, name, value)
    }


def _makes_functions(module: str, name: str, value: FunctionType) -> bool:
    if name.startswith("_") or not _is_of(value, module):
        return False
    if module == "jax.nn.initializers":
        return "key" not in inspect.signature(value).parameters
    return value.__module__.startswith("optax.schedules") and "inject" not in name


def _own_value(name: str) -> Any:
    """Return a class of a model's layers or of `skconv.compat`, or a function that computes.

    They have full names, as they are not public, or not the only ones of their name.
    """
    module, _, own = name.rpartition(".")
    top, _, rest = module.partition(".")
    room = rest.partition(".")[0]
    if top != __name__.partition(".")[0] or room not in (*COMPUTING, "compat", "models"):
        return None
    if module.endswith("__main__"):
        return None
    try:
        value = vars(import_module(module)).get(own)
    except ModuleNotFoundError:
        return None
    computes = isinstance(value, FunctionType) and room in COMPUTING
    constructs = isinstance(value, type) and _is_part_of_nets(value)
    return value if (computes or constructs) and full_name(value) == name else None


def _is_part_of_nets(cls: type) -> bool:
    """Return whether a class is one of layers, handlers, iterators, splitters or nets."""
    parts = (Layer, Handler, BatchIterator, TrainSplit)
    return issubclass(cls, parts) or hasattr(cls, "from_config")


def _library_value(name: str) -> Any:
    """Return the function or splitter of a library, or None if the name is not one of those."""
    module, _, own = name.rpartition(".")
    if module not in LIBRARIES or own.startswith("_"):
        return None
    value = vars(import_module(module)).get(own)
    return value if _is_allowed(value) and _is_of(value, module) else None


def _read_trusted(trusted: Any) -> dict[str, Any]:
    """Return trusted objects by full name; None for those that are given by name."""
    valid = "a list of names, as in ['mypackage.layers.MyLayer'], of classes and of functions"
    if trusted is None:
        return {}
    if isinstance(trusted, str) or not isinstance(trusted, Iterable):
        raise TypeError(f"trusted must be {valid}, got {trusted!r}")
    found: dict[str, Any] = {}
    for one in trusted:
        if isinstance(one, str):
            found.setdefault(one, None)
        elif isinstance(one, type | FunctionType):
            if full_name(one).endswith("<lambda>"):
                raise TypeError(f"trusted must be {valid}, got a lambda; define it by def")
            found[full_name(one)] = one
        else:
            raise TypeError(f"trusted must be {valid}, got {one!r} among them")
    return found


def _imported(name: str) -> Any:
    parts = name.split(".")
    for end in range(len(parts) - 1, 0, -1):
        try:
            value = import_module(".".join(parts[:end]))
        except ModuleNotFoundError as error:
            if error.name is not None and name.startswith(error.name):
                continue
            raise
        try:
            return functools.reduce(getattr, parts[end:], value)
        except AttributeError:
            break
    raise ValueError(
        f"trusted must have names of classes and functions that can be imported, got {name!r}"
    )


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
