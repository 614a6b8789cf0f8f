"""The handlers of a net: those that were given, and those that `verbose` adds."""

from __future__ import annotations

from .handlers import Handler, PrintLayerInfo, PrintLog
from .settings import as_list
from .training import Handlers

HANDLERS = ("on_batch_finished", "on_epoch_finished", "on_training_started", "on_training_finished")


class HandlingMixin:
    """Collect the handlers for a training."""

    verbose: int

    def _handlers(self, *, fresh: bool) -> Handlers:
        """List the handlers by moment, as new where training starts afresh."""
        lists = {name: as_list(getattr(self, name)) for name in HANDLERS}
        if fresh:
            for handler in (handler for list_ in lists.values() for handler in list_):
                if isinstance(handler, Handler):
                    handler.reset()
        if fresh or not hasattr(self, "_printers"):
            self._printers = {
                "on_epoch_finished": PrintLog(),
                "on_training_started": PrintLayerInfo(),
            }
        for name, printer in self._printers.items():
            if self.verbose and not any(isinstance(h, type(printer)) for h in lists[name]):
                lists[name].insert(0, printer)
        return Handlers(**lists)
