"""A network with its weights, and the handles by which users read and write them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .checks import Shape
from .errors import Faults, did_you_mean
from .layers.base import Layer
from .network import Network, Node, Place, Variables
from .seeds import fold_in, make_key
from .updating import Update


@dataclass
class Model:
    """A network with its weights and all else that training renews.

    Parameters
    ----------
    network : Network
    seed : int
        Source of all randomness.
    params, state : dict of dict of array
    opt : pytree or None
        State of the update rule; None before the first step.
    update : Update or None
        The rule that `opt` belongs to.
    epoch, step : int
        Epochs and steps trained so far.
    loaded : bool
        Whether weights were put in that the next fit shall go on from.
    batch : tuple of list of str and array, or None
        Names and sums of what the last step found, while handlers look at each batch.
    """

    network: Network
    seed: int
    params: Variables = field(default_factory=dict)
    state: Variables = field(default_factory=dict)
    opt: Any = None
    update: Update | None = None
    epoch: int = 0
    step: int = 0
    loaded: bool = False
    batch: tuple[list[str], Any] | None = None

    def initialize(self) -> Model:
        """Draw the initial weights from the seed."""
        key = fold_in(make_key(self.seed), 0)
        self.params, self.state = self.network.init(key)
        return self

    def start(self, update: Update, init: Callable[[Variables], Any]) -> None:
        """Start the update rule, unless it has been at work already.

        Parameters
        ----------
        update : Update
        init : callable
            From the parameters to the state of the update rule.
        """
        if self.opt is None or self.update != update:
            self.opt = init(self.params)
            self.update = update

    def __getstate__(self) -> dict[str, Any]:
        arrays = {name: getattr(self, name) for name in ("params", "state", "opt")}
        return {**vars(self), **jax.tree.map(np.asarray, arrays), "batch": None}

    def get(self, place: Place) -> np.ndarray:
        """Copy a parameter."""
        layer, name = self.network.shared.get(place, place)
        tree = self.params if name in self.params.get(layer, {}) else self.state
        return np.array(tree[layer][name])

    def put(self, arrays: Mapping[Place, Any]) -> None:
        """Write parameters that have been checked."""
        for tree_name in ("params", "state"):
            tree = {layer: dict(own) for layer, own in getattr(self, tree_name).items()}
            for (layer, name), value in arrays.items():
                if name in tree.get(layer, {}):
                    tree[layer][name] = jnp.array(value, jnp.float32)
            setattr(self, tree_name, tree)
        self.loaded = True

    def check(self, arrays: Mapping[Place, Any], *, strict: bool = True) -> dict[Place, np.ndarray]:
        """Check arrays against the parameters of the network.

        Parameters
        ----------
        arrays : mapping of (layer, parameter) to array
        strict : bool
            Whether every parameter must be there, and nothing else.

        Returns
        -------
        dict
            The arrays that belong to the network.

        Raises
        ------
        ValueError
            With every parameter that is missing, unknown, not finite or of another shape.
        """
        shapes = self.network.parameter_shapes()
        faults = Faults()
        checked = {}
        for place, array in arrays.items():
            name = ".".join(filter(None, place))
            value = np.asarray(array)
            if place not in shapes:
                if strict:
                    hint = did_you_mean(name, map(".".join, shapes))
                    faults.add(f"the network has no parameter {name!r}.{hint}")
            elif value.shape != shapes[place]:
                faults.add(f"parameter {name!r} has shape {value.shape}, needs {shapes[place]}")
            elif value.dtype.kind not in "fiu" or not _fits_float32(value):
                faults.add(f"parameter {name!r} holds values that are not finite numbers")
            else:
                checked[place] = value
        missing = [".".join(place) for place in shapes if place not in arrays]
        if strict and missing:
            faults.add(f"parameters are missing: {', '.join(missing)}")
        faults.raise_any()
        return checked


def _fits_float32(value: np.ndarray) -> bool:
    with np.errstate(over="ignore"):
        return bool(np.isfinite(value.astype(np.float32)).all())


@dataclass(frozen=True, eq=False)
class Parameter:
    """Handle on a parameter, as Theano's shared variables were.

    Parameters
    ----------
    model : Model
    place : (str, str)
        Names of layer and parameter.
    trainable : bool
        False for state such as running means.
    """

    model: Model
    place: Place
    trainable: bool = True

    @property
    def name(self) -> str:
        """Name of the layer and of the parameter, with a dot between."""
        return ".".join(self.place)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array."""
        return self.get_value().shape

    def get_value(self) -> np.ndarray:
        """Copy the array."""
        return self.model.get(self.place)

    def set_value(self, value: Any) -> None:
        """Write the array; one of another shape raises `ValueError`."""
        self.model.put(self.model.check({self.place: value}, strict=False))

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return np.array(self.get_value(), dtype=dtype)

    def __repr__(self) -> str:
        return f"Parameter({self.name!r}, shape={self.shape})"


