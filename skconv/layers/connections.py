"""Layer instances that know the layers before them, and so their own shapes."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from types import FunctionType, MethodType
from typing import Any, ClassVar, NamedTuple

from .. import nonlinearities
from ..errors import LayerError, describe_layer
from ..utils.fields import UNSET, cached_per_class
from .known_shapes import KnownShape, ShapeError, UnknownShape
from .shapes import Shape
from .specs import Copies, reference_fields

TRIAL_SIZES = (840, 1680)
"""Sizes in place of None: an axis of the output whose size is the same for both is known."""


INPUTS = ("incoming", "incomings")
"""Fields that hold the inputs."""


class ShapeMethod:
    """The method `output_shape` of a layer, which reads as the shape itself if it is known.

    Parameters
    ----------
    function : callable
    """

    def __init__(self, function: Callable[..., Shape]) -> None:
        self.function = function
        self.__doc__ = function.__doc__

    def __get__(self, layer: Any, owner: type | None = None) -> Any:
        if layer is None:
            return self.function
        method = MethodType(self.function, layer)
        if "_detached" in vars(layer):
            return method
        if not layer.is_connected:
            return UnknownShape(ShapeError(layer.why_unconnected()), method)
        try:
            if is_lasagne_way(type(layer)):
                return KnownShape(layer.declared_shape(layer.input_shapes), method)
            return KnownShape(connection_of(layer).shape, method)
        except Exception as error:  # the method can still be called for other inputs
            return UnknownShape(error, method)


class Connection(NamedTuple):
    """What is known of a layer's output.

    Parameters
    ----------
    shape : tuple
        With the number of rows if the input layer has one, else None.
    copies : tuple of int
        Copies of each row, as returned by `Layer.copies`.
    """

    shape: Shape
    copies: Copies = ()


def _equals(self: Any, other: Any) -> bool:
    """Compare by fields, but by identity if the layers were given their inputs, as in Lasagne."""
    if self is other:
        return True
    if type(self) is not type(other):
        return NotImplemented
    if _is_given_inputs(self) or _is_given_inputs(other):
        return False
    return bool(_compared(self) == _compared(other))


def _hashed(self: Any) -> int:
    return id(self) if _is_given_inputs(self) else hash(_compared(self))


def _compared(layer: Any) -> tuple[Any, ...]:
    return tuple(getattr(layer, own.name) for own in dataclasses.fields(layer) if own.compare)


def _is_given_inputs(layer: Any) -> bool:
    """Return whether a layer is connected to others rather than described by names."""
    return _takes_inputs(type(layer)) and layer.is_connected


@cached_per_class
def is_lasagne_way(cls: type) -> bool:
    """Return whether a layer class is written in Lasagne's way: not as a dataclass."""
    if not issubclass(cls, ConnectedLayer):
        return False
    own = []
    for base in cls.__mro__:
        if "__dataclass_fields__" in vars(base):
            break
        own.append(base)
    return any({"get_output_for", "get_output_shape_for"} & vars(base).keys() for base in own)


