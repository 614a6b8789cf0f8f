"""The structure of a net that determines its compiled programs, without weights or data."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import jax
from jax.sharding import Mesh

from ..network.graph import Network
from ..network.head import Head
from ..network.recomputation import Blocks
from ..updates.update_rule import Update
from ..utils.cache_keys import structural_key
from .history import valid_key


class View(Protocol):
    """How a loss sees an output and its targets."""

    def predictions(self, values: Any, rows: int = 1) -> Any:
        """Return an output, or statistics of one if `rows` is zero."""

    def targets(self, y: Any) -> Any:
        """Return encoded targets."""


Scores = tuple[tuple[str, Callable[..., jax.Array]], ...]


@dataclass(frozen=True, eq=False)
class Plan:
    """The structure that determines the programs of a training.

    Parameters
    ----------
    network : Network
    objective : callable
        With the signature of `skconv.objectives.objective`.
    objective_structure : tuple of (str, object)
        Keywords of the objective whose values are not numbers.
    loss_functions : tuple of callable
        Loss function of each target.
    accuracies : tuple of (callable or None)
        Accuracy of each target, ``(predictions, targets) -> rows``, or None if it has only a loss.
    views : tuple of (UnitsLast, ClassesLast, Fields or None)
        How the loss of each target sees outputs and targets; None if as they are.
    update : Update
    augment : tuple of callable
        Each ``(key, Xb, yb) -> (Xb, yb)`` on float32 batches of the public shape, without the
        values of its fields.
    scores_train, scores_valid : tuple of (str, callable)
        Each ``(predictions, targets) -> scalar or rows``.
    measures : tuple of (str, callable)
        Each from the gradients of a step to a scalar.
    statistics : tuple of (callable, callable)
        Functions ``start(weights)`` and ``update(statistic, weights, **numbers)`` of handlers,
        where weights are a pair of parameters and state.
    holes : tuple of bool
        Whether targets of each output may be ignored.
    weighted : bool
        Whether targets have weights of their own, besides those of their rows.
    mesh : Mesh or None
        The devices that share the rows of each batch; None for the default device.
    accumulate_steps : int
        Number of parts of a batch that are computed one after the other.
    blocks : tuple of tuple of str
        Layers whose outputs are computed again for the gradients, block by block.
    """

    network: Network
    objective: Callable[..., jax.Array]
    objective_structure: tuple[tuple[str, Any], ...]
    loss_functions: tuple[Callable[..., jax.Array], ...]
    accuracies: tuple[Callable[..., jax.Array] | None, ...]
    views: tuple[View | None, ...]
    update: Update
    augment: tuple[Callable[..., Any], ...] = ()
    scores_train: Scores = ()
    scores_valid: Scores = ()
    measures: Scores = ()
    statistics: tuple[tuple[Callable[..., Any], Callable[..., Any]], ...] = ()
    holes: tuple[bool, ...] = ()
    weighted: bool = False
    mesh: Mesh | None = None
    accumulate_steps: int = 1
    blocks: Blocks = ()

    @property
    def weighs_targets(self) -> bool:
        """Whether the targets of a row may count differently."""
        return self.weighted or any(self.holes)

    @property
    def predicted(self) -> list[Head]:
        """Output layers without the auxiliary ones, which come last."""
        return [head for head in self.network.heads if head.predicted]

    @property
    def columns(self) -> list[str]:
        """History keys for the single outputs; empty if there is only one."""
        if len(self.predicted) == 1:
            return []
        scored = [head for head in self.predicted if self.accuracies[head.target]]
        return [valid_key("loss", head.name) for head in self.predicted] + [
            valid_key("accuracy", head.name) for head in scored
        ]

    @property
    def has_accuracy(self) -> bool:
        """Whether any output has an accuracy."""
        return any(self.accuracies)

    @cached_property
    def key(self) -> Hashable:
        """Key that is equal for plans with the same programs."""
        rest = dict(vars(self)) | {"update": vars(self.update)}
        for name in ("network", "mesh", "key"):  # the first two are compared by their own keys
            rest.pop(name, None)
        return self.network.key, structural_key(rest), self.mesh


@dataclass(frozen=True, eq=False)
class PredictPlan:
    """The structure that determines the programs of a prediction.

    Parameters
    ----------
    network : Network
    test_augment : callable or None
        ``(forward, key, Xb) -> output`` with ``forward(Xb) -> output``, without the values of its
        fields.
    mesh : Mesh or None
        The devices that share the rows of each batch, or that batches are dealt out to; None for
        the default device.
    """

    network: Network
    test_augment: Callable[..., Any] | None = None
    mesh: Mesh | None = None

    @cached_property
    def key(self) -> Hashable:
        """Key that is equal for plans with the same programs."""
        return self.network.key, structural_key(self.test_augment), self.mesh
