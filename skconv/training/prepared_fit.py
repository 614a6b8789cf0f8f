"""A fit whose arguments and parameters have been checked, ready to train."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ..data.dataset import Dataset
from ..data.output_targets import Outputs
from ..network.model import Model
from .forward import Values
from .programs import TrainPrograms


class PreparedFit(NamedTuple):
    """All that a training needs.

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
