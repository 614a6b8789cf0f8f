"""Handler that records the size of the weights."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any

import numpy as np

from ..ops.processes import is_first
from ..training.history import Row
from ..utils import checks
from ..utils.checks import or_none, positive
from ..utils.files import check_writable, naming
from .base import HASH, NO_HASH, Columns, Handler, hash_of

__all__ = ["WeightLog"]


class WeightLog(Handler):
    """Handler that records the size of the weights and of their changes.

    Pass it as ``on_batch_finished`` or ``on_epoch_finished``.

    Parameters
    ----------
    save_to : str or path, optional
        CSV file for the records. A training that resumes from a `Checkpoint` first drops those
        written after it. The placeholder ``{hash}`` is that of `SaveWeights`.
    write_every : int
        Number of records to write at a time.

    Attributes
    ----------
    history : list of dict
        For the i-th parameter of each layer, ``'<layer>_<i> wdiff'`` (mean absolute change since
        the previous record), ``'<layer>_<i> wabsmean'`` (mean absolute value) and
        ``'<layer>_<i> wmean'`` (mean).

    Raises
    ------
    ValueError
        For invalid parameters; and in skconv's searches and ensembles, if `save_to` lacks
        ``{hash}``.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv import NeuralNet
    >>> X, y = np.random.default_rng(0).normal(size=(40, 3)), np.arange(40) % 2
    >>> log = WeightLog()
    >>> net = NeuralNet(max_epochs=2, on_epoch_finished=log, random_state=0).fit(X, y)
    >>> len(log.history), list(log.history[-1])[:2]
    (2, ['norm_0 wdiff', 'norm_0 wabsmean'])
    """

    parameter_checks = {"save_to": or_none(checks.path), "write_every": positive}
    _hash = NO_HASH

    def __init__(self, save_to: str | os.PathLike[str] | None = None, write_every: int = 8) -> None:
        self.save_to = save_to
        self.write_every = write_every
        self.check_parameters()
        self.reset()

    def check(self, net: Any, columns: Columns) -> None:
        """Raise `OSError` if the file cannot be written."""
        super().check(net, columns)
        if self.save_to is not None and is_first():
            check_writable(self._path)

    def check_several(self) -> None:
        """Raise `ValueError` if all trainings would write the same file."""
        if self.save_to is not None:
            self.check_path("save_to", self.save_to)

    def begin(self, net: Any, train_history: list[Row]) -> None:
        """Note the characters that tell the training from others, before its first step."""
        if not self.history:
            self._hash = hash_of(net, self.save_to or "")

    @property
    def _path(self) -> str:
        return os.fspath(self.save_to or "").replace(HASH, self._hash)

    def reset(self) -> None:
        """Start with an empty list of records."""
        self.history: list[dict[str, float]] = []
        self.last_weights: dict[str, Any] | None = None

    def __call__(self, net: Any, train_history: list[Row]) -> None:
        """Record the current weights."""
        weights = net.get_all_params_values()
        before = weights if self.last_weights is None else self.last_weights
        entry = {}
        for layer in weights:
            for i, (old, new) in enumerate(zip(before[layer], weights[layer], strict=True)):
                entry[f"{layer}_{i} wdiff"] = float(np.abs(new - old).mean())
                entry[f"{layer}_{i} wabsmean"] = float(np.abs(new).mean())
                entry[f"{layer}_{i} wmean"] = float(new.mean())
        self.history.append(entry)
        self.last_weights = weights
        writes = self.save_to is not None and is_first()
        if writes and len(self.history) % self.write_every == 0:
            self._write(len(self.history) - self.write_every)

    def set_state(self, state: dict[str, Any]) -> None:
        """Take over the records, and drop those from the file that were written later."""
        super().set_state(state)
        if self.save_to is None or not is_first():
            return
        if len(self.history) >= self.write_every:
            self._write(0)
        else:
            Path(self._path).unlink(missing_ok=True)

    def _write(self, start: int) -> None:
        """Write the records from `start` on, as far as they fill groups of `write_every`."""
        first, stop = start == 0, len(self.history) - len(self.history) % self.write_every
        entries = self.history[start:stop]
        with naming(self._path), open(self._path, "w" if first else "a", newline="") as file:
            writer = csv.DictWriter(file, list(entries[0]))
            if first:
                writer.writeheader()
            writer.writerows(entries)
