"""Views of the layers and parameters of a net, with nolearn's names."""

from __future__ import annotations

from collections.abc import (
    Hashable,
    ItemsView,
    Iterable,
    Iterator,
    KeysView,
    Mapping,
    Sequence,
    ValuesView,
)
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from numpy.typing import ArrayLike

from ..errors import describe_layer, did_you_mean
from ..layers.base import Context, Copies, Layer, ParamSpec
from ..layers.instance_values import as_floats
from ..layers.shapes import Shape
from ..utils.owned_values import OwnedValue
from ..utils.random_keys import drawn_key
from .activation import Activation
from .free_sizes import open_nodes
from .graph import Network, Place
from .head import Head
from .layer_list import named_instances
from .model import Model
from .node import Node


@dataclass(frozen=True, eq=False)
class Parameter:
    """A parameter that can be read and set, like a shared variable of Theano.

    Parameters
    ----------
    model : Model
    place : (str, str)
        Names of layer and parameter.
    trainable : bool
        False for state, such as running means.
    regularizable : bool
        Whether penalties apply to it; False for biases.
    """

    model: Model
    place: Place
    trainable: bool = True
    regularizable: bool = True

    @property
    def name(self) -> str:
        """Names of the layer and the parameter, joined by a dot."""
        return ".".join(self.place)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array."""
        return self.get_value().shape

    @property
    def graph_key(self) -> Hashable:
        """Key of the array among those of all nets; parameters that share it have the same."""
        return id(self.model), self.model.network.shared.get(self.place, self.place)

    def get_value(self, borrow: bool = False) -> np.ndarray:
        """Return a copy of the array; `borrow` has no effect, and is accepted as in Theano."""
        return self.model.get(self.place)

    def set_value(self, value: ArrayLike, borrow: bool = False) -> None:
        """Set the array; raises `ValueError` if the shape differs."""
        network = self.model.network
        value = np.asarray(value).T if self.place in network.transposed else value
        place = network.shared.get(self.place, self.place)
        self.model.put(self.model.check({place: value}, strict=False))

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return np.array(self.get_value(), dtype=dtype)

    def __repr__(self) -> str:
        return f"Parameter({self.name!r}, shape={self.shape})"


class FittedLayer:
    """A layer of a net, with its fields, shapes and parameters as attributes.

    Parameters
    ----------
    model : Model
    node : Node
    others : mapping of str to FittedLayer, optional
        All layers of the net, by name.
    """

    def __init__(
        self, model: Model, node: Node, others: Mapping[str, FittedLayer] | None = None
    ) -> None:
        self.model = model
        self._node = node
        self._others = others

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        """Class of the layer, so that ``isinstance`` takes a view for the layer."""
        return type(self.layer)

    @property
    def name(self) -> str:
        """Name of the layer."""
        return self._node.name

    @property
    def layer(self) -> Layer:
        """The layer that this is a view of."""
        return self._node.layer

    @property
    def incomings(self) -> tuple[str, ...]:
        """Names of the incoming layers."""
        return self._node.incomings

    @property
    def graph_key(self) -> Hashable:
        """Key of this layer among those of all nets."""
        return id(self.model), self.name

    @property
    def input_layers(self) -> list[FittedLayer]:
        """The layers that feed this one, in order."""
        others = self._others or layers_of(self.model)
        return [others[name] for name in self.incomings]

    @property
    def input_layer(self) -> FittedLayer:
        """The layer that feeds this one."""
        return self.input_layers[0]

    @property
    def input_shape(self) -> Shape:
        """Shape of the input, with None for the batch and for free sizes."""
        return self.input_shapes[0]

    @property
    def input_shapes(self) -> tuple[Shape, ...]:
        """Shapes of the inputs, with None for the batch and for free sizes."""
        return self._node.input_shapes

    @property
    def output_shape(self) -> Shape:
        """Shape of the output, with None for the batch and for free sizes."""
        return self._node.output_shape

    def get_params(
        self, trainable: bool | None = None, regularizable: bool | None = None
    ) -> list[Parameter]:
        """Return the parameters: all, or only those that are trained, penalized, or not so."""
        places = (((self.name, name), spec) for name, spec in self._node.specs.items())
        return parameters(self.model, places, trainable, regularizable)

    own_params = get_params

    @property
    def specs(self) -> dict[str, ParamSpec]:
        """Specifications of the parameters and state, in order."""
        return self._node.specs

    @property
    def copies(self) -> Copies:
        """Copies of each row that the output holds."""
        return self._node.copies

    def detached(self) -> Layer:
        """Return the layer that this is a view of."""
        return self._node.layer

    def find_parameter(self, name: str) -> tuple[Parameter, bool]:
        """Return the parameter that stands behind a name, and whether its axes are reversed."""
        network, place = self.model.network, (self.name, name)
        owner = network.shared.get(place, place)
        specs = dict(network.places())
        if owner not in specs:
            raise ValueError(f"{describe_layer(self.name, self.layer)} has no parameter {name!r}")
        return parameters(self.model, [(owner, specs[owner])])[0], place in network.transposed

    def get_output_for(self, input: Any, deterministic: bool = False, **kwargs: Any) -> jax.Array:
        """Return the output for an input, with the weights of the net.

        Parameters
        ----------
        input : array of shape (n, ...), or list of them
            A list for layers with several inputs.
        deterministic : bool
            Whether the layer computes as at prediction, not as in training.
        **kwargs
            Without effect, for layers of your own.
        """
        inputs = input if isinstance(input, list | tuple) else [input]
        network = self.model.network
        key = None if deterministic else drawn_key()
        (out,), _ = network.apply(
            *self.model.weights,
            {},
            network.float32_runtime,
            Context(train=not deterministic, key=key),
            to=[self.name],
            logits=[self.name] if self._ending else [],
            given=dict(zip(self.incomings, map(as_floats, inputs), strict=True)),
        )
        return out

    def finish(self, output: jax.Array) -> jax.Array:
        """Return the output of the net for that of an output layer without a nonlinearity."""
        if self._ending is None:
            return output
        head = self._ending
        last = head.unit_axis == 1
        out = head.ending(Activation(output, False).to_layout(last))
        return Activation(out, last).to_layout(False)

    @property
    def _ending(self) -> Head | None:
        heads = [head for head in self.model.network.heads if head.name == self.name]
        return heads[0] if heads and heads[0].ending else None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        for parameter in self.get_params():
            if parameter.place[1] == name:
                return parameter
        return getattr(self._node.layer, name)

    def __reduce__(self) -> tuple[Any, ...]:
        return FittedLayer, (self.model, self._node)

    def __repr__(self) -> str:
        return f"<{type(self.layer).__name__} {self.name!r} {self.output_shape}>"


class Layers(Mapping[str, FittedLayer]):
    """The layers of a net, by name, index or slice.

    Parameters
    ----------
    layers : sequence of FittedLayer
    """

    def __init__(self, layers: Sequence[FittedLayer]) -> None:
        self._layers = list(layers)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            return Layers(self._layers[key])
        if isinstance(key, int):
            return self._layers[key]
        for layer in self._layers:
            if layer.name == key:
                return layer
        raise KeyError(f"unknown layer {key!r}.{did_you_mean(str(key), self)}")

    def __iter__(self) -> Iterator[str]:
        return (layer.name for layer in self._layers)

    def keys(self) -> LayerKeys:
        """Return the names of the layers, which can be indexed like a list."""
        return LayerKeys(self)

    def values(self) -> LayerValues:
        """Return the layers, which can be indexed like a list."""
        return LayerValues(self)

    def items(self) -> LayerItems:
        """Return pairs of a name and its layer, which can be indexed like a list."""
        return LayerItems(self)

    def __len__(self) -> int:
        return len(self._layers)

    def __repr__(self) -> str:
        return f"Layers({self._layers})"


class _Indexed(Iterable[Any]):
    """A view that can be indexed like a list."""

    def __getitem__(self, index: int | slice) -> Any:
        return list(self)[index]


class LayerKeys(_Indexed, KeysView[str]):
    """The names of the layers of a net."""


class LayerValues(_Indexed, ValuesView[FittedLayer]):
    """The layers of a net without their names."""


class LayerItems(_Indexed, ItemsView[str, FittedLayer]):
    """The layers of a net with their names."""


def parameters(
    model: Model,
    places: Iterable[tuple[Place, ParamSpec]],
    trainable: bool | None = None,
    regularizable: bool | None = None,
) -> list[Parameter]:
    """Return those parameters of a model that are trainable, or regularizable, or not so.

    Parameters
    ----------
    model : Model
    places : iterable of (Place, ParamSpec)
    trainable, regularizable : bool, optional
        None for both kinds.
    """
    return [
        Parameter(model, place, spec.trainable, spec.regularizable)
        for place, spec in places
        if trainable in (None, spec.trainable) and regularizable in (None, spec.regularizable)
    ]


def name_of(layer: str | int | FittedLayer, network: Network) -> str:
    """Return the name of a layer given by name, index or as an entry of `layers_`."""
    if isinstance(layer, int):
        return network.nodes[layer].name
    return network.node(layer.name if isinstance(layer, FittedLayer) else layer).name


def layers_of(model: Model) -> Layers:
    """Return views of the layers of a model."""
    others: dict[str, FittedLayer] = {}
    others |= {node.name: FittedLayer(model, node, others) for node in open_nodes(model.network)}
    return Layers(list(others.values()))


def enter_net(layers: Any, model: Model | None) -> None:
    """Let the instances among the layers that a net was built from show its weights.

    Parameters
    ----------
    layers : sequence or Layer or None
        As given to the net.
    model : Model or None
        None if the net has no weights.
    """
    try:
        instances = {} if layers is None else named_instances(layers)
    except ValueError:  # of a net whose layers were changed after it was fitted
        return
    views = layers_of(model) if model is not None and instances else {}
    for name, layer in instances.items():
        layer.enter_net(views.get(name))


def keep_weights(layers: Any) -> None:
    """Let a net that is built from layers start from the weights of the net that they are in.

    Parameters
    ----------
    layers : sequence or Layer or None
        As given to the net.
    """
    for layer in ({} if layers is None else named_instances(layers)).values():
        if layer.in_net is None:
            continue
        for name in layer.in_net.specs:
            value = layer.initial_value(name)
            if isinstance(value, OwnedValue) and value.holder_key == layer.graph_key:
                value.keep(value.get_value())
