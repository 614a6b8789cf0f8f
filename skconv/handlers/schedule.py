"""Early stopping, and hyperparameters that change from epoch to epoch."""

from __future__ import annotations

import math
from typing import Any

from ..training.history import Row, monitored
from .base import Handler
from .hyperparams import set_hyperparam

__all__ = ["AdjustVariable", "EarlyStopping"]


class EarlyStopping(Handler):
    """Handler that ends training when the loss stops improving, and restores the best weights.

    Pass it as ``on_epoch_finished``.

    Parameters
    ----------
    patience : int
        Epochs to wait for a lower loss.
    monitor : str
        Key of the history to minimize; ``'valid_loss'`` stands for the training loss if there is
        no validation set.
    verbose : int
        Whether to print a message at the end.

    Attributes
    ----------
    best_valid : float
        Lowest loss so far.
    best_valid_epoch : int
        Epoch with this loss.
    best_weights : dict or None
        Weights after this epoch.
    """

    def __init__(self, patience: int = 100, monitor: str = "valid_loss", verbose: int = 1) -> None:
        self.patience = patience
        self.monitor = monitor
        self.verbose = verbose
        self.reset()

    def reset(self) -> None:
        """Forget the best epoch."""
        self.best_valid = math.inf
        self.best_valid_epoch = 0
        self.best_weights: Any = None

    def __call__(self, net: Any, train_history: list[Row]) -> None:
        """Keep the weights if the loss has improved, or end the training."""
        current = monitored(train_history[-1], self.monitor)
        epoch = train_history[-1]["epoch"]
        if current < self.best_valid:
            self.best_valid = current
            self.best_valid_epoch = epoch
            self.best_weights = net.get_all_params_values()
        elif self.best_valid_epoch + self.patience <= epoch:
            if self.verbose:
                print("Early stopping.")
                print(f"Best loss was {self.best_valid:.6f} at epoch {self.best_valid_epoch}.")
            if self.best_weights is not None:
                net.load_params_from(self.best_weights)
            raise StopIteration


class AdjustVariable(Handler):
    """Handler that changes a hyperparameter linearly from the first epoch to the last.

    Pass it as ``on_epoch_finished``.

    Parameters
    ----------
    name : str
        Parameter of the net, such as ``'update_learning_rate'`` or ``'dropout1_p'``.
    start, stop : float
        Values in the first and the last epoch.

    Examples
    --------
    >>> handler = AdjustVariable('update_learning_rate', start=0.03, stop=0.0001)

    Notes
    -----
    As in nolearn, the first epoch uses the net's own value; set that to `start`.
    """

    def __init__(self, name: str, start: float = 0.03, stop: float = 0.001) -> None:
        self.name = name
        self.start = start
        self.stop = stop

    def __call__(self, net: Any, train_history: list[Row]) -> None:
        """Set the parameter for the next epoch."""
        epochs = max(net.max_epochs, 1)
        after = min(train_history[-1]["epoch"], epochs - 1)
        value = self.start + after * ((self.stop - self.start) / max(epochs - 1, 1))
        last = after == epochs - 1 > 0
        set_hyperparam(net, self.name, float(self.stop if last else value))
