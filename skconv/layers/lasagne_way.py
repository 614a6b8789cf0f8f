"""Layers written in Lasagne's way, with `get_output_for` and `add_param`, as layers of a net."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from .. import init
from ..errors import LayerError
from ..utils.fields import UNSET, cached_per_class, initial, structural
from ..utils.owned_values import OwnedValue, owned
from .connections import is_lasagne_way
from .shapes import Shape, traced_shape
from .specs import Context, Output, Params, ParamSpec

INITIALIZERS = tuple(
    one
    for one in vars(init).values()
    if getattr(one, "__module__", "") == init.__name__ and isinstance(one, type)
)
"""Classes of defaults that make a parameter of a constructor an initial value."""


class LasagneWay:
    """Base class of layers that may be written in Lasagne's way.

    Such a class is not a dataclass. Its constructor takes the incoming layer first and may call
    `add_param`, and it defines `get_output_for`, and `get_output_shape_for` if the shape changes.
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """Return an instance that knows its arguments, if it is written in Lasagne's way."""
        self = super().__new__(cls)
        if is_lasagne_way(cls):
            vars(self)["_arguments"] = args, kwargs
        return self

    @classmethod
    def adapted(cls) -> Any:
        """Return the class itself, or one that runs a class written in Lasagne's way in a net."""
        return adapter_of(cls) if is_lasagne_way(cls) else cls

    def given_fields(self) -> dict[str, Any]:
        """Return the values of the fields of `adapted`, but for the name."""
        cls: Any = type(self)
        names = [own.name for own in dataclasses.fields(self.adapted()) if own.init]
        known = {own.name for own in dataclasses.fields(cls)}
        if not is_lasagne_way(cls):
            return {name: getattr(self, name) for name in names if name != "name"}
        found = _arguments(self)
        found |= {name: getattr(self, name) for name in names if name in known}
        for name, (value, _) in vars(self).get("_registered", {}).items():
            if _is_initial(self.adapted(), name):
                found[name] = value
        given = {name: value for name, value in found.items() if value is not UNSET}
        return {name: given[name] for name in names if name in given and name != "name"}

    def add_param(
        self, spec: Any, shape: Sequence[int], name: str | None = None, **tags: Any
    ) -> Any:
        """Add a parameter to a layer written in Lasagne's way, in its constructor.

        Parameters
        ----------
        spec : initializer, array, number, or parameter of another layer
        shape : tuple of int
        name : str, optional
            Name of the parameter; by default ``param0`` and so on.
        **tags
            ``trainable=False`` and ``regularizable=False`` leave it out of training and penalties.

        Returns
        -------
        OwnedValue
            The parameter, to be assigned to an attribute, ``self.W``; in `get_output_for` that
            attribute is the array.
        """
        registered = vars(self).setdefault("_registered", {})
        name = name or f"param{len(registered)}"
        value = owned(spec)
        if value is not spec:
            value.hold(self, name)
        kinds = {kind: bool(tags.get(kind, True)) for kind in ("trainable", "regularizable")}
        registered[name] = value, ParamSpec(tuple(map(int, shape)), value, **kinds)
        return value


@cached_per_class
def adapter_of(cls: type) -> type:
    """Return a layer class that runs a class written in Lasagne's way.

    Its fields are the parameters of the constructor; those whose default is an initializer are
    initial values.
    """
    namespace = {
        "__doc__": cls.__doc__,
        "__reduce__": _reduce,
        "inner_nonlinearity": True,
        "lasagne_class": cls,
        "noisy": property(_noisy),
        "output_shape": _output_shape,
        "param_specs": _param_specs,
        "apply": _apply,
    }
    base = next(one for one in cls.__mro__ if one.__module__.startswith("skconv.layers.base"))
    fields = [(name, Any, own) for name, own in _constructor_fields(cls).items()]
    made = dataclasses.make_dataclass(
        cls.__name__, fields, bases=(base,), namespace=namespace, frozen=True
    )
    made.__module__ = cls.__module__
    return made


def _constructor_fields(cls: type) -> dict[str, Any]:
    """Return a field for each parameter of the constructor, and for those that it passes on."""
    found: dict[str, Any] = {}
    base: Any
    for base in cls.__mro__:
        if "__dataclass_fields__" in vars(base):
            common = {"name", "l1", "l2", "grad_scale", "incoming", "incomings"}
            for own in dataclasses.fields(base):
                if own.init and own.name not in common:
                    default = found.get(own.name, own).default
                    if own.name == "nonlinearity" and default is UNSET:
                        default = base.default_nonlinearity  # at an output as well, as in Lasagne
                    found[own.name] = _field(default, own.metadata)
            return found
        if "__init__" not in vars(base):
            continue
        parameters = list(inspect.signature(vars(base)["__init__"]).parameters.values())[2:]
        for parameter in parameters:
            if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
                default = UNSET if parameter.default is parameter.empty else parameter.default
                kind = initial if isinstance(default, INITIALIZERS) else structural
                if parameter.name not in ("name", *found):
                    found[parameter.name] = kind(default)
        if all(parameter.kind is not parameter.VAR_KEYWORD for parameter in parameters):
            return found
    return found


def _field(default: Any, metadata: Mapping[Any, Any]) -> Any:
    return dataclasses.field(default=default, metadata=metadata)


