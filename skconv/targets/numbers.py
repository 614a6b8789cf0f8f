"""Encode and decode numbers, with rows of any shape."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from ..nonlinearities import linear
from ..objectives import squared_error
from .accuracies import Accuracy
from .checks import check_numbers
from .class_weights import ClassWeight
from .holes import fill_holes, mark_holes
from .row_shapes import have_same_order, row_shape


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
        if have_same_order(row, self.shape):
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
        if not have_same_order(y.shape[1:], self.shape):
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

    def of_rows(self, shape: tuple[int, ...]) -> Numbers:
        """Return the targets for rows of y of another shape, with the same axes once matched."""
        if not self.output_shape or shape == self.shape:
            return replace(self, shape=shape)
        places = {self.shape: shape, (1, *self.shape): (1, *shape), (*self.shape, 1): (*shape, 1)}
        if len(shape) != len(self.shape) or self.output_shape not in places:
            raise ValueError(
                f"y must have rows of the axes of the output, whose rows have shape "
                f"{self.output_shape}, got rows of shapes {self.shape} and {shape}"
            )
        return replace(self, shape=shape, output_shape=places[self.output_shape])

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
