"""Numbers of which a model's output has several units each, such as quantiles."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..utils.output_forms import OutputForm, UnitsLast
from .numbers import Numbers
from .ragged import is_ragged
from .row_shapes import row_shape


@dataclass(frozen=True)
class ModeledNumbers(Numbers):
    """Numerical targets, each of which several units of the output describe.

    The loss gets targets in the shape of y, and predictions with a further, last axis.

    Parameters
    ----------
    mean, scale
        In the shape of a row of y.
    form : OutputForm
        What the units are.
    view : UnitsLast or None
        Where the output has them; None before the targets are matched with an output.
    """

    form: OutputForm | None = None
    view: UnitsLast | None = None

    @property
    def _form(self) -> OutputForm:
        assert self.form is not None
        return self.form

    @property
    def _view(self) -> UnitsLast:
        assert self.view is not None
        return self.view

    @property
    def num_units(self) -> int:
        """Number of units that the output needs."""
        return math.prod(self.shape) * self._form.units

    def units_for(self, shape: tuple[int | None, ...]) -> int | None:
        """Return the number of units for an output of a shape that has None in their place."""
        if self.view is not None:
            return self.view.output[0 if self.view.first else -1]
        positions = math.prod(n for n in shape[1:] if n is not None)
        return self.num_units if self.num_units % positions else self.num_units // positions

    def match(self, shape: tuple[int | None, ...], axis: int = 1) -> ModeledNumbers:
        """Adapt the targets to the output's shape; raises `ValueError` if it does not fit."""
        row = row_shape(shape)
        view = UnitsLast.of(self.shape, self._form.units, row, axis)
        if view is not None:
            return replace(self, output_shape=self.shape, view=view)
        positions = math.prod(row) // row[min(axis, 0)]
        units, left = divmod(self.num_units, positions)
        wanted = f"{units} units" if not left else f"{self.num_units} values"
        numbers = f"{math.prod(self.shape)} numbers" if self.shape else "number"
        raise ValueError(
            f"the output must have {wanted}, {self._form.content} for each "
            f"{'of the ' if self.shape else ''}{numbers} in a row of y, got shape {shape}"
        )

    def of_rows(self, shape: tuple[int, ...]) -> ModeledNumbers:
        """Return the targets for rows of y of another shape, with the same axes once matched."""
        if self.view is None or shape == self.shape:
            return replace(self, shape=shape)
        view = self.view.for_targets(shape)
        if view is None:
            raise ValueError(
                f"y must have rows of the axes of the output, whose rows have shape "
                f"{self.view.output}, got rows of shapes {self.shape} and {shape}"
            )
        return replace(self, shape=shape, output_shape=shape, view=view)

    def resized(self, output_row: tuple[int, ...]) -> ModeledNumbers:
        """Return the targets for outputs of another size, whose axes correspond to those of y."""
        view = self.view and self.view.resized(output_row)
        if view is None:
            return self
        return replace(self, shape=view.shape, output_shape=view.shape, view=view)

    def decode(self, output: np.ndarray) -> np.ndarray:
        """Return predictions in the dtype and units of y, of its shape or with a last axis."""
        predicted = self._form.predict(self._view.predictions(output))
        if self.mean is not None:
            further = predicted.ndim - 1 - len(self.shape)
            mean, scale = (np.reshape(v, self.shape + further * (1,)) for v in self._scale)
            predicted = predicted * scale + mean
        return predicted.astype(self.dtype)

    def spread(self, output: np.ndarray) -> np.ndarray | None:
        """Return the standard deviation of each target in the units of y, if the units tell it."""
        std = self._form.spread(self._view.predictions(output))
        if std is None:
            return None
        return (std if self.mean is None else std * self._scale[1]).astype(self.dtype)

    def spread_of_passes(self, deviation: np.ndarray) -> np.ndarray:
        """Return the standard deviation of each prediction over several passes."""
        predicted = self._form.predict(self._view.predictions(deviation))
        if self.mean is not None:
            further = predicted.ndim - 1 - len(self.shape)
            predicted = predicted * np.reshape(self.scale, self.shape + further * (1,))
        return predicted.astype(self.dtype)

    @property
    def _scale(self) -> tuple[np.ndarray, np.ndarray]:
        return self.mean, self.scale

    def output_scale(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the shift and the factor that scale a row of an output back."""
        shift, factor = self._form.affine(*self._scale)
        return self._view.to_output(shift), self._view.to_output(factor)

    def target_scale(self, shift: np.ndarray, factor: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the mean and the standard deviation of the targets for an output's scale."""
        view = self._view
        return view.predictions(shift, 0)[..., 0], view.predictions(factor, 0)[..., 0]

    def output_in_units(self, values: np.ndarray) -> np.ndarray:
        """Return values as the loss gets them in the units of y, of shape (n, ..., units).

        Rows of several sizes, in an array of objects, are in these units already.
        """
        if is_ragged(values):
            return values
        values = self._view.predictions(values)
        if self.mean is None:
            return values
        shift, factor = self._form.affine(*self._scale)
        return values * factor + shift

    def likely_output(self, encoded: np.ndarray) -> np.ndarray:
        """Return an output of a network that predicts the targets well, but not perfectly."""
        return np.repeat(encoded[..., None], self._form.units, axis=-1) + np.float32(0.1)

    def scorer(self, y: Any, predictions: np.ndarray, sample_weight: Any = None) -> float | None:
        """Return the score of the form; None for that of numbers."""
        true = np.asarray(y)
        units = predictions.shape[true.ndim :]
        if true.ndim != 2:
            if sample_weight is not None and true.ndim > 1:
                sample_weight = np.repeat(sample_weight, true[0].size)
            true, predictions = true.reshape(-1, 1), predictions.reshape(-1, 1, *units)
        return self._form.score(true, predictions, sample_weight)
