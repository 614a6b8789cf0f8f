"""Learning rate reduction when a monitored value stops improving."""

from __future__ import annotations

import math
from typing import Any, Literal

from ..training.history import Row
from ..utils.checks import between, natural, one_of, open_fraction, positive, text, verbosity
from .base import Columns
from .hyperparams import get_hyperparam, set_hyperparam
from .monitor import MODES, MonitoringHandler
from .terminal import say

__all__ = ["ReduceLROnPlateau"]


class ReduceLROnPlateau(MonitoringHandler):
    """Handler that lowers the learning rate when the loss has stopped improving.

    Pass it as ``on_epoch_finished``. A new rate compiles nothing, and `fit` restores the net's own
    rate at the end, so each training starts with that rate and without a best value.

    Parameters
    ----------
    factor : float
        Factor that the rate is multiplied by, between 0 and 1.
    patience : int
        Epochs to wait for an improvement.
    monitor : str
        Column of the history to watch, such as a loss or score; ``'valid_loss'`` stands for the
        training loss without a validation set.
    threshold : float
        Smallest relative change of the value that counts as an improvement.
    cooldown : int
        Epochs after a reduction before waiting starts again.
    min_rate : float
        Lower bound of the rate.
    name : str
        Parameter of the net to lower.
    verbose : int
        Whether to print each reduction.
    mode : {'auto', 'min', 'max'}
        Whether smaller or larger values are better. By default the name of the column decides, as
        in `EarlyStopping`.

    Attributes
    ----------
    best : float or None
        Best value so far.
    rates : dict of int to float
        New rates, by the epoch after which they took effect.

    Raises
    ------
    ValueError
        For invalid parameters; and before training, if the history will not have the column, if its
        direction is not known, or if the net has no number of this name.

    Examples
    --------
    >>> handler = ReduceLROnPlateau(factor=0.5, patience=3)
    """

    allowed_in = ("on_epoch_finished",)
    resumes = False
    parameter_checks = {
        "factor": open_fraction,
        "patience": positive,
        "monitor": text,
        "threshold": between(0.0, math.inf),
        "cooldown": natural,
        "min_rate": between(0.0, math.inf),
        "name": text,
        "verbose": verbosity,
        "mode": one_of(*MODES),
    }

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
        mode: Literal["auto", "min", "max"] = "auto",
    ) -> None:
        self.factor = factor
        self.patience = patience
        self.monitor = monitor
        self.threshold = threshold
        self.cooldown = cooldown
        self.min_rate = min_rate
        self.name = name
        self.verbose = verbose
        self.mode = mode
        self.check_parameters()
        self.reset()

    def reset(self) -> None:
        """Forget the values and reductions."""
        super().reset()
        self.best: float | None = None
        self.waited_since: int | None = None
        self.rates: dict[int, float] = {}

    def check(self, net: Any, columns: Columns) -> None:
        """Check the column, and that the net has a number of this name."""
        super().check(net, columns)
        get_hyperparam(net, self.name)

    def begin(self, net: Any, train_history: list[Row]) -> None:
        """Start without a best value."""
        self.best = self.waited_since = None

    def __call__(self, net: Any, train_history: list[Row]) -> None:
        """Lower the rate if the value has not improved for `patience` epochs."""
        row = train_history[-1]
        value, epoch = self.read(row), row["epoch"]
        if self.waited_since is None:
            self.waited_since = epoch - 1
        if self.is_better(value, self.best, self.threshold * abs(self.best or 0.0)):
            self.best = value
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
            say(f"Epoch {epoch}: reducing {self.name} to {new:.3g}.")