def _is_initial(cls: type, name: str) -> bool:
    kinds = {own.name: own.metadata.get("kind") for own in dataclasses.fields(cls)}
    return kinds.get(name) == "initial"


def _arguments(layer: Any) -> dict[str, Any]:
    """Return the arguments that an instance was made with, but for the incoming layer."""
    args, kwargs = vars(layer)["_arguments"]
    bound = inspect.signature(type(layer)).bind(*args, **kwargs)
    found: dict[str, Any] = {}
    for name, value in list(bound.arguments.items())[1:]:
        kind = bound.signature.parameters[name].kind
        found |= value if kind is inspect.Parameter.VAR_KEYWORD else {name: value}
    return {name: value for name, value in found.items() if name != "name"}


def _made(adapter: Any, input_shapes: Sequence[Shape]) -> Any:
    """Return an instance of the class for inputs of given shapes."""
    shapes = [(None, *shape[1:]) for shape in input_shapes]
    incoming = shapes if _takes_list(adapter.lasagne_class) else shapes[0]
    names = _constructor_fields(adapter.lasagne_class)
    given = {name: getattr(adapter, name) for name in names}
    given = {name: value for name, value in given.items() if value is not UNSET}
    try:
        return adapter.lasagne_class(incoming, **given)
    except Exception as error:
        listed = ", ".join(map(str, shapes))
        reason = f"{type(error).__name__}: {error}".partition("\n")[0]
        raise LayerError(f"__init__ failed for input of shape {listed}: {reason}") from error


def _takes_list(cls: Any) -> bool:
    return "incomings" in [own.name for own in dataclasses.fields(cls) if own.init]


def _output_shape(self: Any, *input_shapes: Shape) -> Shape:
    """Return the shape that `get_output_for` returns, which must be the declared one."""
    layer = _made(self, input_shapes)
    specs = _specs(layer, input_shapes)
    declared = layer.declared_shape([(None, *shape[1:]) for shape in input_shapes])

    def run(*inputs: jax.Array) -> jax.Array:
        arrays = {name: jnp.zeros(spec.shape) for name, spec in specs.items()}
        return _run(layer, arrays, inputs, Context(train=False))

    try:
        made = traced_shape(run, "get_output_for", *input_shapes)
    except LayerError as error:
        raise LayerError(f"{error}; it gets arrays of JAX: write it with jax.numpy") from error
    sizes = zip(made[1:], declared[1:], strict=False)
    if len(made) != len(declared) or any(m not in (None, n) for n, m in sizes):
        raise LayerError(
            f"get_output_for must return the shape of get_output_shape_for, {declared}, got {made}"
        )
    return made


def _specs(layer: Any, input_shapes: Sequence[Shape]) -> dict[str, ParamSpec]:
    """Return the parameters of the layer that the class derives from, and those added."""
    base: dict[str, ParamSpec] = type(layer).param_specs(layer, *input_shapes)
    registered = vars(layer).get("_registered", {})
    return base | {name: spec for name, (_, spec) in registered.items()}


def _param_specs(self: Any, *input_shapes: Shape) -> dict[str, ParamSpec]:
    """Return the parameters, in the order in which they were added."""
    return _specs(_made(self, input_shapes), input_shapes)


def _apply(self: Any, params: Params, state: Params, *inputs: jax.Array, ctx: Context) -> Output:
    """Return what `get_output_for` returns."""
    layer = _made(self, [(None, *x.shape[1:]) for x in inputs])
    extra = vars(self).get("_extra_arguments", {})
    return _run(layer, params | state, inputs, ctx, **extra), state


def _run(
    layer: Any, arrays: Params, inputs: Sequence[jax.Array], ctx: Context, **kwargs: Any
) -> jax.Array:
    """Call `get_output_for` with arrays in place of the parameters."""
    registered = vars(layer).get("_registered", {})
    found = {id(value): arrays[name] for name, (value, _) in registered.items()}
    vars(layer)["_running"] = arrays, ctx
    for name, value in list(vars(layer).items()):
        if not name.startswith("_"):
            vars(layer)[name] = _replaced(value, found)
    taken = inspect.signature(layer.get_output_for).parameters
    known = {"deterministic": not ctx.train, "key": ctx.key} | kwargs
    open_ended = any(one.kind is one.VAR_KEYWORD for one in taken.values())
    known = {name: value for name, value in known.items() if name in taken or open_ended}
    given = list(inputs) if _takes_list(type(layer)) else inputs[0]
    return jnp.asarray(layer.get_output_for(given, **known))


def _replaced(value: Any, found: Mapping[int, jax.Array]) -> Any:
    """Return a value with arrays in place of parameters, also in containers."""
    if isinstance(value, OwnedValue):
        return found.get(id(value), value)
    if type(value) in (list, tuple):
        return type(value)(_replaced(one, found) for one in value)
    if type(value) is dict:
        return {key: _replaced(one, found) for key, one in value.items()}
    return value


def _noisy(self: Any) -> bool:
    """Whether `get_output_for` takes a random key."""
    return "key" in inspect.signature(self.lasagne_class.get_output_for).parameters


def _reduce(self: Any) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    return restored, (self.lasagne_class, self.__getstate__())


def restored(cls: type, state: Mapping[str, Any]) -> Any:
    """Return a copy of a layer that runs a class written in Lasagne's way."""
    layer: Any = object.__new__(adapter_of(cls))
    vars(layer).update(state)
    return layer
