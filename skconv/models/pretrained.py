"""Published weights together with the network and the preprocessing that they belong to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from ..utils.pickling import PickledByValue

OUTPUTS = ("outputs", "aux_outputs")
"""Parameters of a net that tell which layers of its network are outputs."""


class _ReadOnly:
    """Base class whose mappings cannot be changed, and are pickled as dicts."""

    def __getstate__(self) -> dict[str, Any]:
        return {
            name: dict(value) if isinstance(value, MappingProxyType) else value
            for name, value in vars(self).items()
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(
            {
                name: MappingProxyType(value) if isinstance(value, dict) else value
                for name, value in state.items()
            }
        )


@dataclass(frozen=True, eq=False, repr=False)
class Pretrained(PickledByValue, _ReadOnly):
    """Weights with the network that they belong to.

    ``NeuralNet(**pretrained.network, pretrained=pretrained)`` is the net: each `fit` starts from
    these weights, as do clones, also those of a grid search. Copies share the arrays.

    Parameters
    ----------
    network : mapping of str to object
        ``layers`` and their keywords, as functions of `skconv.models` return them.
    weights : mapping of str to array
        By layer and parameter, as in ``'conv1.W'``.
    preprocessing : transformer or None
        Brings images into the form that the weights were trained with.
    source : str
        Where the weights come from, for messages.
    classes : tuple of str or None
        Names of the output's units.

    Examples
    --------
    >>> from skconv import NeuralNet, models
    >>> lenet = models.lenet5((1, 32, 32), 10)
    >>> trained = NeuralNet(**lenet, random_state=0).initialize()
    >>> weights = {p.name: p.get_value() for p in trained.get_all_params()}
    >>> pretrained = models.Pretrained(lenet, weights, source='digits')
    >>> pretrained
    Pretrained('digits', 14 arrays, 60850 numbers)
    >>> net = NeuralNet(**pretrained.network, pretrained=pretrained)
    """

    network: Mapping[str, Any]
    weights: Mapping[str, np.ndarray]
    preprocessing: Any = None
    source: str = ""
    classes: tuple[str, ...] | None = field(default=None)

    @classmethod
    def from_net(cls, net: Any, source: str = "") -> Pretrained:
        """Return the layers and the weights of a net.

        Parameters
        ----------
        net : NeuralNet
            Fitted, initialized, or with loaded weights.
        source : str
            Where they come from, for messages.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from skconv import NeuralNet
        >>> from skconv.models import Pretrained
        >>> X, y = load_iris(return_X_y=True)
        >>> small = Pretrained.from_net(NeuralNet(max_epochs=1, random_state=0).fit(X, y), 'iris')
        >>> net = NeuralNet(max_epochs=1, pretrained=small, random_state=0).fit(X[:100], y[:100])
        """
        params = net.get_params(deep=False)
        network = {"layers": params["layers"]}
        if network["layers"] is None:
            network["hidden_layer_sizes"] = params["hidden_layer_sizes"]
        # others, such as output_weights, may begin with the name of a layer as well
        keywords = params.keys() - net._own()
        network |= {name: value for name, value in params.items() if name in keywords}
        network |= params["more_params"] or {}
        network |= {name: params[name] for name in OUTPUTS if params[name] is not None}
        weights = {parameter.name: parameter.get_value() for parameter in net.get_all_params()}
        return cls(network, weights, source=source)

    def __post_init__(self) -> None:
        object.__setattr__(self, "network", MappingProxyType(dict(self.network)))
        object.__setattr__(self, "weights", MappingProxyType(dict(self.weights)))

    def __repr__(self) -> str:
        numbers = sum(int(np.size(array)) for array in self.weights.values())
        return f"Pretrained({self.source!r}, {len(self.weights)} arrays, {numbers} numbers)"

    def __deepcopy__(self, memo: dict[int, Any]) -> Pretrained:
        return self

    def __copy__(self) -> Pretrained:
        return self
