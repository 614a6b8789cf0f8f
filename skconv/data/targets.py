"""What y means: labels, indicators or numbers, and how the network's output answers in kind."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from sklearn.utils import check_array, column_or_1d
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from ..nonlinearities import linear, sigmoid, softmax
from ..objectives import (
    binary_crossentropy,
    categorical_accuracy,
    categorical_crossentropy,
    squared_error,
)
from ..utils.checks import fits_float32

Accuracy = Callable[[jax.Array, jax.Array], jax.Array]


def label_accuracy(predictions: jax.Array, targets: jax.Array) -> jax.Array:
    """One where every label of the row is right."""
    return ((predictions > 0.5) == (targets > 0.5)).all(axis=-1).astype(jnp.float32)


@dataclass(frozen=True)
class Classes:
    """One of several labels a row.

    Parameters
    ----------
    classes : array of shape (k,)
        The labels, sorted.
    exact : bool
        True where the labels are counted as they are, and never extended to the output's units.
    single : bool
        True where one sigmoid unit tells two classes apart.
    """

    classes: np.ndarray
    exact: bool = True
    single: bool = False
    accuracy: Accuracy = categorical_accuracy
    loss: Callable[..., Any] = categorical_crossentropy
    nonlinearity: Callable[..., Any] = softmax

    @property
    def num_units(self) -> int:
        """Units that the output needs."""
        return len(self.classes)

    def match(self, shape: tuple[int | None, ...]) -> Classes:
        """Agree with the shape of the network's output, or say why not."""
        units, found = shape[-1], len(self.classes)
        if len(shape) == 2 and units == found:
            return self
        if len(shape) == 2 and units == 1 and found == 2:
            return replace(
                self,
                single=True,
                accuracy=label_accuracy,
                loss=binary_crossentropy,
                nonlinearity=sigmoid,
            )
        if len(shape) == 2 and not self.exact and self._count_up_to(units):
            return replace(self, classes=np.arange(units), exact=True)
        raise ValueError(f"the output has shape {shape}, but y has {found} classes")

    def _count_up_to(self, units: Any) -> bool:
        return self.classes.dtype.kind in "iu" and 0 <= self.classes[0] <= self.classes[-1] < units

    def encode(self, y: Any) -> np.ndarray:
        """Labels to what the loss takes: int32 (n,), or float32 (n, 1) for a single unit."""
        y = column_or_1d(check_array(y, ensure_2d=False, dtype=None, input_name="y"))
        unseen = np.setdiff1d(y, self.classes)
        if len(unseen):
            raise ValueError(
                f"y has labels that were not there before: {unseen.tolist()}; "
                f"known are {self.classes.tolist()}"
            )
        index = np.searchsorted(self.classes, y)
        return index.astype(np.float32)[:, None] if self.single else index.astype(np.int32)

    def probabilities(self, output: np.ndarray) -> np.ndarray:
        """Output of the network to probabilities of shape (n, k)."""
        return np.hstack([1 - output, output]) if self.single else output

    def decode(self, output: np.ndarray) -> np.ndarray:
        """Output of the network to labels."""
        return self.classes[self.probabilities(output).argmax(axis=1)]

    def row_weights(self, encoded: np.ndarray, class_weight: Any) -> np.ndarray:
        """Weight of each row by its class; ``'balanced'`` counts the rows given."""
        index = encoded.astype(int).ravel()
        balanced = isinstance(class_weight, str)
        present = np.unique(index) if balanced else np.arange(len(self.classes))
        try:
            weights = compute_class_weight(
                class_weight, classes=self.classes[present], y=self.classes[index]
            )
        except ValueError as error:
            raise ValueError(f"class_weight: {error}") from error
        of_class = np.ones(len(self.classes), np.float32)
        of_class[present] = weights
        return of_class[index]


@dataclass(frozen=True)
class Labels:
    """Several yes-or-no labels a row, as indicators of shape (n, k)."""

    num_units: int
    accuracy: Accuracy = label_accuracy
    loss: Callable[..., Any] = binary_crossentropy
    nonlinearity: Callable[..., Any] = sigmoid

    @property
    def classes(self) -> np.ndarray:
        """Numbers of the labels."""
        return np.arange(self.num_units)

    def match(self, shape: tuple[int | None, ...]) -> Labels:
        """Agree with the shape of the network's output, or say why not."""
        if len(shape) == 2 and shape[-1] == self.num_units:
            return self
        raise ValueError(f"the output has shape {shape}, but y has {self.num_units} labels a row")

    def encode(self, y: Any) -> np.ndarray:
        """Indicators to float32 of shape (n, k)."""
        y = check_array(y, accept_sparse=True, dtype=np.float32, input_name="y")
        y = y if isinstance(y, np.ndarray) else y.toarray()
        if y.shape[1] != self.num_units:
            raise ValueError(f"y has {y.shape[1]} labels a row, {self.num_units} are expected")
        return y

    def probabilities(self, output: np.ndarray) -> np.ndarray:
        """Output of the network, as it is."""
        return output

    def decode(self, output: np.ndarray) -> np.ndarray:
        """Indicators of the labels more likely than not."""
        return (output > 0.5).astype(int)

    def row_weights(self, encoded: np.ndarray, class_weight: Any) -> np.ndarray:
        """Refuse: a row has no one class."""
        raise ValueError("class_weight needs one label a row; y has several, use sample_weight")


