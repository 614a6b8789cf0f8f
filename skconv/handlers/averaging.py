"""Running average of the weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..training.history import Row
from ..utils.checks import open_fraction
from .base import Handler

__all__ = ["ExponentialMovingAverage"]

Weights = dict[str, list[np.ndarray]]


class ExponentialMovingAverage(Handler):
    """Exponential moving average of the weights, with which the net predicts after training.

    Pass it as ``on_batch_finished``, or as ``on_epoch_finished`` to average over epochs. State
    such as running means is averaged, too. Training itself uses the plain weights, and so do the
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

    def __init__(self, decay: float = 0.999) -> None:
        self.decay = decay
        self.check_parameters()
        self.reset()

    def reset(self) -> None:
        """Forget the averages."""
        self.steps = 0
        self.sums: Weights | None = None
        self.plain: Weights | None = None

    def begin(self, net: Any, train_history: list[Row]) -> None:
        """Give the net its plain weights back if it still has the averages."""
        average = self.average
        if self.plain is None or average is None:
            return
        if _equal(net.get_all_params_values(), average):
            net._fitted().model.load(self.plain)

    def __call__(self, net: Any, train_history: list[Row]) -> None:
        """Add the current weights to the averages."""
        weights = net.get_all_params_values()
        if self.sums is None:
            self.sums = {layer: list(map(np.zeros_like, own)) for layer, own in weights.items()}
        for layer, own in weights.items():
            for total, array in zip(self.sums[layer], own, strict=True):
                total *= self.decay
                total += (1 - self.decay) * array
        self.steps += 1

    @property
    def average(self) -> Weights | None:
        """The current averages; None before the first step."""
        if self.sums is None:
            return None
        bias = np.float32(1 - self.decay**self.steps)
        return {layer: [total / bias for total in own] for layer, own in self.sums.items()}

    def end(self, net: Any, train_history: list[Row]) -> None:
        """Load the averages into the net."""
        if self.sums is not None:
            self.plain = net.get_all_params_values()
            net._fitted().model.load(self.average)


def _equal(weights: Weights, others: Weights) -> bool:
    return all(
        np.array_equal(one, other)
        for layer in weights
        for one, other in zip(weights[layer], others[layer], strict=True)
    )
