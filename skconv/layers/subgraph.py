"""A graph of layers inside another layer, which owns their parameters."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Self

import jax
import jax.numpy as jnp

from ..errors import LayerError, describe_layer
from ..init import Constant
from ..nonlinearities import as_nonlinearity
from ..utils.fields import UNSET, fields_of_kind
from .base import Context, Layer, Params, ParamSpec
from .connections import layers_below
from .shapes import Shape
from .specs import InitialHolder, reference_fields


@dataclass(frozen=True)
class Subgraph(InitialHolder):
    """A graph of layers with one input and one output, as a function with parameters.

    Parameters
    ----------
    layers : tuple of Layer
        Each after those that feed it, the input layer first; not connected any more.
    names : tuple of str
        Names of the layers. A parameter of the layer that holds the subgraph is named after the
        field, the inner layer and the inner parameter: ``'hidden_to_hidden_dense1_W'``.
    feeds : tuple of tuple of int
        Indices of the layers that feed each layer.
    """

    layers: tuple[Layer, ...]
    names: tuple[str, ...]
    feeds: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, field: str, last: Layer) -> Self:
        """Return the graph that ends in a layer.

        Parameters
        ----------
        field : str
            Name of the field that it is given for, for messages.
        last : Layer
            A layer that was given layers as its inputs, down to one InputLayer.

        Raises
        ------
        LayerError
            If there are several input layers or none, or if a layer is not allowed here.
        """
        try:
            found = layers_below([last])
        except ValueError as error:
            raise LayerError(f"{field}: {error}") from error
        found.sort(key=lambda layer: bool(layer.input_layers))  # stable: the input comes first
        inputs = [layer for layer in found if not layer.input_layers]
        if len(inputs) != 1 or any(one is None for x in found for one in x.input_layers):
            raise LayerError(
                f"{field} must be a layer that is fed by exactly one InputLayer, as in "
                f"DenseLayer(InputLayer((None, 4)), 10), got {len(inputs)} of them"
            )
        index = {layer.graph_key: i for i, layer in enumerate(found)}
        feeds = tuple(tuple(index[one.graph_key] for one in x.input_layers) for x in found)
        names = tuple(layer.name or _default_name(layer, i) for i, layer in enumerate(found))
        if len(set(names)) < len(names):
            raise LayerError(f"{field} must have layers of different names, got {names}")
        layers = tuple(map(_disconnected, found, feeds, [names] * len(found)))
        return cls(layers, names, feeds)

    def __copy__(self) -> Self:
        """Return a graph with parameters of its own, except for those of layers outside."""
        return replace(self, layers=tuple(map(copy.copy, self.layers)))

    @property
    def noisy(self) -> bool:
        """Whether a layer draws random numbers in training."""
        return any(layer.noisy for layer in self.layers)

    def problems(self) -> Iterator[str]:
        """Yield a message for each invalid field of a layer, and for layers that do not suit."""
        for name, layer in zip(self.names, self.layers, strict=True):
            where = describe_layer(name, layer)
            if layer is not self.layers[0]:
                yield from (f"{where}: {problem}" for problem in layer.check())
            for factor in ("l1", "l2", "grad_scale"):
                if (value := getattr(layer, factor)) is not None:
                    hint = "set it on the layer outside"
                    yield f"{where}: {factor} must be None, got {value!r}; {hint}"
            if layer.adapts or layer.copies() or "layer" in reference_fields(type(layer)).values():
                yield f"{where} must be outside, where it has the rows of X or other layers"

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape of the output for an input of a shape; raise `LayerError` otherwise."""
        return [made for *_, made in self._walk(shape)][-1]

    def param_specs(self, field: str, shape: Shape) -> dict[str, ParamSpec]:
        """Return the parameters of all layers, named after the field that holds the subgraph."""
        return {
            self._name(field, i, param): spec
            for i, shapes, _ in self._walk(shape)
            for param, spec in self.layers[i].param_specs(*shapes).items()
        }

    def apply(
        self, field: str, params: Params, state: Params, x: jax.Array, ctx: Context
    ) -> tuple[jax.Array, Params]:
        """Return the output for a batch, channels first, and the new state."""
        values, renewed = [x], dict(state)
        for i, layer in enumerate(self.layers[1:], 1):
            prefix = self._name(field, i, "")
            own, kept = (_named_after(prefix, arrays) for arrays in (params, state))
            key = None if ctx.key is None else jax.random.fold_in(ctx.key, i)
            last = layer.layout == "channels_last"
            fed = [_moved(values[j], 1, -1) if last else values[j] for j in self.feeds[i]]
            out, new = layer.apply(own, kept, *fed, ctx=ctx._replace(key=key))
            values.append(_moved(out, -1, 1) if last else out)
            renewed |= {self._name(field, i, param): value for param, value in new.items()}
        return values[-1], renewed

    def initial_values(self, field: str) -> Iterator[tuple[str, Any]]:
        """Yield the initial values of all layers, by the names of their parameters."""
        for i, layer in enumerate(self.layers):
            for param in _initial_fields(layer):
                yield self._name(field, i, param), getattr(layer, param)

    def with_initial(self, field: str, change: Callable[[str, Any], Any]) -> Self:
        """Return the subgraph with other initial values, by the name of the parameter."""
        layers = [
            replace(
                layer,
                **{
                    param: change(self._name(field, i, param), getattr(layer, param))
                    for param in _initial_fields(layer)
                },
            )
            for i, layer in enumerate(self.layers)
        ]
        return replace(self, layers=tuple(layers))

    def without_initial(self) -> Self:
        """Return the subgraph with placeholders for its initial values."""
        return self.with_initial("", lambda name, value: Constant())

    def _name(self, field: str, index: int, param: str) -> str:
        return f"{field}_{self.names[index]}_{param}"

    def _walk(self, shape: Shape) -> Iterator[tuple[int, list[Shape], Shape]]:
        """Yield each layer's index, the shapes that it is fed, and that of its output."""
        own = getattr(self.layers[0], "shape", UNSET)
        row = shape[1:] if own is UNSET else own[1:]
        if len(row) != len(shape) - 1 or any(
            None not in pair and pair[0] != pair[1] for pair in zip(row, shape[1:], strict=True)
        ):
            raise LayerError(f"InputLayer must have the shape {shape}, got {own}")
        made = [shape]
        yield 0, [], shape
        for i, layer in enumerate(self.layers[1:], 1):
            shapes = [made[j] for j in self.feeds[i]]
            try:
                made.append(layer.output_shape(*shapes))
            except LayerError as error:
                raise LayerError(f"{describe_layer(self.names[i], layer)}: {error}") from error
            yield i, shapes, made[-1]


