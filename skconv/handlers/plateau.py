"""A lower learning rate where the loss no longer falls."""

from __future__ import annotations

import math
from typing import Any

from ..training.history import Row, monitored
from .base import Handler
from .hyperparams import get_hyperparam, set_hyperparam

__all__ = ["ReduceLROnPlateau"]


class ReduceLROnPlateau(Handler):
    """Lower the learning rate when the loss has not fallen for a while.

    Pass it as ``on_epoch_finished``. Another rate compiles nothing; `fit` puts the net's own rate
    back in the end.

    Parameters
    ----------
    factor : float
        The rate is multiplied with it, between 0 and 1.
    patience : int
        Epochs to wait for a lower loss.
    monitor : str
        Key of the history to minimise; ``'valid_loss'`` is the training loss where there are no
        validation rows.
    threshold : float
        Fraction by which a loss must be lower to count as lower.
    cooldown : int
        Epochs after a change that are not counted.
    min_rate : float
        The rate does not fall below it.
    name : str
        Parameter of the net to lower.
    verbose : int

    Attributes
    ----------
    best : float
        Lowest loss seen.
    rates : dict of int to float
        The new rate by the epoch after which it came into force.

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
            raise ValueError(f"factor={factor!r} is no number between 0 and 1")
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
        """Forget the losses."""
        self.best = math.inf
        self.waited_since = 0
        self.rates: dict[int, float] = {}

    def begin(self, net: Any, train_history: list[Row]) -> None:
        """Check that there is a number to lower."""
        get_hyperparam(net, self.name)

    def __call__(self, net: Any, train_history: list[Row]) -> None:
        """Lower the rate, if it is time to."""
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
            print(f"Epoch {epoch}: {self.name} is {new:.3g} from here on.")
