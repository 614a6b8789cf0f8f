"""Steps of a pipeline before the net as operators of ONNX."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.utils.validation import check_is_fitted

from ..errors import Problems
from ..preprocessing import Standardize
from .writer import Writer

FLOAT, DOUBLE = 1, 11
"""Codes of types in ONNX."""


def check_steps(steps: Sequence[tuple[str, Any]]) -> None:
    """Raise an error for all steps that cannot be written.

    Parameters
    ----------
    steps : sequence of (str, transformer)

    Raises
    ------
    ValueError
        With their names and classes.
    NotFittedError
        If a step is not fitted.
    """
    problems = Problems()
    for name, step in steps:
        if type(step) not in STEPS:
            problems.add(
                f"step {name!r} must be one of {', '.join(cls.__name__ for cls in STEPS)}, got "
                f"{type(step).__name__}; export pipeline[-1], the net, and write the steps before "
                "it with skl2onnx"
            )
    problems.raise_any()
    for _, step in steps:
        check_is_fitted(step)


def row_of(step: Any) -> tuple[int, ...]:
    """Return the shape of the rows that a step takes."""
    return getattr(step, "row_shape_", (step.n_features_in_,))


def write_steps(writer: Writer, steps: Sequence[tuple[str, Any]], x: str) -> str:
    """Write steps that `check_steps` has accepted, and return the name of their output.

    They compute in float64, as scikit-learn does.

    Parameters
    ----------
    writer : Writer
    steps : sequence of (str, transformer)
    x : str
        Name of the input.
    """
    for name, step in steps:
        writer.scope = name
        x = writer.add("Cast", x, to=DOUBLE)
        x = writer.add("Cast", STEPS[type(step)](writer, step, x), to=FLOAT)
    return x


def _standard(writer: Writer, step: Any, x: str) -> str:
    for op, array in (("Sub", step.mean_), ("Div", step.scale_)):
        if array is not None:
            x = writer.add(op, x, writer.constant(array, op.lower(), np.float64))
    return x


def _standard_scaler(writer: Writer, step: StandardScaler, x: str) -> str:
    # the mean is also known without with_mean, to compute the variance
    if step.with_mean:
        x = writer.add("Sub", x, writer.constant(step.mean_, "mean", np.float64))
    if step.with_std:
        x = writer.add("Div", x, writer.constant(step.scale_, "scale", np.float64))
    return x


def _min_max(writer: Writer, step: MinMaxScaler, x: str) -> str:
    x = writer.add("Mul", x, writer.constant(step.scale_, "scale", np.float64))
    x = writer.add("Add", x, writer.constant(step.min_, "min", np.float64))
    if step.clip:
        bounds = (writer.constant(bound, "bound", np.float64) for bound in step.feature_range)
        x = writer.add("Clip", x, *bounds)
    return x


STEPS: dict[type, Callable[[Writer, Any, str], str]] = {
    StandardScaler: _standard_scaler,
    MinMaxScaler: _min_max,
    Standardize: _standard,
}
"""How to write a step of each class."""
