"""Runtime values of the coming steps, read from the current parameters of a net."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from ..augment.tunable import float32_values
from ..network.graph import Network
from ..network.program_values import Runtime
from ..training.arguments import Values
from ..updates.update_rule import values_at
from ..utils.cache_keys import structural_key
from .blueprint import Blueprint, ConfiguredNet, make_blueprint
from .feature_cache import check_unchanged
from .validation import check_settings


class LiveValues:
    """Runtime values of the coming steps, read from the current parameters of a net.

    Parameters
    ----------
    net : NeuralNet
        Its parameters may be changed by handlers during training.
    network : Network
    frozen : collection of str
        Layers whose outputs are computed once, and whose values are left out and must stay.
    """

    def __init__(self, net: ConfiguredNet, network: Network, frozen: Collection[str] = ()) -> None:
        self._net = net
        self._network = network
        self._frozen = frozen
        self._frozen_values: Runtime = {}
        self._seen: dict[str, Any] = {}
        self._blueprint: Blueprint | None = None
        self._fixed = Values({}, {}, {}, (), np.zeros(0, np.float32), ())

    def __call__(self, start: int, steps: int) -> Values:
        """Return the values of `steps` steps, after the first `start` steps of the training."""
        params = self._net._settings()
        if self._blueprint is None or not _identical(params, self._seen):
            check_settings(params).raise_any()
            shape = next(iter(self._network.rows().values()), None)
            self.renew(params, make_blueprint(params, self._net._own(), shape))
        assert self._blueprint is not None
        blueprint = self._blueprint
        update = values_at(blueprint.update_values, start, steps)
        blueprint.update.check_schedules(blueprint.update_values, update, start)
        return self._fixed._replace(update=update)

    def renew(self, now: dict[str, Any], new: Blueprint) -> None:
        """Use the values of new parameters and their blueprint from now on."""
        old = self._blueprint
        if old is not None and (old.update.names != new.update.names):
            raise ValueError(
                f"update must keep its hyperparameters {old.update.names} during training, "
                f"got {new.update.names}; fit the net afresh"
            )
        if new.heads != tuple(head.as_declared() for head in self._network.heads):
            raise ValueError("outputs must stay the same during training; fit the net afresh")
        if old is not None and _key(old) != _key(new):
            raise ValueError(
                "augment must keep its transforms during training, only their numbers may change; "
                "fit the net afresh"
            )
        self._seen, self._blueprint = now, new
        objective, *losses = (
            {name: np.float32(value) for name, value in given.values.items()}
            for given in (new.objective_given, *new.losses_given)
        )
        weights = np.asarray(new.weights, np.float32)
        augment = tuple(float32_values(entry.transform) for entry in new.augment)
        runtime = new.runtime(self._network)
        frozen = {name: runtime.pop(name, {}) for name in self._frozen}
        check_unchanged(frozen if old is None else self._frozen_values, frozen)
        self._frozen_values = frozen
        self._fixed = Values(runtime, {}, objective, tuple(losses), weights, augment)


def _key(blueprint: Blueprint) -> Any:
    return structural_key(blueprint.transforms())


def _identical(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one.keys() == other.keys() and all(one[name] is other[name] for name in one)
