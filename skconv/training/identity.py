"""What decides the result of a training, so that no other training continues from its files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import numpy as np

from ..data.dataset import Dataset
from ..data.ragged_rows import groups_of
from ..data.rows import Rows
from ..utils.digests import digest
from .events import EVENTS
from .prepared_fit import PreparedFit

EXACT_BYTES = 2**26
"""Size of X up to which all rows are compared, and of the rows compared beyond it."""

SAMPLED_ROWS = 1024
"""Maximum number of rows compared if X is larger."""

ELSEWHERE = {
    *("layers", "class_weight", "train_split", "random_state"),  # in the network, rows and seed
    *("max_epochs", "verbose", "warm_start", "check_input", "test_augment", "transform_layer"),
    *("devices", "shard_params"),  # they round otherwise, as other kinds of devices do
    "compute_dtype",  # in the network
    "pretrained",  # in the initial weights
    *EVENTS,
}
"""Parameters that are part of something else, or that leave what an epoch does unchanged."""


LATER = {"accumulate_steps": 1, "remat": None, "cache_features": False}
"""Parameters that are left out at these values, so that earlier files have the same digests."""


@dataclass(frozen=True, eq=False)
class TrainingIdentity:
    """What decides the result of a training, known before its first epoch.

    Parameters
    ----------
    fit : PreparedFit
    settings : mapping of str to object
        Parameters of the net, resolved.
    given : mapping of str to object
        Parameters of the net as they are before handlers change them.
    continues : bool
        Whether the net has been trained before, or has weights that were loaded.
    """

    fit: PreparedFit
    settings: Mapping[str, Any]
    given: Mapping[str, Any]
    continues: bool

    @cached_property
    def parts(self) -> dict[str, str]:
        """Digests by the name of what they stand for, such as a parameter, ``X`` or ``y``.

        It is read before the first step, which may overwrite the weights.
        """
        fit, model = self.fit, self.fit.model
        network = model.network
        parts = {
            name: digest(value)
            for name, value in self.settings.items()
            if name not in ELSEWHERE and (name not in LATER or value != LATER[name])
        }
        parts |= _digest_dataset(fit.train)
        valid = None if fit.valid is None else _digest_dataset(fit.valid)
        parts["validation set"] = digest(valid)
        parts["classes"] = digest(fit.outputs.classes)
        parts["form of y"] = digest(fit.outputs)  # also the scale, which standardized y lacks
        parts["layers"] = digest((network.initial_key, network.runtime()))
        parts["batch size"] = digest(fit.train.iterator.batch_size)
        parts["random_state"] = digest(model.seed)
        trees = (model.params, model.state, model.opt)
        drawn = not self.continues and self.settings.get("pretrained") is None
        start = None if drawn else list(map(np.asarray, jax.tree.leaves(trees)))
        parts["initial weights"] = digest(start)
        return parts

    @property
    def outline(self) -> dict[str, str]:
        """Digests of all parts that need no row of X, for other processes to compare."""
        fit, model = self.fit, self.fit.model
        parts = {
            name: digest(value)[:12]
            for name, value in self.settings.items()
            if name not in ELSEWHERE
        }
        for name, dataset in (("the training set", fit.train), ("the validation set", fit.valid)):
            own = dataset and (dataset.index, dataset.y, dataset.weights, dataset.target_weights)
            parts[name] = digest(own)[:12]
        trees = (model.params, model.state, model.opt)
        start = list(map(np.asarray, jax.tree.leaves(trees)))
        return parts | {"random_state": str(model.seed), "weights": digest(start)[:12]}

    @cached_property
    def hash(self) -> str:
        """Digest of all parts, twelve characters long."""
        return digest(self.parts)[:12]


def _digest_dataset(dataset: Dataset) -> dict[str, str]:
    rows = [_digest_rows(group) for _, group in groups_of(dataset.rows)]
    positions = [index for index, _ in groups_of(dataset.rows)] if len(rows) > 1 else None
    return {
        "X": digest((rows, positions)),
        "y": digest(dataset.y),
        "weights of the rows": digest((dataset.weights, dataset.target_weights)),
    }


def _digest_rows(rows: Rows) -> str:
    """Return a digest of all rows, or of a sample if they are large."""
    n, row_bytes = len(rows), max(1, rows.row_bytes())
    index: np.ndarray = np.arange(n)
    if n * row_bytes > EXACT_BYTES:
        count = max(2, min(n, SAMPLED_ROWS, EXACT_BYTES // row_bytes))
        index = np.linspace(0, n - 1, count).round().astype(int)
    parts = np.array_split(index, max(1, len(index) * row_bytes // 2**22))
    return digest(
        (n, sorted(rows.shapes.items(), key=str), [digest(rows.take(part)) for part in parts])
    )