class ConnectedLayer:
    """Base class of layers that are given other layers, as in Lasagne.

    Such layers are compared by identity: equal ones are different keys of a dict. In a list of
    layers, names connect them instead, and nothing is known before the net is built.
    """

    incoming: Any
    incomings: Any
    name: str | None
    default_nonlinearity: ClassVar[Any]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name, method in (("__eq__", _equals), ("__hash__", _hashed)):
            if name not in vars(cls):
                setattr(cls, name, method)  # the decorator of dataclasses leaves them as they are
        own = vars(cls).get("output_shape")
        if isinstance(own, FunctionType):
            cls.output_shape = ShapeMethod(own)  # type: ignore[attr-defined]

    @property
    def graph_key(self) -> Hashable:
        """Key of this layer in its graph; equal layers have different ones."""
        return id(self)

    @property
    def in_net(self) -> Any:
        """The layer of the net that was last built from this one, or None."""
        return vars(self).get("_in_net")

    def enter_net(self, layer: Any) -> None:
        """Note the layer of a net that was built from this one, or None for none."""
        vars(self)["_in_net"] = layer

    def __getstate__(self) -> dict[str, Any]:
        """Return what copies keep: not the net."""
        return {name: value for name, value in vars(self).items() if name != "_in_net"}

    @property
    def is_connected(self) -> bool:
        """Whether the layer is an input layer, or was given a layer or a shape as its input."""
        if "_detached" in vars(self):
            return False
        given = _given_inputs(self)
        return not _takes_inputs(type(self)) or (
            bool(given) and not any(isinstance(one, str) or one is None for one in given)
        )

    def why_unconnected(self) -> str:
        """Return the message on a layer whose inputs are not known before the net is built."""
        return (
            f"{describe_instance(self)} must be given layers as its inputs, as in "
            "DenseLayer(InputLayer((None, 4)), 10), for its inputs and shape to be known before "
            "the net is built; after net.initialize(), net.layers_['hidden'] has them"
        )

    @property
    def input_layers(self) -> list[Any]:
        """The layers that feed this one, in order; None for an input that was given as a shape.

        Raises
        ------
        ValueError
            If the layer is connected by names, or to the previous layer of a list.
        """
        if not _takes_inputs(type(self)):
            return []
        if not self.is_connected:
            raise ShapeError(self.why_unconnected())
        return [None if isinstance(one, tuple) else one for one in _all_inputs(self)]

    @property
    def input_layer(self) -> Any:
        """The layer that feeds this one."""
        return self.input_layers[0]

    @property
    def input_shapes(self) -> list[Shape]:
        """Shapes of the inputs, starting with the number of rows or None.

        Raises
        ------
        ValueError
            If they are not known.
        """
        below = connections([one for one in self.input_layers if one is not None])
        return [
            one if isinstance(one, tuple) else below[one.graph_key].shape
            for one in _all_inputs(self)
        ]

    @property
    def input_shape(self) -> Shape:
        """Shape of the input, starting with the number of rows or None."""
        return self.input_shapes[0]

    def get_output_shape_for(self, input_shape: Any) -> Shape:
        """Return the shape of the output for an input shape, or a list of them.

        Parameters
        ----------
        input_shape : tuple, or list of tuple
            A list for layers with several inputs.

        Returns
        -------
        tuple
            With the number of rows that the inputs have, or None.

        Raises
        ------
        ValueError
            If the layer does not take inputs of these shapes.
        """
        shapes = input_shape if isinstance(input_shape, list) else [input_shape]
        if is_lasagne_way(type(self)):
            return self._inherited_shape(shapes)
        return _connect(self, [Connection(shape) for shape in shapes]).shape

    def declared_shape(self, input_shapes: Sequence[Shape]) -> Shape:
        """Return the shape that `get_output_shape_for` declares for the output."""
        given: Any = list(input_shapes)
        several = "incomings" in [own.name for own in dataclasses.fields(self) if own.init]  # type: ignore[arg-type]
        return tuple(self.get_output_shape_for(given if several else given[0]))

    def _inherited_shape(self, input_shapes: Sequence[Shape]) -> Shape:
        """Return the shape by the layer that a class derives from; by default that of the input."""
        try:
            made = type(self).output_shape(self, *input_shapes)  # type: ignore[attr-defined]
        except NotImplementedError:
            return input_shapes[0]
        return (input_shapes[0][0], *made[1:])

    def detached(self) -> Any:
        """Return a copy that is not connected, with functions for the names of nonlinearities."""
        if self.in_net is not None:
            return self.in_net.detached()
        if is_lasagne_way(type(self)):
            given = self.given_fields()  # type: ignore[attr-defined]
            given = {name: value for name, value in given.items() if name not in INPUTS}
            other = self.adapted()(**given, name=self.name)  # type: ignore[attr-defined]
        else:
            other = object.__new__(type(self))
            vars(other).update(vars(self))
        vars(other)["_detached"] = True
        for field, value in list(vars(other).items()):
            if field.startswith("nonlinearity") and isinstance(value, str):
                vars(other)[field] = nonlinearities.as_nonlinearity(value)
        if vars(other).get("nonlinearity") is UNSET:
            vars(other)["nonlinearity"] = self.default_nonlinearity
        return other


def connection_of(layer: Any) -> Connection:
    """Return what is known of the output of a layer.

    Raises
    ------
    ValueError
        If the shape is not known, or does not fit.
    """
    return connections([layer])[layer.graph_key]


def connections(
    layers: Iterable[Any], given: Mapping[Hashable, Shape] | None = None
) -> dict[Hashable, Connection]:
    """Return what is known of the outputs of layers and of all layers below them.

    Parameters
    ----------
    layers : iterable of Layer
    given : mapping, optional
        Known shapes of outputs, by `graph_key`.

    Raises
    ------
    ValueError
        If a shape is not known, or does not fit.
    """
    given = given or {}
    found = {key: Connection(shape) for key, shape in given.items()}
    for layer in layers_below(layers, given):
        key = layer.graph_key
        if key in found:
            continue
        fed = [
            Connection(one) if isinstance(one, tuple) else found[one.graph_key]
            for one in _all_inputs(layer)
        ]
        found[key] = _connect(layer, fed) if given else _known(layer, fed)
    return found


