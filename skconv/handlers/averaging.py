"""Averages of the weights over the steps of training."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..training.history import Row
from .base import Handler

__all__ = ["ExponentialMovingAverage"]

Weights = dict[str, list[np.ndarray]]


class ExponentialMovingAverage(Handler):
    """Average the weights over the steps, and predict with the averages in the end.

    Pass it as ``on_batch_finished``, or as ``on_epoch_finished`` to average over epochs. State
    such as running means is averaged as well. Training itself, and the validation loss in the
    history, go on with the plain weights; so does a training that goes on later.

    Parameters
    ----------
    decay : float
        Weight of what was before, between 0 and 1: with 0.99 about the last 100 steps count.

    Attributes
    ----------
    average : dict of str to list of array, or None
        The averages so far, as `get_all_params_values` gives weights.
    plain : dict of str to list of array, or None
        What training itself ended with.

    Notes
    -----
    Averages are free of the bias towards their start, as in section 7.2 of Kingma and Ba (2015),
    "Adam: a method for stochastic optimization".

    Examples
    --------
    >>> handler = ExponentialMovingAverage(0.99)
    """

    def __init__(self, decay: float = 0.999) -> None:
        if not 0 < decay < 1:
            raise ValueError(f"decay={decay!r} is no number between 0 and 1")
        self.decay = decay
        self.reset()

    def reset(self) -> None:
        """Forget the averages."""
        self.steps = 0
        self.sums: Weights | None = None
        self.plain: Weights | None = None

    def begin(self, net: Any, train_history: list[Row]) -> None:
        """Go on with the plain weights, where the net still has the averages."""
        if self.plain is not None and _same(net.get_all_params_values(), self.average):
            net.load_params_from(self.plain)

    def __call__(self, net: Any, train_history: list[Row]) -> None:
        """Add the weights as they are now."""
        now = net.get_all_params_values()
        if self.sums is None:
            self.sums = {layer: list(map(np.zeros_like, own)) for layer, own in now.items()}
        for layer, own in now.items():
            for total, array in zip(self.sums[layer], own, strict=True):
                total *= self.decay
                total += (1 - self.decay) * array
        self.steps += 1

    @property
    def average(self) -> Weights | None:
        """The averages so far; None before the first step."""
        if self.sums is None:
            return None
        bias = np.float32(1 - self.decay**self.steps)
        return {layer: [total / bias for total in own] for layer, own in self.sums.items()}

    def end(self, net: Any, train_history: list[Row]) -> None:
        """Give the net the averages."""
        if self.sums is not None:
            self.plain = net.get_all_params_values()
            net.load_params_from(self.average)


def _same(one: Weights, other: Weights) -> bool:
    return all(
        np.array_equal(a, b) for layer in one for a, b in zip(one[layer], other[layer], strict=True)
    )
