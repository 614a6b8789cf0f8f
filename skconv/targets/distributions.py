"""Targets with a probability for each class: soft labels, and one-hot classes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..nonlinearities import softmax
from ..objectives import categorical_accuracy, categorical_crossentropy
from .accuracies import Accuracy
from .checks import check_labels, check_numbers
from .class_weights import ClassWeight
from .classes import Classes
from .holes import fill_holes, mark_holes
from .labels import Labels

TOLERANCE = 1e-3
"""Tolerance for the sum of the probabilities of a row."""


def are_distributions(y: Any) -> bool:
    """Return whether rows are probabilities of several classes, not all of them zero or one.

    Examples
    --------
    >>> are_distributions(np.array([[0.9, 0.1], [1, 0]])), are_distributions(np.array([[0.9, 0.2]]))
    (True, False)
    >>> are_distributions(np.eye(2))
    False
    """
    if not isinstance(y, np.ndarray) or y.dtype.kind != "f" or y.ndim != 2 or y.shape[1] < 2:
        return False
    return _sum_to_one(y) and bool((y != np.trunc(y)).any())


def _sum_to_one(y: np.ndarray) -> bool:
    return bool((y >= 0).all() and (np.abs(y.sum(axis=1) - 1) <= TOLERANCE).all())


@dataclass(frozen=True)
class SoftClasses(Classes):
    """Targets with a probability for each class, as rows of shape (n, k) that sum to one.

    Predictions are labels, and so may be the targets of a validation set or a score.
    """

    def match(self, shape: tuple[int | None, ...], axis: int = 1) -> SoftClasses:
        """Return the targets if the output has a unit for each class; else raise `ValueError`."""
        k = len(self.classes)
        if len(shape) == 2 and shape[1] == k:
            return self
        raise ValueError(
            f"the output must have shape (None, {k}) for rows of {k} class probabilities, got "
            f"{shape}"
        )

    def encode(self, y: ArrayLike) -> np.ndarray:
        """Return the probabilities as float32 of shape (n, k); a row with ignored ones is NaN."""
        y, holes = fill_holes(y, self.ignored, 0)
        if np.ndim(y) == 1:
            index = Classes(self.classes).encode(y)
            rows = np.eye(len(self.classes), dtype=np.float32)[index]
        else:
            rows = np.array(check_numbers(y), np.float32)
        k = len(self.classes)
        whole: np.ndarray = np.ones(len(rows), bool)
        if holes is not None:
            whole = np.logical_not(holes.reshape(len(rows), -1).any(axis=1))
        if rows.shape[1:] != (k,) or not _sum_to_one(rows[whole]):
            raise ValueError(f"y must hold rows of {k} class probabilities that sum to one")
        return mark_holes(rows, np.repeat(~whole[:, None], k, axis=1))

    def indices(self, encoded: np.ndarray) -> np.ndarray:
        """Return the most probable classes; -1 for ignored targets."""
        known = ~np.isnan(encoded).any(axis=1)
        return np.where(known, np.nan_to_num(encoded).argmax(axis=1), -1)

    def labels(self, y: ArrayLike) -> np.ndarray:
        """Return the most probable labels, or the labels themselves."""
        if np.ndim(y) == 1:
            return check_labels(y)
        return self.classes[np.argmax(check_numbers(y), axis=1)]

    def of_rows(self, shape: tuple[int, ...]) -> SoftClasses:
        """Raise `ValueError`, as rows are probabilities of the same classes."""
        raise ValueError(
            f"y must hold {len(self.classes)} class probabilities in each row, got rows of several "
            "shapes"
        )

    def extended(self, y: ArrayLike) -> SoftClasses:
        """Return the targets, which know all classes."""
        return self

    def row_weights(self, encoded: np.ndarray, class_weight: ClassWeight) -> np.ndarray:
        """Raise `ValueError`, as rows have several classes."""
        raise ValueError(
            "class_weight requires one label per row, but y has class probabilities; use "
            "sample_weight"
        )


@dataclass(frozen=True)
class OneHot(Labels):
    """Indicators of classes that exclude each other, as a softmax output predicts them."""

    accuracy: Accuracy = categorical_accuracy
    loss: Callable[..., Any] = categorical_crossentropy
    nonlinearity: Callable[..., Any] = softmax

    def with_scores(self, scores: bool) -> OneHot:
        """Return the targets, whose outputs are probabilities."""
        return self

    def decode(self, output: np.ndarray) -> np.ndarray:
        """Return indicators of the most probable class."""
        return np.eye(self.num_units, dtype=int)[output.argmax(axis=1)]
