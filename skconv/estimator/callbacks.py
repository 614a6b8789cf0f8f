"""scikit-learn's callbacks, and what a net tells them of a fit and of its epochs."""

from __future__ import annotations

import copy
from typing import Any

from sklearn.callback import ProgressBar

from ..handlers import Handler, PrintLayerInfo, PrintLog, PrintProgress
from ..network.model import Model
from ..training.events import EVENTS, Handlers
from ..training.history import Row
from ..training.metrics import weighted_means
from ..utils.checks import as_list


class CallbackTasks:
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


class HandlingMixin:
    """Collect the handlers for a training, and tell them of the batches."""

    verbose: int
    _model: Model

    def _handlers(self, *, fresh: bool) -> Handlers:
        """List the handlers by moment, as new where training starts afresh."""
        lists = {name: as_list(getattr(self, name)) for name in EVENTS}
        given = [handler for list_ in lists.values() for handler in list_]
        for handler in given if fresh else ():
            if isinstance(handler, Handler):
                handler.reset()
        if fresh or not hasattr(self, "_printers"):
            self._printers = [
                ("on_epoch_finished", PrintLog()),
                ("on_training_started", PrintProgress()),
                ("on_training_started", PrintLayerInfo()),
            ]
        for name, printer in self._printers if self.verbose else ():
            if not any(isinstance(handler, type(printer)) for handler in given):
                lists[name].insert(0, printer)
        given = {id(handler): handler for list_ in lists.values() for handler in list_}
        own = [handler for handler in given.values() if isinstance(handler, Handler)]
        return Handlers(
            **lists,
            begins=[handler.begin for handler in own],
            ends=[handler.end for handler in own],
            on_steps=[handler.step for handler in own if handler.watches()],
        )

    @property
    def last_batch_(self) -> dict[str, float]:
        """What the last step found: ``'loss'`` and `scores_train`, before it changed the weights.

        It is there for handlers in ``on_batch_finished``.
        """
        batch = self._model.batch if hasattr(self, "_model") else None
        if batch is None:
            raise AttributeError("last_batch_ is there while on_batch_finished handlers run")
        names, sums = batch
        found = weighted_means([sums], names)[0]
        del found["finite"]
        return found
