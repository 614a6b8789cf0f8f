"""Encode the targets of one output, and decode its predictions: classes, labels or numbers."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, ClassVar, Literal

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_array, column_or_1d
from sklearn.utils.class_weight import compute_class_weight

from ..errors import InvalidParameterError
from ..nonlinearities import linear, sigmoid, softmax
from ..objectives import (
    binary_crossentropy,
    categorical_accuracy,
    categorical_crossentropy,
    squared_error,
)
from ..utils.output_forms import ClassesLast
from .holes import fill_holes, is_known, mark_holes
from .target_checks import check_enough, check_labels, check_numbers

Accuracy = Callable[[jax.Array, jax.Array], jax.Array]

MAX_LISTED = 20
"""Number of labels that a message lists."""

ClassWeight = Literal["balanced"] | Mapping[Any, float] | None
"""Weights of classes, as scikit-learn takes them."""


def label_accuracy(predictions: jax.Array, targets: jax.Array, threshold: float = 0.5) -> jax.Array:
    """Return one for each row whose labels are all correct or NaN, else zero."""
    correct = ((predictions > threshold) == (targets > 0.5)) | jnp.isnan(targets)
    return correct.all(axis=-1).astype(jnp.float32)


score_accuracy = partial(label_accuracy, threshold=0.0)
"""Accuracy of log odds, of which the sign decides."""


def _unit_accuracy(predictions: jax.Array, targets: jax.Array, threshold: float = 0.5) -> jax.Array:
    """Return one for each unit that is on the right side of the threshold, else zero."""
    return ((predictions > threshold) == (targets > 0.5)).astype(jnp.float32)


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
        fitting = [axis for axis in (1, -1) if _without(row, axis) == self.positions]
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
        units, positions = row[min(axis, 0)], _without(row, axis)
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
                accuracy=_unit_accuracy if positions else label_accuracy,
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
        given = describe_row(self.positions)
        if not positions:
            return self.refusal or (
                f"y must have shape (n,), a class for each row, for an output of shape {shape}, "
                f"got {given}; for a class at each position of y end the layers in one that keeps "
                "positions, such as a Conv2DLayer with filter_size=1 or a GRULayer"
            )
        hint = "use layers that keep the size, such as pad='same', upscale the output or resize y"
        if not self.positions:
            hint = "for a class for each row end the layers in a GlobalPoolLayer or DenseLayer"
        return (
            f"y must have shape {describe_row(positions)}, a class for each position of the output "
            f"of shape {shape}, got {given}; {hint}"
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
                f"y must have shape {describe_row(self.positions)}, got "
                f"{describe_row(labels.shape[1:])}"
            )
        return labels

    def extended(self, y: ArrayLike) -> Classes:
        """Return targets whose classes include those labels in y that are indices of units."""
        if self.counted is None:
            return self
        y, _ = fill_holes(y, self.ignored, self.classes[0])
        positions = np.shape(y)[1:] if self.positions else ()  # compared with the output later
        labels = replace(self, positions=positions)._labels(y)
        further = np.intersect1d(labels, self.unit_labels)
        classes = np.union1d(self.classes, further.astype(self.classes.dtype))
        return self if len(classes) == len(self.classes) else replace(self, classes=classes)

    def resized(self, output_row: tuple[int, ...]) -> Classes:
        """Return the targets for outputs of another size."""
        return replace(self, positions=_without(output_row, self.axis)) if self.positions else self

    def with_scores(self, scores: bool) -> Classes:
        """Return the targets for an output of scores, or of probabilities."""
        if not self.single:
            return replace(self, scores=scores)
        accuracy = _unit_accuracy if self.positions else label_accuracy
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
            return _log(self.by_class(values), None)
        values = self.classes_second(values)
        if self.single and nonlinearity is sigmoid:
            values = np.hstack([-values, values])
        elif self.num_units > len(self.classes):
            values = values[:, self.classes]
        return _log(values, nonlinearity)

    def decode(self, output: np.ndarray) -> np.ndarray:
        """Return the predicted labels for an output of the network."""
        return self.classes[self.by_class(output).argmax(axis=1)]

    def row_weights(self, encoded: np.ndarray, class_weight: ClassWeight) -> np.ndarray:
        """Return the weight of each target by its class; ``'balanced'`` counts these targets.

        Returns
        -------
        float32 array of shape (n,), or of the shape of the encoded targets if rows have positions
            Ignored targets have weight one.
        """
        known = is_known(encoded).ravel()
        index = encoded.ravel()[known].astype(int)
        balanced = isinstance(class_weight, str)
        if isinstance(class_weight, Mapping):
            _check_labels(class_weight, self.unit_labels.tolist(), self.classes.tolist())
        labels = self.unit_labels
        present = np.unique(index) if balanced else np.arange(len(labels))
        try:
            weights = compute_class_weight(class_weight, classes=labels[present], y=labels[index])
        except ValueError as error:
            raise ValueError(f"class_weight: {error}") from error
        by_class = np.ones(len(labels), np.float32)
        by_class[present] = weights
        if not by_class[index].any():
            raise InvalidParameterError(
                "class_weight must give some training sample a positive weight, "
                f"got {class_weight!r}"
            )
        weights = np.ones(len(known), np.float32)
        weights[known] = by_class[index]
        return weights.reshape(encoded.shape) if self.positions else weights


def _check_labels(class_weight: Mapping[Any, float], known: list[Any], labels: list[Any]) -> None:
    """Warn of weights for labels that y lacks; raise if the weights of its labels are missing."""
    unknown = [label for label in class_weight if label not in known]
    if not unknown:
        return
    missing = [label for label in labels if label not in class_weight]
    if missing:
        raise InvalidParameterError(
            f"class_weight must have labels of y as keys, got {unknown}; "
            f"labels without a weight: {missing}"
        )
    warnings.warn(
        f"class_weight has weights for labels that y lacks: {unknown}", UserWarning, stacklevel=2
    )


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
        return _log(values, nonlinearity)

    def decode(self, output: np.ndarray) -> np.ndarray:
        """Return the indicators of the labels with a probability above one half."""
        return (output > (0.0 if self.scores else 0.5)).astype(int)

    def row_weights(self, encoded: np.ndarray, class_weight: ClassWeight) -> np.ndarray:
        """Raise `ValueError`, as rows have several labels."""
        raise ValueError(
            "class_weight requires one label per row, but y has several; use sample_weight"
        )


@dataclass(frozen=True)
class Numbers:
    """Numerical targets with rows of any shape.

    Parameters
    ----------
    shape : tuple of int
        Shape of a row of y and of the predictions.
    dtype : dtype
        Dtype of the predictions.
    output_shape : tuple of int
        Shape of a row of the network's output, with the same number of values.
    mean, scale : float64 array of shape `output_shape`, optional
        Mean and standard deviation that the network's targets are standardized by.
    ignored : float, optional
        Number in place of the targets that count nothing; None if all count.
    """

    shape: tuple[int, ...]
    dtype: Any = np.float64
    output_shape: tuple[int, ...] = field(default=())
    mean: Any = None
    scale: Any = None
    ignored: Any = None
    accuracy: Accuracy | None = None
    loss: Callable[..., Any] = squared_error
    nonlinearity: Callable[..., Any] = linear
    classes: None = None

    predicts: ClassVar[bool] = True
    """Whether outputs are predictions of the targets."""

    standardizes: ClassVar[bool] = True
    """Whether the loss may take standardized targets."""

    @property
    def num_units(self) -> int:
        """Number of units that the output needs."""
        return math.prod(self.shape)

    def units_for(self, shape: tuple[int | None, ...]) -> int | None:
        """Return the number of units for an output of a shape that has None in their place."""
        if not self.num_units:
            return None
        units = max(self.num_units // math.prod(n for n in shape[1:] if n is not None), 1)
        filled = [units if n is None else n for n in shape[1:]]
        fits = [n for n in filled if n != 1] == [n for n in self.shape if n != 1]
        return units if fits else self.num_units

    def unit_axis(self, shape: tuple[int | None, ...], natural: int) -> int:
        """Return the axis of the units of an output by the kind of its layer."""
        return natural

    def match(self, shape: tuple[int | None, ...], axis: int = 1) -> Numbers:
        """Adapt the targets to the output's shape; raises `ValueError` if it does not fit."""
        row = row_shape(shape)
        if math.prod(row) == self.num_units:
            return replace(self, output_shape=row)
        raise ValueError(f"the output has shape {shape}, but y has rows of shape {self.shape}")

    def encode(self, y: ArrayLike) -> np.ndarray:
        """Encode numbers for the loss, as float32 in the shape of the network's output."""
        return self.standardize(self.arrange(y))

    def arrange(self, y: ArrayLike) -> np.ndarray:
        """Return numbers in the shape of the network's output and in their units, as floats.

        Ignored ones are NaN.
        """
        y, holes = fill_holes(y, self.ignored, 0)
        y = check_numbers(y)
        if math.prod(y.shape[1:]) != math.prod(self.shape):
            raise ValueError(f"y must have rows of shape {self.shape}, got {y.shape[1:]}")
        numbers = y if y.dtype.kind == "f" else y.astype(np.float64)
        return mark_holes(numbers.reshape(len(y), *self.output_shape), holes)

    def standardize(self, y: np.ndarray) -> np.ndarray:
        """Return arranged numbers as the loss takes them, as float32."""
        if self.mean is not None:
            y = (y - self.mean) / self.scale
        return y.astype(np.float32, copy=False)

    def in_units(self, values: np.ndarray) -> np.ndarray:
        """Return encoded targets or outputs in the units of y."""
        return values if self.mean is None else values * self.scale + self.mean

    def decode(self, output: np.ndarray) -> np.ndarray:
        """Return an output of the network in the shape, dtype and units of y."""
        shape = self.resized(output.shape[1:]).shape
        return self.in_units(output).reshape(len(output), *shape).astype(self.dtype)

    def resized(self, output_row: tuple[int, ...]) -> Numbers:
        """Return the targets for outputs of another size, whose axes correspond to those of y."""
        old, shape = self.output_shape, None
        if len(output_row) == len(old) and output_row != old:
            if self.shape == old:
                shape = output_row
            elif (1, *self.shape) == old:
                shape = output_row[1:]
            elif (*self.shape, 1) == old:
                shape = output_row[:-1]
        if shape is None:
            return self
        return replace(self, shape=shape, output_shape=output_row)

    def spread(self, output: np.ndarray) -> np.ndarray | None:
        """Return the standard deviation of each target in the units of y, if an output tells it."""
        return None

    def spread_of_passes(self, deviation: np.ndarray) -> np.ndarray:
        """Return the standard deviation of each prediction over several passes.

        Parameters
        ----------
        deviation : array of shape (n, ...)
            That of the network's output.
        """
        scaled = deviation if self.scale is None else deviation * self.scale
        return scaled.reshape(len(deviation), *self.shape).astype(self.dtype)

    def as_given(self, encoded: np.ndarray) -> np.ndarray:
        """Return encoded targets in the shape, dtype and units of y."""
        return self.in_units(encoded).reshape(len(encoded), *self.shape).astype(self.dtype)

    def can_average(self, encoded: np.ndarray) -> bool:
        """Return whether averages of encoded targets are targets, too."""
        return True

    def likely_output(self, encoded: np.ndarray) -> np.ndarray:
        """Return an output of a network that predicts the targets well, but not perfectly."""
        return encoded + np.float32(0.1)

    def output_scale(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the shift and the factor that scale a row of an output back."""
        return self.mean, self.scale

    def target_scale(self, shift: np.ndarray, factor: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the mean and the standard deviation of the targets for an output's scale."""
        return shift, factor

    def output_in_units(self, values: np.ndarray) -> np.ndarray:
        """Return an output, or what the loss gets of it, in the units of y."""
        return self.in_units(values)

    def scorer(self, y: Any, predictions: np.ndarray, sample_weight: Any = None) -> float | None:
        """Return the score of predictions; None for that of all numbers."""
        return None

    def row_weights(self, encoded: np.ndarray, class_weight: ClassWeight) -> np.ndarray:
        """Raise `ValueError`, as numbers have no classes."""
        raise ValueError("class_weight must be None for regression; use sample_weight")


Target = Classes | Labels | Numbers


def _listed(labels: np.ndarray) -> str:
    """Return labels as text, the first of them if there are many."""
    if len(labels) <= MAX_LISTED:
        return str(labels.tolist())
    return f"{labels[:MAX_LISTED].tolist()} and {len(labels) - MAX_LISTED} more"


def _without(row: tuple[int, ...], axis: int) -> tuple[int, ...]:
    """Return the shape of a row without its axis of units, which counts from the batch axis."""
    return row[1:] if axis == 1 else row[:-1]


def describe_row(row: tuple[int, ...]) -> str:
    """Return the shape of an array with such rows as text.

    Examples
    --------
    >>> describe_row(()), describe_row((8, 6))
    ('(n,)', '(n, 8, 6)')
    """
    return f"({', '.join(['n', *map(str, row)])}{'' if row else ','})"


def _log(values: np.ndarray, nonlinearity: Any) -> np.ndarray:
    """Return the logarithm of what a nonlinearity makes of logits, or of values if it is None."""
    if nonlinearity is softmax:
        values = values - values.max(axis=1, keepdims=True)
        return values - np.log(np.exp(values).sum(axis=1, keepdims=True))
    if nonlinearity is sigmoid:
        return -np.logaddexp(np.float32(0), -values)
    with np.errstate(divide="ignore"):
        return np.log(values)


def row_shape(shape: tuple[int | None, ...]) -> tuple[int, ...]:
    """Return the shape of a row of an output of that shape."""
    row = tuple(n for n in shape[1:] if n is not None)
    if len(row) != len(shape) - 1:
        raise ValueError(f"the output must have a known shape, got {shape}")
    return row