def _known(layer: Any, fed: list[Connection]) -> Connection:
    """Return what is known of a layer's output, computed once unless it is in a net."""
    fitted = layer.in_net
    if fitted is not None:
        return Connection(fitted.output_shape, fitted.copies)
    kept = vars(layer).get("_connection")
    if kept is None:
        kept = vars(layer)["_connection"] = _connect(layer, fed)
    return kept


def layers_below(layers: Iterable[Any], stops: Iterable[Hashable] = ()) -> list[Any]:
    """Return layers and all layers that feed them, each after its inputs.

    Parameters
    ----------
    layers : iterable of Layer
    stops : iterable
        Keys of layers whose inputs are left out.
    """
    stops, found = set(stops), dict[Hashable, Any]()
    left = list(reversed(list(layers)))
    while left:
        layer = left[-1]
        inputs = [] if layer.graph_key in stops else layer.input_layers
        missing = [one for one in inputs if one is not None and one.graph_key not in found]
        if layer.graph_key in found or not missing:
            found.setdefault(layer.graph_key, left.pop())
        else:
            left += reversed(missing)
    return list(found.values())


def _takes_inputs(cls: Any) -> bool:
    fields = [f.name for f in dataclasses.fields(cls) if f.init]
    return "incoming" in fields or "incomings" in fields


def _given_inputs(layer: Any) -> list[Any]:
    """Return the inputs as given: layers, names, shapes, or None."""
    several = getattr(layer, "incomings", None)
    if several is None:
        return [layer.incoming]
    return list(several) if isinstance(several, list | tuple) else [several]


def _all_inputs(layer: Any) -> list[Any]:
    """Return the inputs as given, then further ones and those of the layers referred to."""
    if not issubclass(type(layer), ConnectedLayer):
        return layer.input_layers
    if not _takes_inputs(type(layer)):
        return []
    found = _given_inputs(layer)
    references = reference_fields(type(layer)).items()
    others = [(getattr(layer, name), kind) for name, kind in references]
    given = [(other, kind) for other, kind in others if isinstance(other, ConnectedLayer)]
    found += [other for other, _ in given]
    for other, kind in given:
        found += _all_inputs(other) if kind == "layer" else []
    return found


def _connect(layer: Any, fed: list[Connection]) -> Connection:
    """Return the shape of a layer's output, which has as many rows as the inputs and copies."""
    single = layer.detached()
    own = single.shape if not fed and isinstance(getattr(single, "shape", None), tuple) else None
    shapes = [(None, *one.shape[1:]) for one in fed]
    sizes = TRIAL_SIZES if any(None in shape[1:] for shape in (*shapes, own or ())) else (None,)
    try:
        for problem in single.check():
            raise LayerError(problem)
        made = [_output_shape(single, shapes, size) for size in sizes]
        copies = single.copies(*(one.copies for one in fed))
    except LayerError as error:
        raise ShapeError(f"{describe_instance(layer)}: {error}") from error
    row = tuple(n if n == m else None for n, m in zip(made[0][1:], made[-1][1:], strict=True))
    return Connection((_rows(own, fed, copies), *row), copies)


def _output_shape(layer: Any, shapes: list[Shape], size: int | None) -> Shape:
    """Return the shape of the output with a size in place of None."""

    def known(shape: Shape) -> Shape:
        return (*shape[:1], *(size if n is None else n for n in shape[1:]))

    if not shapes and isinstance(getattr(layer, "shape", None), tuple):
        layer = layer.detached()
        object.__setattr__(layer, "shape", known(layer.shape))
    return layer.output_shape(*map(known, shapes))


def _rows(own: Shape | None, fed: list[Connection], copies: Copies) -> int | None:
    """Return the number of rows of an output, if it is known."""
    if own is not None:
        return own[0]
    rows = [one.shape[0] // math.prod(one.copies) for one in fed if one.shape[0] is not None]
    return rows[0] * math.prod(copies) if rows else None


def describe_instance(layer: Any) -> str:
    """Return how messages refer to a layer that may have no name."""
    cls = type(layer.detached())
    return describe_layer(layer.name, cls) if layer.name else cls.__name__