@dataclass(frozen=True)
class Numbers:
    """Real targets of any shape a row.

    Parameters
    ----------
    shape : tuple of int
        Shape of a row's target as it was given; predictions have it too.
    dtype : dtype
        Of the predictions.
    output_shape : tuple of int
        Shape of the same numbers in the network's output.
    """

    shape: tuple[int, ...]
    dtype: Any = np.float64
    output_shape: tuple[int, ...] = field(default=())
    accuracy: Accuracy | None = None
    loss: Callable[..., Any] = squared_error
    nonlinearity: Callable[..., Any] = linear
    classes: None = None

    @property
    def num_units(self) -> int:
        """Units that the output needs."""
        return math.prod(self.shape)

    def match(self, shape: tuple[int | None, ...]) -> Numbers:
        """Agree with the shape of the network's output, or say why not."""
        rows = tuple(shape[1:])
        if math.prod(rows) == self.num_units:
            return replace(self, output_shape=rows)
        raise ValueError(f"the output has shape {shape}, but y has rows of shape {self.shape}")

    def encode(self, y: Any) -> np.ndarray:
        """Numbers to float32 in the shape of the network's output."""
        y = _check_numbers(y)
        if math.prod(y.shape[1:]) != self.num_units:
            raise ValueError(f"y has rows of shape {y.shape[1:]}, {self.shape} is expected")
        return y.reshape(len(y), *self.output_shape).astype(np.float32)

    def decode(self, output: np.ndarray) -> np.ndarray:
        """Output of the network in the shape that y had."""
        return output.reshape(len(output), *self.shape).astype(self.dtype)

    def row_weights(self, encoded: np.ndarray, class_weight: Any) -> np.ndarray:
        """Refuse: numbers have no class."""
        raise ValueError("class_weight is for classification; use sample_weight")


Target = Classes | Labels | Numbers


def _check_numbers(y: Any) -> np.ndarray:
    y = check_array(y, ensure_2d=False, allow_nd=True, dtype=None, input_name="y")
    if y.dtype.kind not in "fiub":
        y = y.astype(np.float64)
    if not fits_float32(y):
        raise ValueError("Input y contains infinity or a value too large for dtype('float32').")
    return y


def infer(y: Any, *, regression: bool, exact: bool = True, classes: Any = None) -> Target:
    """Find out what kind of targets y holds.

    Parameters
    ----------
    y : array-like of shape (n,) or (n, ...)
    regression : bool
        Whether y holds numbers rather than labels.
    exact : bool
        Whether the classes are the labels found, even if the output has more units.
    classes : array-like, optional
        All labels, where y may hold only some.

    Returns
    -------
    Classes, Labels or Numbers

    Raises
    ------
    ValueError
        For NaN or inf, one class only, labels of an unknown kind.

    Examples
    --------
    >>> infer(['no', 'yes', 'no'], regression=False).classes.tolist()
    ['no', 'yes']
    >>> infer([[0, 1], [1, 1]], regression=False).num_units
    2
    """
    if regression:
        y = _check_numbers(y)
        dtype = y.dtype if y.dtype.kind == "f" else np.dtype(np.float64)
        return Numbers(y.shape[1:], dtype)
    if not hasattr(y, "tocsr"):
        y = check_array(y, ensure_2d=False, dtype=None, input_name="y")
    check_classification_targets(y)
    kind = type_of_target(y, input_name="y")
    if kind == "multilabel-indicator":
        return Labels(y.shape[1])
    if kind == "multiclass-multioutput":
        raise ValueError(
            "y has several columns of classes; name an output layer for each in outputs, or give "
            "indicators of 0 and 1"
        )
    y = column_or_1d(y, warn=True)
    found = np.unique(y) if classes is None else np.unique(classes)
    if len(found) < 2:
        raise ValueError(f"y has one class only, {found.tolist()}; at least 2 classes are needed")
    return Classes(found, exact)


def from_output(shape: tuple[int | None, ...], *, regression: bool) -> Target:
    """Guess the targets of a network that has not seen any.

    Parameters
    ----------
    shape : tuple
        Shape of the network's output.
    regression : bool

    Returns
    -------
    Classes or Numbers
        Classes are counted from zero.
    """
    if regression:
        return Numbers(tuple(shape[1:]), np.float32, tuple(shape[1:]))
    return Classes(np.arange(max(shape[-1], 2))).match(shape)
