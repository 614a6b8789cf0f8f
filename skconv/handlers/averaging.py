"""Running average of the weights."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..network.graph import Network, Variables
from ..training.history import Row
from ..utils.checks import open_fraction
from .base import Handler

__all__ = ["ExponentialMovingAverage"]

Weights = dict[str, list[np.ndarray]]

Layout = dict[str, list[tuple[int, str, str, bool]]]
"""For each parameter of a layer whether it is state, whose it is, and whether it is transposed."""


def _start(weights: tuple[Variables, Variables]) -> dict[str, Any]:
    sums = jax.tree.map(jnp.zeros_like, weights)
    return {"sums": sums, "steps": jnp.zeros((), jnp.int32)}


def _add(
    value: dict[str, Any], weights: tuple[Variables, Variables], decay: Any, rest: Any
) -> dict[str, Any]:
    """Return the sums with the current weights added to them."""

    def add(total: Any, array: Any) -> Any:
        return jnp.asarray(decay, total.dtype) * total + jnp.asarray(rest, total.dtype) * array

    sums = jax.tree.map(add, value["sums"], weights)
    return {"sums": sums, "steps": value["steps"] + 1}


class ExponentialMovingAverage(Handler):
    """Exponential moving average of the weights, with which the net predicts after training.

    Pass it as ``on_batch_finished``, or as ``on_epoch_finished`` to average over epochs. Averages
    over batches are computed in the training step. State such as running means is averaged, too.
    Training itself uses the plain weights, and so do the
    validation loss in the history and a later training that continues this one.

    Parameters
    ----------
    decay : float
        Weight of the previous average, between 0 and 1: 0.99 averages over about 100 steps.

    Attributes
    ----------
    average : dict of str to list of array, or None
        Current averages, in the format of `get_all_params_values`.
    plain : dict of str to list of array, or None
        Weights at the end of training, without averaging.

    Notes
    -----
    The averages are corrected for the bias of their initialization, as in section 7.2 of Kingma
    and Ba (2015), "Adam: a method for stochastic optimization".

    Examples
    --------
    >>> handler = ExponentialMovingAverage(0.99)
    """

    allowed_in = ("on_batch_finished", "on_epoch_finished")
    parameter_checks = {"decay": open_fraction}
    statistic = _start, _add

    def __init__(self, decay: float = 0.999) -> None:
        self.decay = decay
        self.check_parameters()
        self.reset()

    def reset(self) -> None:
        """Forget the averages."""
        self.statistic_value: Any = None
        self.layout: Layout = {}
        self.plain: Weights | None = None

    def begin(self, net: Any, train_history: list[Row]) -> None:
        """Give the net its plain weights back if it still has the averages."""
        model = net._fitted().model
        self.layout = _layout(model.network, *model.carry[:2])
        average = self.average
        if self.plain is None or average is None:
            return
        if _equal(net.get_all_params_values(), average):
            model.load(self.plain)

    def statistic_numbers(self) -> dict[str, float]:
        """Return the weights of the previous average and of the current weights."""
        return {"decay": self.decay, "rest": 1 - self.decay}

    def __call__(self, net: Any, train_history: list[Row]) -> None:
        """Add the current weights to the averages."""
        weights = net._fitted().model.carry[:2]
        value = _start(weights) if self.statistic_value is None else self.statistic_value
        self.statistic_value = _add(value, weights, **self.statistic_numbers())

    @property
    def steps(self) -> int:
        """Number of times that weights have been added to the averages."""
        return 0 if self.statistic_value is None else int(self.statistic_value["steps"])

    @property
    def average(self) -> Weights | None:
        """The current averages; None before the first step."""
        if not self.steps:
            return None
        bias, sums = 1 - self.decay**self.steps, self.statistic_value["sums"]

        def mean(part: int, layer: str, name: str, transposed: bool) -> np.ndarray:
            total = np.asarray(sums[part][layer][name])
            return (total.T if transposed else total) / total.dtype.type(bias)

        return {layer: [mean(*place) for place in own] for layer, own in self.layout.items()}

    def get_state(self) -> dict[str, Any]:
        """Return the averages as arrays of NumPy."""
        value = jax.tree.map(np.asarray, self.statistic_value)
        return {"statistic_value": value, "layout": self.layout, "plain": self.plain}

    def end(self, net: Any, train_history: list[Row]) -> None:
        """Load the averages into the net."""
        average = self.average
        if average is not None:
            self.statistic_value = jax.tree.map(np.asarray, self.statistic_value)
            self.plain = net.get_all_params_values()
            net._fitted().model.load(self.plain | average)

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "statistic_value": jax.tree.map(np.asarray, self.statistic_value)}


def _layout(network: Network, params: Variables, state: Variables) -> Layout:
    """Return where the trained parameters are by layer, in the order of `get_all_params_values`."""

    def place(layer: str, name: str) -> tuple[int, str, str, bool]:
        kept = network.shared.get((layer, name), (layer, name))
        is_state = kept[1] not in params.get(kept[0], {})
        return int(is_state), *kept, (layer, name) in network.transposed

    places = {node.name: [place(node.name, name) for name in node.specs] for node in network.nodes}
    trained = params.keys() | state.keys()
    return {
        layer: own for layer, own in places.items() if all(place[1] in trained for place in own)
    }


def _equal(weights: Weights, others: Weights) -> bool:
    return all(
        np.array_equal(one, other)
        for layer in others
        for one, other in zip(weights[layer], others[layer], strict=True)
    )
