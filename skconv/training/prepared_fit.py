"""A fit whose arguments and parameters have been checked, ready to train."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from ..data.dataset import Dataset
from ..data.device import IndexedBatches, StackedBatches
from ..network.model import Model
from ..ops.mesh import put_weights
from ..targets.outputs import Outputs
from .arguments import StepPosition, StepRange, TrainArguments, Values
from .figures import is_number
from .history import number_columns
from .programs import TrainPrograms


class PreparedFit(NamedTuple):
    """The data, model and programs of one training.

    Parameters
    ----------
    features : dict
        ``n_features_in_`` and ``feature_names_in_`` of X.
    model : Model
        Updated in place as training proceeds.
    outputs : Outputs
    train : Dataset
    valid : Dataset or None
    values : callable
        ``(start, steps) -> Values``, the runtime values of the coming steps.
    programs : TrainPrograms
    """

    features: dict[str, Any]
    model: Model
    outputs: Outputs
    train: Dataset
    valid: Dataset | None
    values: Callable[[int, int], Values]
    programs: TrainPrograms

    @property
    def columns(self) -> list[str]:
        """Names of the numbers in a row of the history, besides `custom_scores`."""

        def without_weights(names: list[str]) -> list[str]:
            return [name for name in names if is_number(name) and name != "finite"]

        valid = without_weights(self.programs.valid_sums) if self.valid else None
        return number_columns(without_weights(self.programs.train_sums), valid)

    def train_arguments(
        self,
        rows: StackedBatches,
        order: np.ndarray | None,
        valid: StackedBatches | IndexedBatches | None,
        steps: StepRange,
        first_step: int = 0,
        numbers: tuple[Mapping[str, float], ...] = (),
    ) -> TrainArguments:
        """Return the arguments for one call of the training program.

        Parameters
        ----------
        rows, order, valid, steps
            As in `TrainArguments`; `steps` holds integers.
        first_step : int
            Step of the epoch that `order` begins with.
        numbers : tuple of dict of float
            Numbers of the statistics of handlers.
        """
        model = self.model
        values = self.values(model.step - steps.start, steps.stop * steps.epochs)
        length = len(rows.weights) if order is None else order[..., 0].size
        return TrainArguments(
            put_weights(model.carry._replace(statistics=model.statistics), self.programs.mesh),
            rows,
            order,
            valid,
            _pad_update_values(values, length)._replace(statistics=_as_float32(numbers)),
            StepPosition(np.uint32(model.seed), np.int32(model.epoch), np.int32(first_step)),
            StepRange(*map(np.int32, steps)),  # another dtype would compile again
        )


def _pad_update_values(values: Values, length: int) -> Values:
    """Pad the update's values to the length of a chunk, beyond which they are never used."""
    padded = {name: np.resize(array, length) for name, array in values.update.items()}
    return values._replace(update=padded)


def _as_float32(numbers: tuple[Mapping[str, float], ...]) -> tuple[dict[str, np.float32], ...]:
    return tuple({name: np.float32(number) for name, number in own.items()} for own in numbers)
