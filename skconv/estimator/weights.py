"""Reading, writing, saving and loading the weights of a net."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..network.graph import Network, Place
from ..network.model import Model
from ..network.views import FittedLayer, Layers, Parameter, enter_net, layers_of, parameters
from ..network.weight_files import load_arrays, save_arrays


class WeightsMixin:
    """Access to the layers and weights of a net, under nolearn's names."""

    _model: Model
    layers: Any

    def _enter_layers(self) -> None:
        """Let the layer instances in `layers` show the weights of this net."""
        enter_net(self.layers, self._model if hasattr(self, "_model") else None)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)  # type: ignore[misc]
        self._enter_layers()

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        other = super().__deepcopy__(memo)  # type: ignore[misc]
        other._enter_layers()
        return other

    @property
    def network_(self) -> Network:
        """The network: the graph of layers with their shapes."""
        check_is_fitted(self)
        return self._model.network

    @property
    def layers_(self) -> Layers:
        """The layers, by name, index or slice; their parameters are attributes."""
        check_is_fitted(self)
        return layers_of(self._model)

    def get_all_layers(self) -> list[FittedLayer]:
        """Return the layers, each after its incoming layers."""
        return list(self.layers_.values())

    def get_all_params(
        self, trainable: bool | None = None, regularizable: bool | None = None
    ) -> list[Parameter]:
        """Return the parameters of all layers.

        Parameters
        ----------
        trainable : bool, optional
            If True, only parameters that are trained; if False, only state such as running means.
            By default both.
        regularizable : bool, optional
            If True, only parameters that penalties such as ``objective_l2`` apply to; if False,
            only others, such as biases. By default both.

        Returns
        -------
        list of Parameter
            Shared parameters are listed once.
        """
        check_is_fitted(self)
        places = self._model.network.places()
        return parameters(self._model, places, trainable, regularizable)

    def get_all_params_values(self) -> dict[str, list[np.ndarray]]:
        """Return copies of all weights.

        Returns
        -------
        dict of str to list of array
            Arrays of each layer, in the order of its parameters; every layer has an entry.
        """
        values: dict[str, list[np.ndarray]] = {layer.name: [] for layer in self.get_all_layers()}
        for parameter in self.get_all_params():
            values[parameter.place[0]].append(parameter.get_value())
        return values

    def save_params_to(self, fname: str | os.PathLike[str]) -> None:
        """Write the weights to a file.

        Parameters
        ----------
        fname : str or path
            Name ending in ``.safetensors`` or ``.npz``. An existing file is replaced atomically.
        """
        save_arrays({p.name: p.get_value() for p in self.get_all_params()}, fname)

    def load_params_from(self, source: Any, strict: bool = True) -> None:
        """Load weights; the next `fit` continues from them.

        Parameters
        ----------
        source : NeuralNet, dict, str or path
            Another net; a dict ``{'conv1': [W, b]}`` or ``{'conv1.W': array}``; or a file written
            by `save_params_to`.
        strict : bool, default=True
            Whether the source must have exactly the parameters of this net. If False, parameters
            with names and shapes that both have are loaded, such as all but those of another output
            layer.

        Raises
        ------
        ValueError
            With all parameters that are missing, unknown or of another shape; also for a damaged
            file. The net is not modified.

        Warns
        -----
        UserWarning
            If ``strict=False`` skips parameters of another shape, or loads nothing.
        """
        if isinstance(source, str | os.PathLike):
            source = load_arrays(source)
        elif isinstance(source, WeightsMixin):
            source = {p.name: p.get_value() for p in source.get_all_params()}
        if not isinstance(source, Mapping):
            hint = ""
            if isinstance(source, list | tuple):
                hint = (
                    "; for one flat list of arrays, as Lasagne's model zoo has them, write "
                    "skconv.layers.set_all_param_values(net.layers_['output'], arrays) after "
                    "net.initialize(), with the name of the last layer"
                )
            raise TypeError(
                f"source must be a net, a dict or a path, got {type(source).__name__}{hint}"
            )
        model = self._model if hasattr(self, "_model") else None
        if model is None:
            self.initialize()
            model = self._model
        given = by_place(source, model.network, strict=strict)
        checked = model.check(given if strict else _fitting(given, model.network), strict=strict)
        if not checked and not strict:
            names = ", ".join(sorted({layer for layer, _ in given}))
            warnings.warn(
                f"load_params_from loads nothing, because source has no parameter of this net, but "
                f"those of the layers {names}",
                UserWarning,
                stacklevel=2,
            )
        model.put(checked)

    def initialize(self) -> Any:
        """Build the network and draw its weights."""
        raise NotImplementedError


def _fitting(given: Mapping[Place, Any], network: Network) -> dict[Place, Any]:
    """Return the arrays that have the shape of the network's parameter, and warn of others."""
    shapes = network.parameter_shapes()
    found = {place: np.shape(array) for place, array in given.items() if place in shapes}
    skipped = [
        f"{'.'.join(place)} has shape {shapes[place]}, got {shape}"
        for place, shape in found.items()
        if shape != shapes[place]
    ]
    if skipped:
        warnings.warn(
            f"load_params_from skips parameters of another shape: {'; '.join(skipped)}",
            UserWarning,
            stacklevel=3,
        )
    return {place: given[place] for place, shape in found.items() if shape == shapes[place]}


def by_place(
    source: Mapping[str, Any], network: Network, *, strict: bool = True
) -> dict[Place, Any]:
    """Return weights by layer and parameter, given in the form of files or of nolearn.

    Parameters
    ----------
    source : mapping
        ``{'conv1.W': array}`` as in files, or ``{'conv1': [W, b]}`` as in nolearn, in the order of
        the layer's parameters.
    network : Network
    strict : bool
        Whether layers must have as many arrays as in the network; if not, others are left out, with
        a warning.

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
                message = f"source must have {len(own)} arrays for layer {key!r}, got {len(value)}"
                if strict:
                    raise ValueError(message)
                warnings.warn(
                    f"load_params_from skips a layer: {message}", UserWarning, stacklevel=3
                )
                continue
            places.update(zip(own, value, strict=True))
        else:
            layer, _, name = key.rpartition(".")
            places[layer, name] = value
    return places
