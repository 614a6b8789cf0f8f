"""Learning rate reduction when the loss stops improving."""

from __future__ import annotations

import math
from typing import Any

from ..training.history import Row, monitored
from .base import Handler
from .hyperparams import get_hyperparam, set_hyperparam

__all__ = ["ReduceLROnPlateau"]


class ReduceLROnPlateau(Handler):
    """Handler that lowers the learning rate when the loss has stopped improving.

    Pass it as ``on_epoch_finished``. A new rate compiles nothing, and `fit` restores the net's own
    rate at the end.

    Parameters
    ----------
    factor : float
        Factor that the rate is multiplied by, between 0 and 1.
    patience : int
        Epochs to wait for an improvement.
    monitor : str
        Key of the history to minimize; ``'valid_loss'`` stands for the training loss if there is
        no validation set.
    threshold : float
        Smallest relative decrease of the loss that counts as an improvement.
    cooldown : int
        Epochs after a reduction before waiting starts again.
    min_rate : float
        Lower bound of the rate.
    name : str
        Parameter of the net to lower.
    verbose : int
        Whether to print each reduction.

    Attributes
    ----------
    best : float
        Lowest loss so far.
    rates : dict of int to float
        New rates, by the epoch after which they took effect.

    Examples
    --------
    >>> handler = ReduceLROnPlateau(factor=0.5, patience=3)
    """

    def __init__(
        self,
        factor: float = 0.1,
        patience: int = 10,
        monitor: str = "valid_loss",
        threshold: float = 1e-4,
        cooldown: int = 0,
        min_rate: float = 0.0,
        name: str = "update_learning_rate",
        verbose: int = 1,
    ) -> None:
        if not 0 < factor < 1:
            raise ValueError(f"factor must be a number between 0 and 1, exclusive, got {factor!r}")
        self.factor = factor
        self.patience = patience
        self.monitor = monitor
        self.threshold = threshold
        self.cooldown = cooldown
        self.min_rate = min_rate
        self.name = name
        self.verbose = verbose
        self.reset()

    def reset(self) -> None:
        """Forget the losses and reductions."""
        self.best = math.inf
        self.waited_since = 0
        self.rates: dict[int, float] = {}

    def begin(self, net: Any, train_history: list[Row]) -> None:
        """Check that the net has a number of this name."""
        get_hyperparam(net, self.name)

    def __call__(self, net: Any, train_history: list[Row]) -> None:
        """Lower the rate if the loss has not improved for `patience` epochs."""
        row = train_history[-1]
        loss, epoch = monitored(row, self.monitor), row["epoch"]
        if loss < self.best - self.threshold * abs(self.best) or self.best == math.inf:
            self.best = loss
            self.waited_since = max(epoch, self.waited_since)
        elif epoch - self.waited_since >= self.patience:
            self.waited_since = epoch + self.cooldown
            self._lower(net, epoch)

    def _lower(self, net: Any, epoch: int) -> None:
        old = get_hyperparam(net, self.name)
        new = max(old * self.factor, self.min_rate)
        if new >= old:
            return
        set_hyperparam(net, self.name, new)
        self.rates[epoch] = new
        if self.verbose:
            print(f"Epoch {epoch}: reducing {self.name} to {new:.3g}.")
