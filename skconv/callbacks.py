"""scikit-learn's callbacks, and what a net tells them of a fit and of its epochs."""

from __future__ import annotations

import copy
from typing import Any

from sklearn.callback import ProgressBar

from .history import Row


class Tasks:
    """A fit and its epochs as tasks of ``sklearn.callback``.

    Parameters
    ----------
    net : NeuralNet
        With callbacks of its own, or of the search that it belongs to.
    epochs : int
        Most epochs that there will be.
    X, y, sample_weight : array-like
        What `fit` was given.
    """

    def __init__(self, net: Any, epochs: int, X: Any, y: Any, sample_weight: Any) -> None:
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self.given = {"estimator": net, "X": X, "y": y, "metadata": metadata}
        self.epochs = epochs
        self.told, self.before = 0, len(net.train_history_)
        self.callbacks = getattr(net, "_skl_callbacks", [])
        self.fit = net._init_callback_context(max_subtasks=epochs)
        self.fit.call_on_fit_task_begin(**self.given)
        self._begin()

    @property
    def only_count(self) -> bool:
        """Whether the callbacks count epochs and look at nothing else.

        They need not see one epoch at a time.
        """
        return all(isinstance(callback, ProgressBar) for callback in self.callbacks)

    def __call__(self, net: Any, train_history: list[Row]) -> None:
        """Tell of the epochs since the last call; `StopIteration` where a callback says so."""
        stop, done = False, len(train_history) - self.before
        while self.callbacks and self.told < min(done, self.epochs):
            stop |= self.epoch.call_on_fit_task_end(
                **self.given,
                reconstruction_attributes=lambda: {"_model": copy.copy(net._model)},
            )
            self.told += 1
            self._begin()
        if stop:
            raise StopIteration

    def end(self, net: Any) -> None:
        """Tell that the fit is over."""
        self.fit.call_on_fit_task_end(
            **self.given, reconstruction_attributes=lambda: {"_model": net._model}
        )

    def _begin(self) -> None:
        if self.callbacks and self.told < self.epochs:
            self.epoch = self.fit.subcontext("epoch")
            self.epoch.call_on_fit_task_begin(**self.given)
