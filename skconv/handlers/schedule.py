"""Early stopping, and hyperparameters that change from epoch to epoch."""

from __future__ import annotations

import copy
import math
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from ..training.history import Row
from ..utils.checks import between, number, one_of, positive, text, verbosity
from .base import Columns, Handler
from .hyperparams import set_hyperparam
from .monitor import MODES, MonitoringHandler
from .terminal import say

__all__ = ["AdjustVariable", "EarlyStopping"]


class EarlyStopping(MonitoringHandler):
    """Handler that ends training when the loss stops improving, and restores the best weights.

    Pass it as ``on_epoch_finished``. However training ends, be it by `patience`, by `max_epochs` or
    by Ctrl-C, the net then has the weights of the best epoch of this training, the running means of
    its layers and the state of its update rule. Each call of `fit` or `partial_fit` is a training
    of its own, also where it continues an earlier one.

    Parameters
    ----------
    patience : int
        Epochs to wait for an improvement.
    monitor : str
        Column of the history to watch, such as a loss or score; ``'valid_loss'`` stands for the
        training loss without a validation set.
    verbose : int
        Whether to print a message at the end.
    mode : {'auto', 'min', 'max'}
        Whether smaller or larger values are better. By default the name of the column decides:
        losses and errors are better if smaller, accuracies and scores if larger, scikit-learn's
        scorers such as ``'neg_log_loss'`` among them.
    min_delta : float
        An improvement by no more than this does not end the waiting. The best weights are those of
        the best epoch all the same.

    Attributes
    ----------
    best_valid : float or None
        Best value so far.
    best_valid_epoch : int
        Epoch with this value; 0 before the first epoch.
    best_weights : dict or None
        Weights after this epoch.

    Raises
    ------
    ValueError
        For invalid parameters; and before training, if the history will not have the column, or if
        `mode` is ``'auto'`` and the name does not say which values are better.

    Examples
    --------
    >>> handler = EarlyStopping(patience=5, monitor='valid_accuracy')
    """

    allowed_in = ("on_epoch_finished",)
    resumes = False
    parameter_checks = {
        "patience": positive,
        "monitor": text,
        "verbose": verbosity,
        "mode": one_of(*MODES),
        "min_delta": between(0.0, math.inf),
    }

    def __init__(
        self,
        patience: int = 10,
        monitor: str = "valid_loss",
        verbose: int = 1,
        mode: Literal["auto", "min", "max"] = "auto",
        min_delta: float = 0.0,
    ) -> None:
        self.patience = patience
        self.monitor = monitor
        self.verbose = verbose
        self.mode = mode
        self.min_delta = min_delta
        self.check_parameters()
        self.reset()

    def reset(self) -> None:
        """Forget the best epoch."""
        super().reset()
        self._forget()

    def _forget(self) -> None:
        self.best_valid: float | None = None
        self.best_valid_epoch = 0
        self.best_weights: Any = None
        self.best_opt: Any = None
        self.waits_for: float | None = None
        self.waits_since: int | None = None

    def begin(self, net: Any, train_history: list[Row]) -> None:
        """Start without a best epoch."""
        self._forget()

    def __call__(self, net: Any, train_history: list[Row]) -> None:
        """Keep the weights if the value has improved; end the training after `patience` epochs."""
        row = train_history[-1]
        value, epoch = self.read(row), row["epoch"]
        if self.waits_since is None:
            self.waits_since = epoch - 1
        if self.is_better(value, self.best_valid):
            weights = net.get_all_params_values()
            opt = list(map(np.asarray, jax.tree.leaves(net._fitted().model.opt)))
            self.best_weights, self.best_opt = weights, opt
            self.best_valid, self.best_valid_epoch = value, epoch
        if self.is_better(value, self.waits_for, self.min_delta):
            self.waits_for, self.waits_since = value, epoch
        elif epoch - self.waits_since >= self.patience:
            if self.verbose:
                say("Early stopping.")
            raise StopIteration

    def finish(self, net: Any, train_history: list[Row]) -> None:
        """Restore the weights of the best epoch, unless the training ended before its first one."""
        if self.best_opt is None:
            return
        model = net._fitted().model
        model.load(self.best_weights)
        leaves = list(map(jnp.asarray, self.best_opt))
        model.opt = jax.tree.unflatten(jax.tree.structure(model.opt), leaves)
        if self.verbose and self.best_valid_epoch < train_history[-1]["epoch"]:
            assert self.watched is not None
            say(
                f"Best {self.watched.column} was {self.best_valid:.6f} at epoch "
                f"{self.best_valid_epoch}."
            )

    def end(self, net: Any, train_history: list[Row]) -> None:
        """Release the state of the update rule."""
        self.best_opt = None


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

    allowed_in = ("on_epoch_finished",)
    resumes = False
    parameter_checks = {"name": text, "start": number, "stop": number}

    def __init__(self, name: str, start: float = 0.03, stop: float = 0.001) -> None:
        self.name = name
        self.start = start
        self.stop = stop
        self.check_parameters()

    def check(self, net: Any, columns: Columns) -> None:
        """Check that the net has the parameter."""
        super().check(net, columns)
        copy.copy(net).set_params(**{self.name: self.start})

    def __call__(self, net: Any, train_history: list[Row]) -> None:
        """Set the parameter for the next epoch."""
        epochs = max(net.max_epochs, 1)
        after = min(train_history[-1]["epoch"], epochs - 1)
        value = self.start + after * ((self.stop - self.start) / max(epochs - 1, 1))
        last = after == epochs - 1 > 0
        set_hyperparam(net, self.name, float(self.stop if last else value))
