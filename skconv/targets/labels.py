"""Encode and decode indicators of several labels per row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_array

from ..nonlinearities import sigmoid
from ..objectives import binary_crossentropy
from .accuracies import Accuracy, label_accuracy, score_accuracy
from .class_weights import ClassWeight
from .classes import Classes
from .holes import fill_holes, mark_holes
from .log_probabilities import log_probabilities


@dataclass(frozen=True)
class Labels:
    """Targets with several binary labels per row, as indicators of shape (n, k).

    Parameters
    ----------
    num_units : int
        Number of labels.
    per_position : Classes, optional
        The same y as a class per position, which it holds if the output has positions.
    scores : bool
        Whether the output holds log odds of the labels rather than probabilities.
    ignored : object
        Indicator of the targets that count nothing; None if all count.
    """

    num_units: int
    per_position: Classes | None = field(default=None, compare=False)
    scores: bool = False
    ignored: Any = None
    accuracy: Accuracy = label_accuracy
    loss: Callable[..., Any] = binary_crossentropy
    nonlinearity: Callable[..., Any] = sigmoid

    @property
    def classes(self) -> np.ndarray:
        """Indices of the labels."""
        return np.arange(self.num_units)

    def units_for(self, shape: tuple[int | None, ...]) -> int | None:
        """Return the number of units for an output of a shape that has None in their place."""
        dense = self.per_position if len(shape) > 2 else None
        return dense.units_for(shape) if dense else self.num_units

    def unit_axis(self, shape: tuple[int | None, ...], natural: int) -> int:
        """Return the axis of an output that holds the classes, as for `Classes`."""
        return self.per_position.unit_axis(shape, natural) if self.per_position else natural

    def match(self, shape: tuple[int | None, ...], axis: int = 1) -> Labels | Classes:
        """Adapt the targets to the output's shape; raises `ValueError` if it does not fit.

        Returns
        -------
        Labels or Classes
            Classes per position if the output has an axis of classes besides that of y.
        """
        if len(shape) > 2 and self.per_position is not None:
            return self.per_position.match(shape, axis)
        if len(shape) == 2 and shape[-1] == self.num_units:
            return self
        raise ValueError(f"the output has shape {shape}, but y has {self.num_units} labels per row")

    def encode(self, y: ArrayLike) -> np.ndarray:
        """Encode indicators for the loss, as float32 of shape (n, k), with NaN if ignored."""
        y, holes = fill_holes(y, self.ignored, 0)
        checked = check_array(y, accept_sparse=True, dtype=np.float32, input_name="y")
        dense = checked if isinstance(checked, np.ndarray) else checked.toarray()
        if dense.shape[1] != self.num_units:
            raise ValueError(f"y must have {self.num_units} labels per row, got {dense.shape[1]}")
        return mark_holes(dense, holes)

    def of_rows(self, shape: tuple[int, ...]) -> Labels:
        """Raise `ValueError`, as all rows have the same labels."""
        raise ValueError(f"y must have {self.num_units} labels per row, got rows of several shapes")

    def with_scores(self, scores: bool) -> Labels:
        """Return the targets for an output of log odds, or of probabilities."""
        return replace(self, scores=scores, accuracy=score_accuracy if scores else label_accuracy)

    def by_class(self, output: np.ndarray) -> np.ndarray:
        """Return an output of the network, which holds a value for each label."""
        return output

    def spread_by_class(self, deviation: np.ndarray, output: np.ndarray) -> np.ndarray:
        """Return the standard deviations of an output, which holds a value for each label."""
        return deviation

    def log_probabilities(self, values: np.ndarray, nonlinearity: Any) -> np.ndarray:
        """Return the logarithms of the probabilities, as for `Classes`."""
        return log_probabilities(values, nonlinearity)

    def decode(self, output: np.ndarray) -> np.ndarray:
        """Return the indicators of the labels with a probability above one half."""
        return (output > (0.0 if self.scores else 0.5)).astype(int)

    def row_weights(self, encoded: np.ndarray, class_weight: ClassWeight) -> np.ndarray:
        """Raise `ValueError`, as rows have several labels."""
        raise ValueError(
            "class_weight requires one label per row, but y has several; use sample_weight"
        )
