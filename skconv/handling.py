"""The handlers of a net: those that were given, and those that `verbose` adds."""

from __future__ import annotations

from .handlers import Handler, PrintLayerInfo, PrintLog, PrintProgress
from .model import Model
from .moments import MOMENTS, Handlers
from .results import means
from .settings import as_list


class HandlingMixin:
    """Collect the handlers for a training, and tell them of the batches."""

    verbose: int
    _model: Model

    def _handlers(self, *, fresh: bool) -> Handlers:
        """List the handlers by moment, as new where training starts afresh."""
        lists = {name: as_list(getattr(self, name)) for name in MOMENTS}
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
        found = means([sums], names)[0]
        del found["finite"]
        return found
