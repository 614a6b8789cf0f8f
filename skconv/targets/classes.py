"""Encode and decode classes: one per row, or one per position of a row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import column_or_1d

from ..nonlinearities import sigmoid, softmax
from ..objectives import binary_crossentropy, categorical_accuracy, categorical_crossentropy
from ..utils.image_shapes import describe_rows
from ..utils.output_forms import ClassesLast
from .accuracies import Accuracy, label_accuracy, unit_accuracy
from .checks import check_enough, check_labels
from .class_weights import ClassWeight, weights_by_class
from .holes import fill_holes, is_known, mark_holes
from .log_probabilities import log_probabilities
from .ragged_array import RaggedArray, flat_values
from .row_shapes import row_shape, without_axis

MAX_LISTED = 20
"""Number of labels that a message lists."""


@dataclass(frozen=True)
class Classes:
    """Targets with one of several classes per row, or per position of a row.

    Positions are pixels of images and time steps of sequences.

    Parameters
    ----------
    classes : array of shape (k,)
        The class labels, sorted.
    positions : tuple of int
        Shape of a row of y; empty for one class per row.
    axis : int
        Axis of the classes in the output: 1, or -1 if they come after the positions.
    refusal : str
        Error for an output without positions, if it needs one of its own.
    exact : bool
        False if the output may have more units: integer labels are then the indices of its units.
    single : bool
        Whether a single unit separates two classes.
    growing : bool
        Whether further classes may come: all units of the output are then classes.
    counted : int, optional
        Number of units, if labels are their indices.
    scores : bool
        Whether the output holds scores or log odds of the classes rather than probabilities.
    ignored : object
        Label of the targets that count nothing; None if all count.
    """

    classes: np.ndarray
    positions: tuple[int, ...] = field(default=(), kw_only=True)
    axis: int = field(default=1, kw_only=True)
    refusal: str = field(default="", kw_only=True)
    exact: bool = True
    single: bool = False
    growing: bool = False
    counted: int | None = None
    scores: bool = False
    ignored: Any = None
    accuracy: Accuracy = categorical_accuracy
    loss: Callable[..., Any] = categorical_crossentropy
    nonlinearity: Callable[..., Any] = softmax

    @property
    def num_units(self) -> int:
        """Number of units that the output needs."""
        return self.counted or len(self.classes)

    @property
    def view(self) -> ClassesLast | None:
        """How the loss sees the output; None if as it is."""
        return ClassesLast(self.axis) if self.positions and not self.single else None

    @property
    def unit_labels(self) -> np.ndarray:
        """The label of each unit, whether or not it is among the classes."""
        return self.classes if self.counted is None else np.arange(self.counted)

    def units_for(self, shape: tuple[int | None, ...]) -> int | None:
        """Return the number of units for an output of a shape that has None in their place."""
        return self.num_units

    def unit_axis(self, shape: tuple[int | None, ...], natural: int) -> int:
        """Return the axis of an output that holds the classes: 1 or -1.

        Parameters
        ----------
        shape : tuple
            Shape of the output.
        natural : int
            The axis by the kind of the layer, which decides if the positions fit both.
        """
        row = row_shape(shape)
        fitting = [axis for axis in (1, -1) if without_axis(row, axis) == self.positions]
        return natural if natural in fitting or not fitting else fitting[0]

    def match(self, shape: tuple[int | None, ...], axis: int = 1) -> Classes:
        """Adapt the targets to the output's shape; raises `ValueError` if it does not fit.

        Parameters
        ----------
        shape : tuple
        axis : int
            Axis of the classes in an output with positions, 1 or -1.
        """
        row, found = row_shape(shape), len(self.classes)
        units, positions = row[min(axis, 0)], without_axis(row, axis)
        if positions != self.positions:
            raise ValueError(self._misplaced(shape, positions))
        check_enough(self.classes, growing=self.growing)
        matched = self if axis == self.axis or not positions else replace(self, axis=axis)
        if units == self.num_units:
            return matched
        if units == 1 and found == 2:
            return replace(
                matched,
                single=True,
                accuracy=unit_accuracy if positions else label_accuracy,
                loss=binary_crossentropy,
                nonlinearity=sigmoid,
            )
        if not self.exact and self._count_up_to(units):
            classes = self.classes
            if self.growing:
                classes = np.array([unit for unit in range(units) if unit != self.ignored])
            return replace(matched, classes=classes, counted=units)
        raise ValueError(f"the output has shape {shape}, but y has {found} classes")

    def _misplaced(self, shape: tuple[int | None, ...], positions: tuple[int, ...]) -> str:
        """Return the error for an output whose positions are not those of y."""
        given = describe_rows(self.positions)
        if not positions:
            return self.refusal or (
                f"y must have shape (n,), a class for each row, for an output of shape {shape}, "
                f"got {given}; for a class at each position of y end the layers in one that keeps "
                "positions, such as a Conv2DLayer with filter_size=1 or a GRULayer"
            )
        hint = "use layers that keep the size, such as pad='same', upscale the output or resize y"
        if not self.positions:
            hint = "for a class for each row end the layers in a GlobalPoolLayer or DenseLayer"
        elif [n for n in self.positions if n != 1] == list(positions):
            hint = f"drop axes of length 1: y.reshape(-1, {', '.join(map(str, positions))})"
        return (
            f"y must have shape {describe_rows(positions)}, a class for each position of the "
            f"output of shape {shape}, got {given}; {hint}"
        )

    def _count_up_to(self, units: int) -> bool:
        return self.classes.dtype.kind in "iu" and 0 <= self.classes[0] <= self.classes[-1] < units

    def encode(self, y: ArrayLike) -> np.ndarray:
        """Encode labels for the loss.

        Returns
        -------
        int32 array of shape (n, ...) or float32 array
            The indices of the classes or, for a single unit, zeros and ones in the shape of the
            output. Ignored ones are -1, or NaN for a single unit.
        """
        y, holes = fill_holes(y, self.ignored, self.classes[0])
        y = self._labels(y)
        unseen = np.setdiff1d(y, self.unit_labels)
        if len(unseen):
            raise ValueError(
                f"y contains previously unseen labels: {_listed(unseen)}; "
                f"known labels: {_listed(self.unit_labels)}"
            )
        index = np.searchsorted(self.unit_labels, y)
        if self.single:
            encoded = np.expand_dims(index.astype(np.float32), self.axis)
        else:
            encoded = index.astype(np.int32)
        return mark_holes(encoded, holes)

    def indices(self, encoded: np.ndarray) -> np.ndarray:
        """Return the indices of the classes for encoded targets; -1 for ignored ones."""
        return np.where(is_known(encoded), encoded, -1).astype(int)

    def labels(self, y: ArrayLike) -> Any:
        """Return validated labels, as `predict` returns them."""
        return check_labels(y)

    def _labels(self, y: ArrayLike) -> np.ndarray:
        """Return validated labels of shape (n, *positions)."""
        labels = check_labels(y)
        if not self.positions:
            return column_or_1d(labels)
        labels = labels.toarray() if hasattr(labels, "tocsr") else labels
        if labels.shape[1:] != self.positions:
            raise ValueError(
                f"y must have shape {describe_rows(self.positions)}, got "
                f"{describe_rows(labels.shape[1:])}"
            )
        return labels

    def extended(self, y: ArrayLike) -> Classes:
        """Return targets whose classes include those labels in y that are indices of units."""
        if self.counted is None:
            return self
        y = y.flat() if isinstance(y, RaggedArray) else y
        y, _ = fill_holes(y, self.ignored, self.classes[0])
        positions = np.shape(y)[1:] if self.positions else ()  # compared with the output later
        labels = replace(self, positions=positions)._labels(y)
        further = np.intersect1d(labels, self.unit_labels)
        classes = np.union1d(self.classes, further.astype(self.classes.dtype))
        return self if len(classes) == len(self.classes) else replace(self, classes=classes)

    def resized(self, output_row: tuple[int, ...]) -> Classes:
        """Return the targets for outputs of another size."""
        if not self.positions:
            return self
        return replace(self, positions=without_axis(output_row, self.axis))

    def of_rows(self, shape: tuple[int, ...]) -> Classes:
        """Return the targets for rows of y of another shape."""
        return replace(self, positions=shape)

    def with_scores(self, scores: bool) -> Classes:
        """Return the targets for an output of scores, or of probabilities."""
        if not self.single:
            return replace(self, scores=scores)
        accuracy = unit_accuracy if self.positions else label_accuracy
        return replace(
            self, scores=scores, accuracy=partial(accuracy, threshold=0.0) if scores else accuracy
        )

    def classes_second(self, output: np.ndarray) -> np.ndarray:
        """Return an output of the network with its units on axis 1, before any positions."""
        return output if self.axis == 1 else np.moveaxis(output, self.axis, 1)

    def by_class(self, output: np.ndarray) -> np.ndarray:
        """Return the probabilities or scores of shape (n, k, ...) for an output of the network.

        Units that are not among the classes are left out, and the probabilities of the others sum
        to one.
        """
        output = self.classes_second(output)
        if self.single:
            return np.hstack([-output if self.scores else 1 - output, output])
        if self.num_units == len(self.classes):
            return output
        kept = output[:, self.classes]
        if self.scores:
            return kept
        total = kept.sum(axis=1, keepdims=True)
        even = np.full_like(kept, 1 / len(self.classes))
        return np.divide(kept, total, out=even, where=total > 0)

    def spread_by_class(self, deviation: np.ndarray, output: np.ndarray) -> np.ndarray:
        """Return the standard deviations of `by_class` for those of an output."""
        if self.single:
            return np.hstack([deviation, deviation])
        if self.num_units == len(self.classes):
            return deviation
        total = output[:, self.classes].sum(axis=1, keepdims=True)
        scale = 1 if self.scores else np.where(total > 0, total, 1)
        return deviation[:, self.classes] / scale

    def log_probabilities(self, values: np.ndarray, nonlinearity: Any) -> np.ndarray:
        """Return the logarithms of the probabilities.

        Parameters
        ----------
        values : array of shape (n, units) or, with positions, of the shape of the output
            The logits before `nonlinearity`, or an output of the network if that is None.
        nonlinearity : {softmax, sigmoid} or None
        """
        if nonlinearity is None:
            return log_probabilities(self.by_class(values), None)
        values = self.classes_second(values)
        if self.single and nonlinearity is sigmoid:
            values = np.hstack([-values, values])
        elif self.num_units > len(self.classes):
            values = values[:, self.classes]
        return log_probabilities(values, nonlinearity)

    def decode(self, output: np.ndarray) -> np.ndarray:
        """Return the predicted labels for an output of the network."""
        return self.classes[self.by_class(output).argmax(axis=1)]

    def row_weights(self, encoded: Any, class_weight: ClassWeight) -> Any:
        """Return the weight of each target by its class; ``'balanced'`` counts these targets.

        Returns
        -------
        float32 array of shape (n,), or of the shape of the encoded targets if rows have positions
            Ignored targets have weight one. A `RaggedArray` if the encoded targets are one.
        """
        weights = weights_by_class(
            flat_values(encoded), class_weight, units=self.unit_labels, classes=self.classes
        )
        if isinstance(encoded, RaggedArray):
            return encoded.refilled(weights)
        return weights.reshape(encoded.shape) if self.positions else weights


def _listed(labels: np.ndarray) -> str:
    """Return labels as text, the first of them if there are many."""
    if len(labels) <= MAX_LISTED:
        return str(labels.tolist())
    return f"{labels[:MAX_LISTED].tolist()} and {len(labels) - MAX_LISTED} more"
