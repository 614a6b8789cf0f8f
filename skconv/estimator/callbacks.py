"""The handlers of a training, and a handler that calls scikit-learn's callbacks."""

from __future__ import annotations

import copy
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, Self

from sklearn.utils.metaestimators import available_if

from ..data.fit_arguments import FitArguments
from ..errors import Problems
from ..handlers import Handler, PrintLayerInfo, PrintLog, PrintProgress
from ..handlers.base import Columns, with_statistics
from ..network.model import Model
from ..ops.processes import is_first
from ..training.events import EVENTS, Handlers
from ..training.history import Row
from ..training.metrics import weighted_means
from ..utils.checks import as_list
from .handler_lists import HandlerParameter


def has_callbacks() -> bool:
    """Return whether the installed scikit-learn has callbacks."""
    return find_spec("sklearn.callback") is not None


def _can_set_callbacks(net: Any) -> bool:
    if not has_callbacks():
        raise AttributeError("set_callbacks needs scikit-learn 1.9 or newer")
    return True


class CallbackSupport:
    """scikit-learn's `CallbackSupportMixin`, whose package is imported once callbacks are set.

    It imports rich where that is installed, which together take 35 ms. Nets have no `set_callbacks`
    before scikit-learn 1.9.
    """

    @available_if(_can_set_callbacks)
    def set_callbacks(self, *callbacks: Any) -> Self:
        """Set callbacks of scikit-learn, which are told of a fit and of its epochs.

        Parameters
        ----------
        *callbacks : callback instances

        Returns
        -------
        self
        """
        from sklearn.callback import CallbackSupportMixin

        return CallbackSupportMixin.set_callbacks(self, *callbacks)

    def _init_callback_context(self, *args: Any, **kwargs: Any) -> Any:
        from sklearn.callback import CallbackSupportMixin

        return CallbackSupportMixin._init_callback_context(self, *args, **kwargs)


class CallbackTasks:
    """A handler that reports a fit and its epochs as tasks to scikit-learn's callbacks.

    Parameters
    ----------
    net : NeuralNet
        A net with callbacks, set on itself or propagated by a search.
    epochs : int
        Maximum number of epochs.
    arguments : FitArguments
    """

    def __init__(self, net: Any, epochs: int, arguments: FitArguments) -> None:
        weights = arguments.sample_weight
        metadata = None if weights is None else {"sample_weight": weights}
        self.given = {"estimator": net, "X": arguments.X, "y": arguments.y, "metadata": metadata}
        self.epochs = epochs
        self.reported, self.before = 0, len(net.train_history_)
        self.callbacks = getattr(net, "_skl_callbacks", [])
        self.fit = net._init_callback_context(max_subtasks=epochs)
        self.fit.call_on_fit_task_begin(**self.given)
        self._begin()

    @property
    def only_count(self) -> bool:
        """Whether the callbacks only count epochs, so that several may be reported at once."""
        from sklearn.callback import ProgressBar

        return all(isinstance(callback, ProgressBar) for callback in self.callbacks)

    def __call__(self, net: Any, train_history: list[Row]) -> None:
        """Report the epochs since the last call; raise `StopIteration` if a callback asks to."""
        stop, done = False, len(train_history) - self.before
        while self.callbacks and self.reported < min(done, self.epochs):
            stop |= self.epoch.call_on_fit_task_end(
                **self.given,
                reconstruction_attributes=lambda: {"_model": copy.copy(net._model)},
            )
            self.reported += 1
            self._begin()
        if stop:
            raise StopIteration

    def end(self, net: Any) -> None:
        """Report the end of the fit."""
        self.fit.call_on_fit_task_end(
            **self.given, reconstruction_attributes=lambda: {"_model": net._model}
        )

    def _begin(self) -> None:
        if self.callbacks and self.reported < self.epochs:
            self.epoch = self.fit.subcontext("epoch")
            self.epoch.call_on_fit_task_begin(**self.given)


class HandlingMixin:
    """The handlers of a net, and the last batch for them to read."""

    verbose: int
    _model: Model
    _stored: Callable[..., Any]

    on_training_started = HandlerParameter()
    on_batch_finished = HandlerParameter()
    on_epoch_finished = HandlerParameter()
    on_training_finished = HandlerParameter()

    def _given_handlers(self) -> list[Any]:
        """Return the handlers that are parameters of the net, each once."""
        given = [handler for name in EVENTS for handler in as_list(self._stored(name))]
        return list({id(handler): handler for handler in given}.values())

    def _handlers(self, *, fresh: bool, columns: Columns | None = None) -> Handlers:
        """Return the handlers by event, reset if training starts afresh, and check them.

        Parameters
        ----------
        fresh : bool
        columns : dict of str to {'min', 'max'} or None, optional
            Numbers that the rows of the history will have; without them, nothing is checked.
        """
        lists = {name: as_list(self._stored(name)) for name in EVENTS}
        given = self._given_handlers()
        for handler in given if fresh else ():
            if isinstance(handler, Handler):
                handler.reset()
        for name, printer in self._verbose_handlers(fresh=fresh) if self.verbose else ():
            if not any(isinstance(handler, type(printer)) for handler in given):
                lists[name].insert(0, printer)
        statistics = with_statistics(lists["on_batch_finished"])
        in_step = list(map(id, statistics))
        distinct = {id(handler): handler for handlers in lists.values() for handler in handlers}
        own = [handler for handler in distinct.values() if isinstance(handler, Handler)]
        if columns is not None:
            problems = Problems()
            problems.call_each(lambda handler: handler.check(self, columns), own)
            problems.raise_any()
        batch_handlers = [one for one in lists["on_batch_finished"] if id(one) not in in_step]
        return Handlers(
            **{**lists, "on_batch_finished": batch_handlers},
            begins=[handler.begin for handler in own],
            begun=[handler.begun for handler in own],
            finishes=[handler.finish for handler in own],
            ends=[handler.end for handler in own],
            statistics=statistics,
            on_steps=[handler.step for handler in own if is_first() and handler.watches()],
            catches_sigterm=any(handler.catches_sigterm for handler in own),
        )

    def _verbose_handlers(self, *, fresh: bool) -> list[tuple[str, Handler]]:
        """Return the printing handlers that `verbose` adds, new ones if training starts afresh."""
        if fresh or not hasattr(self, "_printers"):
            self._printers: list[tuple[str, Handler]] = [
                ("on_epoch_finished", PrintLog()),
                ("on_training_started", PrintProgress()),
                ("on_training_started", PrintLayerInfo()),
            ]
        return self._printers

    @property
    def last_batch_(self) -> dict[str, float]:
        """Loss and `scores_train` of the last batch, computed before its update.

        Available to handlers in ``on_batch_finished`` only.
        """
        batch = self._model.batch if hasattr(self, "_model") else None
        if batch is None:
            raise AttributeError("last_batch_ is available only in on_batch_finished handlers")
        names, sums = batch
        means = weighted_means([sums], names)[0]
        del means["finite"]
        return means
