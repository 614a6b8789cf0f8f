"""Reading, writing, saving and loading the weights of a net."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..errors import list_names
from ..network.graph import Network, Place
from ..network.model import Model
from ..network.views import FittedLayer, Layers, Parameter, enter_net, layers_of, parameters
from ..network.weight_files import open_weights, save_arrays
from .weight_sources import read_weights


class WeightsMixin:
    """Access to the layers and weights of a net, under nolearn's names."""

    _model: Model
    layers: Any
    verbose: int

    def _enter_layers(self) -> None:
        """Let the layer instances in `layers` show the weights of this net."""
        enter_net(self.layers, self._model if hasattr(self, "_model") else None)

    _unpickling_hint = (
        "Load it with the versions with which it was pickled, and write its weights by "
        "save_params_to; then a net with the same parameters loads them here by load_params_from. "
        "Or fit it again."
    )

    def _versioned_packages(self) -> tuple[str, ...]:
        """Return the modules whose versions matter: of a fitted net, also those that train it."""
        return ("skconv", "jax", "optax") if hasattr(self, "_model") else ("skconv",)

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
            Another net; a dict ``{'conv1': [W, b]}`` or ``{'conv1.W': array}``; a file written by
            `save_params_to` or `skconv.save`; or weights of torch: a state dict, a checkpoint that
            holds one, or a file of either, ``.safetensors`` or, if torch is installed, ``.pth``.
        strict : bool, default=True
            Whether the source must have exactly the parameters of this net. If False, parameters
            with names and shapes that both have are loaded, such as all but those of another output
            layer.

        Raises
        ------
        ImportError
            For a file that torch reads, if torch is not installed.
        TypeError
            For a source of another kind.
        ValueError
            With the parameters that are missing, unknown, not finite or of another shape or type;
            if ``strict=False`` finds nothing to load; if weights of torch fit in several ways; and
            for a damaged file, with its name. The net is not modified: one that was not built
            remains so.

        Warns
        -----
        UserWarning
            If ``strict=False`` skips parameters of another shape. For weights of torch, also if
            the output layer has another number of units, and is left as it is; and if the epsilon
            of batch normalization, which they do not hold, may be another.

        Notes
        -----
        Weights of torch are converted: dense weights are transposed, variances become inverse
        deviations, and biases before batch normalization move into its mean. Networks of
        `skconv.models` know the names in torchvision and timm. Other nets get weights by the names
        of their layers or else by order and shape, and print with ``verbose=1`` what went where.
        No code of a ``.pth`` file is run.

        Everything is read and checked before the net changes, in one step, so that predictions in
        other threads are those of the old or of the new weights. Of a file, only what the net has
        is read. With ``verbose=1``, the net prints what was loaded.
        """

        def build() -> Network:
            return self._model.network if hasattr(self, "_model") else self._build_network()

        values, network, origin, table = read_weights(
            source, build, self._open_weights, strict=strict
        )
        if hasattr(self, "_model"):
            self._model.put(values)
        else:
            self._start(network, values)
        if self.verbose:
            print(_describe_loaded(values, network, origin))
            if table:
                print(table)

    def _open_weights(self, path: str) -> AbstractContextManager[Mapping[str, Any]]:
        """Open a file of weights by name."""
        return open_weights(path)

    def _build_network(self) -> Network:
        """Build the network without data, and leave the net unchanged."""
        raise NotImplementedError

    def _start(self, network: Network, values: Mapping[Place, Any]) -> None:
        """Adopt a network with initial weights, some of which are replaced by checked values."""
        raise NotImplementedError


def _describe_loaded(values: Mapping[Place, Any], network: Network, origin: str) -> str:
    """Return a line that says what was loaded, and what was not."""
    numbers = sum(value.size for value in values.values())
    kept = [".".join(place) for place in network.parameter_shapes() if place not in values]
    others = f"; unchanged: {list_names(kept)}" if kept else ""
    return f"Loaded {len(values)} arrays with {numbers} numbers from {origin}{others}."
