"""All that decides what is compiled, and nothing else: no weights, no data, no numbers."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax

from ..network.graph import Head, Network
from ..updates.update_rule import Update
from ..utils.cache_keys import structural_key
from .history import valid_key

Scores = tuple[tuple[str, Callable[..., jax.Array]], ...]


@dataclass(frozen=True, eq=False)
class Plan:
    """All that decides what a training compiles to.

    Parameters
    ----------
    network : Network
    objective : callable
        As `skconv.objectives.objective`.
    objective_structure : tuple of (str, object)
        Keywords of the objective that are no numbers.
    loss_functions : tuple of callable
        By target.
    accuracies : tuple of (callable or None)
        By target, each ``(predictions, targets) -> rows``; None where the loss is the only score.
    update : Update
    augment : tuple of callable
        Each ``(key, Xb, yb) -> (Xb, yb)``, on float32 batches of the public shape, without their
        numbers.
    scores_train, scores_valid : tuple of (str, callable)
        Each ``(predictions, targets) -> scalar or rows``.
    measures : tuple of (str, callable)
        Each from the gradients of a step to a scalar.
    """

    network: Network
    objective: Callable[..., jax.Array]
    objective_structure: tuple[tuple[str, Any], ...]
    loss_functions: tuple[Callable[..., jax.Array], ...]
    accuracies: tuple[Callable[..., jax.Array] | None, ...]
    update: Update
    augment: tuple[Callable[..., Any], ...] = ()
    scores_train: Scores = ()
    scores_valid: Scores = ()
    measures: Scores = ()

    @property
    def predicted(self) -> list[Head]:
        """The outputs without those that only help in training, which come after them."""
        return [head for head in self.network.heads if head.predicted]

    @property
    def columns(self) -> list[str]:
        """Keys in the history for each output of its own, where there are several."""
        if len(self.predicted) == 1:
            return []
        scored = [head for head in self.predicted if self.accuracies[head.target]]
        return [valid_key("loss", head.name) for head in self.predicted] + [
            valid_key("accuracy", head.name) for head in scored
        ]

    @cached_property
    def key(self) -> Hashable:
        """Equal for plans that compile to the same programs."""
        rest = {name: value for name, value in vars(self).items() if name not in ("network", "key")}
        return self.network.key, structural_key(rest | {"update": vars(self.update)})


@dataclass(frozen=True, eq=False)
class PredictPlan:
    """All that decides what a prediction compiles to.

    Parameters
    ----------
    network : Network
    test_augment : callable or None
        ``(forward, key, Xb) -> output`` with ``forward(Xb) -> output``, without its numbers.
    """

    network: Network
    test_augment: Callable[..., Any] | None = None

    @cached_property
    def key(self) -> Hashable:
        """Equal for plans that compile to the same program."""
        return self.network.key, structural_key(self.test_augment)
