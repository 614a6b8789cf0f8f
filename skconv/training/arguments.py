"""Arguments and result of the training program."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..network.precision import cast_floats
from ..network.program_values import Runtime


class Values(NamedTuple):
    """Values that enter a program as arguments, so that changing them compiles nothing.

    Parameters
    ----------
    runtime : dict of dict of float32
        Runtime fields by layer.
    update : dict of float32 array of shape (steps,)
        Parameters of the update rule, step by step.
    objective : dict of float32
        Keywords of the objective.
    losses : tuple of dict of float32
        Keywords of each target's loss function.
    weights : float32 array of shape (heads,)
        Weights of the output layers in the training loss.
    augment : tuple of dict of float32
        Values of each transform, as returned by `skconv.augment.tunable.float32_values`.
    statistics : tuple of dict of float32
        Numbers of the statistics of handlers.
    """

    runtime: Runtime
    update: Mapping[str, Any]
    objective: Mapping[str, Any]
    losses: tuple[Mapping[str, Any], ...]
    weights: Any
    augment: tuple[Mapping[str, Any], ...]
    statistics: tuple[Mapping[str, Any], ...] = ()

    def in_dtype(self, dtype: Any) -> Values:
        """Return the values in the type of the weights; augmentation stays in float32."""
        return cast_floats(self, dtype)._replace(augment=self.augment)


class StepRange(NamedTuple):
    """The epochs and steps of one call of the training program.

    Parameters
    ----------
    epochs : int
        Number of epochs on the same rows, each in its own order.
    start, stop : int
        Steps of each epoch.
    rows : int
        Number of positions in the order of an epoch that are not padding.
    valid : int
        Number of batches to evaluate after each epoch.
    """

    epochs: Any
    start: Any
    stop: Any
    rows: Any
    valid: Any


class StepPosition(NamedTuple):
    """The position of a chunk within a training; with the seed, it determines all randomness.

    Parameters
    ----------
    seed, epoch, step : int
        `step` counts within the epoch.
    """

    seed: Any
    epoch: Any
    step: Any


class TrainArguments(NamedTuple):
    """The arguments of `train` after the plan.

    Parameters
    ----------
    carry : TrainState
    rows : StackedBatches
        Training rows.
    order : int32 array of shape (EPOCHS, steps, batch), or None
        Positions of the rows of each batch in `rows`, epoch by epoch; None for a single epoch of
        the batches as they are.
    valid : StackedBatches, IndexedBatches or None
        Validation rows.
    values : Values
        The update's values follow each other from step to step through all epochs.
    position : StepPosition
        Position of the first step of `order`.
    steps : StepRange
    """

    carry: Any
    rows: Any
    order: Any
    valid: Any
    values: Any
    position: Any
    steps: Any


class CallResult(NamedTuple):
    """The result of one call of the training program.

    Parameters
    ----------
    carry : TrainState or None
        None once the model has it.
    train, valid : array of shape (EPOCHS, sums)
        The sums of each epoch in one array, as fetching an array takes as long as fetching one
        number. `valid` is None without validation rows.
    outputs : array of shape (steps, batch, ...) or None
        Predictions for the validation rows, if requested.
    """

    carry: Any
    train: Any
    valid: Any
    outputs: Any