def _named_after(prefix: str, arrays: Params) -> Params:
    """Return the arrays whose names start with a prefix, by the rest of their names."""
    found = (name for name in arrays if name.startswith(prefix))
    return {name.removeprefix(prefix): arrays[name] for name in found}


def _default_name(layer: Layer, index: int) -> str:
    return f"{type(layer).__name__.lower().replace('layer', '')}{index}"


def _initial_fields(layer: Layer) -> list[str]:
    """Return the fields of a layer that hold initial values."""
    names = [field.name for field in fields_of_kind(type(layer), "initial")]
    return [name for name in names if getattr(layer, name) is not None]


def _disconnected(layer: Layer, feeds: tuple[int, ...], names: tuple[str, ...]) -> Layer:
    """Return a layer without those that feed it, and with functions in place of their names."""
    changes: dict[str, Any] = {}
    if feeds:
        several = getattr(layer, "incomings", None) is not None
        changes = {"incomings": ()} if several else {"incoming": None}
    references = [name for name in reference_fields(type(layer)) if _is_layer(layer, name)]
    further = zip(references, feeds[len(feeds) - len(references) :], strict=True)
    changes |= {name: names[i] for name, i in further}
    for name, value in vars(layer).items():
        if name.startswith("nonlinearity") and (isinstance(value, str) or value is UNSET):
            default = layer.default_nonlinearity if value is UNSET else value
            changes[name] = as_nonlinearity(default)
    other = replace(layer, **changes)
    vars(other)["_own"] = vars(layer).get("_own", ())
    return other


def _is_layer(layer: Layer, name: str) -> bool:
    return isinstance(getattr(layer, name), Layer)


def _moved(x: jax.Array, source: int, target: int) -> jax.Array:
    return jnp.moveaxis(x, source, target) if x.ndim > 2 else x
