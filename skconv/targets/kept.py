"""Targets that a loss of the user's own takes as they are, with outputs of any width."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .checks import check_numbers
from .class_weights import ClassWeight
from .classes import Classes
from .holes import fill_holes, mark_holes
from .labels import Labels
from .numbers import Numbers


@dataclass(frozen=True)
class Fields:
    """Shows a loss the fields of structured targets, which are the columns of an array.

    Parameters
    ----------
    names : tuple of str
    shapes : tuple of tuple of int
        Shape of a row of each field.
    kinds : tuple of str
        Kind of the dtype of each field: ``'f'``, ``'i'`` or ``'b'``.
    """

    names: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    kinds: tuple[str, ...]

    @classmethod
    def of(cls, dtype: np.dtype) -> Fields:
        """Return the fields of a structured dtype."""
        parts = [dtype[name] for name in dtype.names or ()]
        kinds = ["i" if part.base.kind == "u" else part.base.kind for part in parts]
        for name, kind in zip(dtype.names or (), kinds, strict=True):
            if kind not in "fib":
                raise ValueError(f"y must have fields of numbers or bools, got {name!r} of {dtype}")
        return cls(tuple(dtype.names or ()), tuple(part.shape for part in parts), tuple(kinds))

    def encode(self, y: np.ndarray) -> np.ndarray:
        """Return the fields side by side, as float32 of shape (n, columns)."""
        parts = [check_numbers(y[name].astype(float)) for name in self.names]
        return np.hstack([part.reshape(len(y), -1) for part in parts]).astype(np.float32)

    def predictions(self, values: Any) -> Any:
        """Return an output as the loss takes it: as it is."""
        return values

    def targets(self, y: Any) -> dict[str, Any]:
        """Return the fields of encoded targets, by name; those of a dict are its own."""
        if isinstance(y, dict):
            return y
        found, start = {}, 0
        dtypes = {"f": np.float32, "i": np.int32, "b": np.bool_}
        for name, shape, kind in zip(self.names, self.shapes, self.kinds, strict=True):
            part = y[:, start : start + math.prod(shape)].reshape(len(y), *shape)
            found[name] = part.astype(dtypes[kind])
            start += math.prod(shape)
        return found


@dataclass(frozen=True)
class Kept(Numbers):
    """Targets for a loss of the user's own whose output is not a prediction of them.

    Predictions are the output as it is.

    Parameters
    ----------
    shape
        Shape of a row of y; empty for structured arrays.
    labels : Classes or Labels, optional
        Encodes y if it does not hold numbers.
    fields : Fields, optional
        Fields of structured targets.
    """

    labels: Classes | Labels | None = None
    fields: Fields | None = None

    predicts = False
    standardizes = False

    @property
    def num_units(self) -> int:
        """Zero, as the output may have any number of units."""
        return 0

    def units_for(self, shape: tuple[int | None, ...]) -> int | None:
        """Return None, as the layer must set its number of units."""
        return None

    @property
    def view(self) -> Fields | None:
        """How the loss sees the targets, if not as they are encoded."""
        return self.fields

    def match(self, shape: tuple[int | None, ...], axis: int = 1) -> Kept:
        """Return the targets, which suit an output of any shape."""
        return self

    def of_rows(self, shape: tuple[int, ...]) -> Kept:
        """Return the targets for rows of y of another shape."""
        if self.fields is not None:
            raise ValueError(
                "y must have one record of a structured array in each row, got rows of several "
                "records"
            )
        return replace(self, shape=shape, labels=self.labels and self.labels.of_rows(shape))

    def arrange(self, y: Any) -> np.ndarray:
        """Encode y: numbers as float32 or int32 in their shape, labels as for their loss.

        If some numbers are ignored, all are float32, and those are NaN.
        """
        if self.labels is not None:
            return self.labels.encode(y)
        if self.fields is not None:
            given = np.asarray(y)
            if given.dtype.names != self.fields.names:
                raise ValueError(
                    f"y must be a structured array with the fields {', '.join(self.fields.names)}, "
                    f"got dtype {given.dtype}"
                )
            return self.fields.encode(given)
        y, holes = fill_holes(y, self.ignored, 0)
        numbers = check_numbers(y)
        if numbers.shape[1:] != self.shape:
            raise ValueError(f"y must have rows of shape {self.shape}, got {numbers.shape[1:]}")
        whole = numbers.dtype.kind in "iu" and np.abs(numbers.astype(float)).max() < 2**31
        if whole and self.ignored is None:
            return numbers.astype(np.int32, copy=False)
        return mark_holes(numbers.astype(np.float32, copy=False), holes)

    def standardize(self, y: np.ndarray) -> np.ndarray:
        """Return encoded targets, which are not standardized."""
        return y

    def can_average(self, encoded: np.ndarray) -> bool:
        """Return whether the targets are floats rather than labels, counts or fields."""
        return self.labels is None and self.fields is None and encoded.dtype.kind == "f"

    def as_given(self, encoded: np.ndarray) -> np.ndarray:
        """Return encoded targets as they are."""
        return encoded

    def decode(self, output: np.ndarray) -> np.ndarray:
        """Return the output as it is."""
        return output

    def spread_of_passes(self, deviation: np.ndarray) -> np.ndarray:
        """Return the standard deviation of the output as it is."""
        return deviation

    def row_weights(self, encoded: np.ndarray, class_weight: ClassWeight) -> np.ndarray:
        """Return the weight of each row by its class."""
        if self.labels is not None:
            return self.labels.row_weights(encoded, class_weight)
        return super().row_weights(encoded, class_weight)


def keep(target: Classes | Labels | Numbers) -> Kept:
    """Return targets as a loss of the user's own takes them, whatever the width of its output."""
    if isinstance(target, Numbers):
        return Kept(target.shape, ignored=target.ignored)
    return Kept((), labels=target, ignored=target.ignored)


def keep_fields(dtype: np.dtype) -> Kept:
    """Return the targets of structured arrays."""
    return Kept((), fields=Fields.of(dtype))
