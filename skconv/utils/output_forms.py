"""Outputs with several units for each target, such as quantiles or a mean and a variance."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Any

import numpy as np


class OutputForm(ABC):
    """What several units of an output say about each target.

    Losses take such an output as predictions of shape (n, ..., units) for targets of shape
    (n, ...).
    """

    @property
    @abstractmethod
    def units(self) -> int:
        """Number of units for each target."""

    @property
    @abstractmethod
    def content(self) -> str:
        """What the units are, for messages."""

    @abstractmethod
    def predict(self, values: np.ndarray) -> np.ndarray:
        """Return predictions in the units of the loss, of shape (n, ...) or (n, ..., k).

        Parameters
        ----------
        values : array of shape (n, ..., units)
        """

    def spread(self, values: np.ndarray) -> np.ndarray | None:
        """Return the standard deviation of each target, as far as the units tell it."""
        return None

    @abstractmethod
    def affine(self, mean: np.ndarray, scale: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the shift and the factor of each unit that undo a standardization of the targets.

        Parameters
        ----------
        mean, scale : array of shape (...)
            Mean and standard deviation of the targets.

        Returns
        -------
        shift, factor : array of shape (..., units)
            Those of the first unit are `mean` and `scale`.
        """

    def score(self, y: np.ndarray, predictions: np.ndarray, sample_weight: Any) -> float | None:
        """Return the score of predictions in the units of y; None for that of numbers.

        Parameters
        ----------
        y : array of shape (n, k)
        predictions : array of shape (n, k) or (n, k, units)
        sample_weight : array-like of shape (n,) or None
        """
        return None


@dataclass(frozen=True)
class ClassesLast:
    """Moves the classes of an output with positions to the last axis, as losses take them.

    Parameters
    ----------
    axis : int
        Axis of the classes in the output: 1, or -1 if they are last already.
    """

    axis: int

    def predictions(self, values: Any, rows: int = 1) -> Any:
        """Return values of shape (n, classes, ...) as (n, ..., classes), of NumPy or JAX."""
        if self.axis == -1:
            return values
        return values.transpose(*range(rows), *range(rows + 1, values.ndim), rows)

    def targets(self, y: Any) -> Any:
        """Return encoded targets as the loss takes them: as they are."""
        return y


@dataclass(frozen=True)
class UnitsLast:
    """Moves the units of an output to the last axis, as losses with an `OutputForm` take them.

    Parameters
    ----------
    shape : tuple of int
        Shape of a row of the targets.
    units : int
        Number of units for each target.
    output : tuple of int
        Shape of a row of the output.
    first : bool
        Whether the units are on the first axis of a row, together with the first axis of the
        targets, such as the filters of a convolution; otherwise they follow the targets.

    Examples
    --------
    >>> view = UnitsLast.of((8, 8), 3, (3, 8, 8), axis=1)
    >>> view.predictions(np.zeros((2, 3, 8, 8))).shape
    (2, 8, 8, 3)
    """

    shape: tuple[int, ...]
    units: int
    output: tuple[int, ...]
    first: bool

    @classmethod
    def of(
        cls, shape: tuple[int, ...], units: int, output: tuple[int, ...], axis: int
    ) -> UnitsLast | None:
        """Return the view of an output for targets of a shape, or None if they do not fit.

        Parameters
        ----------
        shape : tuple of int
            Shape of a row of the targets.
        units : int
        output : tuple of int
            Shape of a row of the output.
        axis : int
            Axis of the units of the output, 1 or -1.
        """
        first = axis == 1 and len(output) > 1
        if math.prod(output) != math.prod(shape) * units or (first and output[0] % units):
            return None
        return cls(shape, units, output, first)

    def predictions(self, values: Any, rows: int = 1) -> Any:
        """Return values of shape (n, *output) as (n, *shape, units), also those of another size.

        Values that have this shape already are returned as they are.

        Parameters
        ----------
        values : array of NumPy or JAX
        rows : int
            Number of axes of the rows; zero for statistics, which are not of single rows.
        """
        lead, row = values.shape[:rows], values.shape[rows:]
        if row not in (self.output, (*self.shape, self.units)):
            resized = self.resized(row)
            if resized is not None:
                return resized.predictions(values, rows)
            if len(row) == len(self.shape) + 1 and row[-1] == self.units:
                return values
        if self.first and row == self.output:
            parts = values.reshape(*lead, -1, self.units, *self.output[1:])
            axes = [axis for axis in range(parts.ndim) if axis != rows + 1]
            values = parts.transpose(*axes, rows + 1)
        return values.reshape(*lead, *self.shape, self.units)

    def resized(self, output: tuple[int, ...]) -> UnitsLast | None:
        """Return the view of an output of another size, or None if it has other axes or units."""
        unit = 0 if self.first else -1
        if len(output) != len(self.output) or output[unit] != self.output[unit]:
            return None
        old, new = self._natural(self.output), self._natural(output)
        if self.shape == old:
            return replace(self, shape=new, output=output)
        if self.shape == _without(old, unit) and old[unit] == 1:
            return replace(self, shape=_without(new, unit), output=output)
        return None

    def for_targets(self, shape: tuple[int, ...]) -> UnitsLast | None:
        """Return the view for targets of another size, or None if they have other axes."""
        width = self.output[0 if self.first else -1]
        old = self._natural(self.output)
        if len(shape) != len(self.shape) or not shape:
            return None
        if self.shape != old:
            output = (width, *shape) if self.first else (*shape, width)
        else:
            output = (width, *shape[1:]) if self.first else (*shape[:-1], width)
        resized = self.resized(output)
        return resized if resized is not None and resized.shape == shape else None

    def _natural(self, output: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of the targets that keep all axes of the output."""
        if self.first:
            return output[0] // self.units, *output[1:]
        return *output[:-1], output[-1] // self.units

    def to_output(self, values: np.ndarray) -> np.ndarray:
        """Return statistics of shape (*shape, units) in the shape of a row of the output."""
        if self.first:
            parts = values.reshape(-1, *self.output[1:], self.units)
            values = np.moveaxis(parts, -1, 1)
        return values.reshape(self.output)

    def targets(self, y: Any) -> Any:
        """Return encoded targets as the loss takes them: as they are."""
        return y


def _without(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    """Return a shape without its first or last axis."""
    return shape[1:] if axis == 0 else shape[:-1]