class FittedLayer:
    """A layer of a net: its fields, shapes and parameters as attributes.

    Parameters
    ----------
    model : Model
    node : Node
    """

    def __init__(self, model: Model, node: Node) -> None:
        self._model = model
        self._node = node

    @property
    def name(self) -> str:
        """Name of the layer."""
        return self._node.name

    @property
    def layer(self) -> Layer:
        """The layer as it was built."""
        return self._node.layer

    @property
    def incomings(self) -> tuple[str, ...]:
        """Names of the layers that feed it."""
        return self._node.incomings

    @property
    def input_shapes(self) -> tuple[Shape, ...]:
        """Shapes of what feeds it, the batch as None."""
        return self._node.input_shapes

    @property
    def output_shape(self) -> Shape:
        """Shape of its output, the batch as None."""
        return self._node.output_shape

    def get_params(self, trainable: bool | None = None) -> list[Parameter]:
        """List its parameters, or only those that are trainable or not."""
        return [
            Parameter(self._model, (self.name, name), spec.trainable)
            for name, spec in self._node.specs.items()
            if trainable is None or spec.trainable == trainable
        ]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        for parameter in self.get_params():
            if parameter.place[1] == name:
                return parameter
        return getattr(self._node.layer, name)

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
        raise KeyError(f"there is no layer {key!r}.{did_you_mean(str(key), self)}")

    def __iter__(self) -> Iterator[str]:
        return (layer.name for layer in self._layers)

    def __len__(self) -> int:
        return len(self._layers)

    def __repr__(self) -> str:
        return f"Layers({self._layers})"


def name_of(layer: str | int | FittedLayer, network: Network) -> str:
    """Read what stands for a layer: its name or index, or an entry of `layers_`."""
    if isinstance(layer, int):
        return network.nodes[layer].name
    return network.node(layer.name if isinstance(layer, FittedLayer) else layer).name


def layers_of(model: Model) -> Layers:
    """View the layers of a model."""
    return Layers([FittedLayer(model, node) for node in model.network.nodes])


def by_place(source: Mapping[str, Any], network: Network) -> dict[Place, Any]:
    """Read weights as a file or as nolearn keeps them.

    Parameters
    ----------
    source : mapping
        ``{'conv1.W': array}``, or ``{'conv1': [W, b]}`` in the order of the layer's parameters.
    network : Network

    Returns
    -------
    dict of (layer, parameter) to array
    """
    places: dict[Place, Any] = {}
    layers = [node.name for node in network.nodes]
    for key, value in source.items():
        if isinstance(value, list | tuple) and key not in layers:
            places.update({(key, str(i)): array for i, array in enumerate(value)})
        elif isinstance(value, list | tuple):
            own = [place for place, _ in network.places() if place[0] == key]
            if len(own) != len(value):
                raise ValueError(
                    f"layer {key!r} has {len(own)} parameters, {len(value)} arrays were given"
                )
            places.update(zip(own, value, strict=True))
        else:
            layer, _, name = key.rpartition(".")
            places[layer, name] = value
    return places
