"""Infer the kind of targets from y, or from the output of a network."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import column_or_1d

from ..utils.loss_contracts import DEFAULT_LOSS, LossInfo
from ..utils.output_forms import OutputForm
from .checks import check_enough, check_labels, check_numbers, kind_of_labels, warn_if_many
from .classes import Classes
from .distributions import SoftClasses, are_distributions
from .holes import fill_holes
from .kept import keep_fields
from .labels import Labels
from .modeled_numbers import ModeledNumbers
from .numbers import Numbers
from .ragged_array import RaggedArray
from .row_shapes import row_shape
from .survival import Survival, read_survival
from .target import Target


def infer(
    y: Any,
    *,
    regression: bool,
    exact: bool = True,
    classes: ArrayLike | None = None,
    growing: bool = False,
    loss: LossInfo = DEFAULT_LOSS,
    ignored: Any = None,
) -> Target:
    """Infer the kind of targets from y.

    Parameters
    ----------
    y : array-like of shape (n,) or (n, ...)
        Labels of several axes are a class per position of a row, such as a pixel; what indicators
        of shape (n, k) mean follows from the output that they are matched with. The positions of
        rows of several shapes, a `RaggedArray`, are targets of their own; `Outputs.of_rows` then
        sets the shape of a row.
    regression : bool
        Whether y holds numbers rather than labels.
    exact : bool
        Whether the classes are just the labels in y, even if the output has more units.
    classes : array-like, optional
        All labels, for a y that may hold only some of them.
    growing : bool
        Whether y may lack labels that come later.
    loss : LossInfo
    ignored : object
        Value of the targets that count nothing; None if all count.

    Returns
    -------
    Classes, Labels or Numbers

    Raises
    ------
    ValueError
        For NaN or infinity, a single class, an unknown kind of labels, targets that the loss does
        not take, or if all targets are ignored.

    Examples
    --------
    >>> infer(['no', 'yes', 'no'], regression=False).classes.tolist()
    ['no', 'yes']
    >>> infer([[0, 1], [1, 1]], regression=False).num_units
    2
    """
    y = y.flat() if isinstance(y, RaggedArray) else y
    _check_loss(y, loss, regression=regression)
    _check_ignored(y, ignored, loss, regression=regression)
    y, holes = fill_holes(y, ignored)
    if holes is not None and holes.all():
        raise ValueError(
            f"y must hold targets other than ignore_label, got {ignored!r} in all {len(y)} rows"
        )
    if regression:
        if classes is not None:
            raise ValueError("classes must be None for regression, which has none")
        return replace(_infer_numbers(y, loss), ignored=ignored)
    y = check_labels(y)
    if are_distributions(y if holes is None else y[~holes.any(axis=tuple(range(1, holes.ndim)))]):
        k = y.shape[1]
        found = np.arange(k) if classes is None else np.unique(check_labels(classes))
        if len(found) != k:
            raise ValueError(
                f"classes must be {k} labels, one for each column of probabilities in y, got "
                f"{found.tolist()}"
            )
        return SoftClasses(found, ignored=ignored)
    kind = kind_of_labels(y)
    if kind == "classes":
        y = column_or_1d(y, warn=True)
    if classes is not None and fill_holes(classes, ignored)[1] is not None:
        raise ValueError(
            f"classes must not hold ignore_label, whose targets count nothing, got "
            f"{ignored!r} among them"
        )
    found = _distinct(y if classes is None else check_labels(classes))
    known = Classes(found, exact, growing=growing and classes is None, ignored=ignored)
    if kind == "indicators":
        k = y.shape[1]
        dense = replace(known, positions=(k,))
        if classes is None or np.array_equal(found, np.arange(k)):
            return Labels(k, dense, ignored=ignored)
        return replace(
            dense,
            refusal=f"classes must be the indices 0, ..., {k - 1} of the labels, because y has {k} "
            f"columns of indicators, got {found.tolist()}",
        )
    check_enough(found, growing=growing)
    if classes is None:
        warn_if_many(found, y.size)
    if kind == "classes":
        return known
    return replace(known, positions=y.shape[1:], refusal=SEVERAL_COLUMNS if y.ndim == 2 else "")


SEVERAL_COLUMNS = (
    "y must have one column of classes, got several; name an output layer for each column in "
    "outputs, give indicators of 0 and 1, or for a class at each time step end the layers in one "
    "with an output of shape (n, time, classes), such as a GRULayer"
)


def _distinct(labels: Any) -> np.ndarray:
    """Return the distinct values, sorted, also those of a sparse matrix."""
    values = np.append(labels.tocsr().data, 0) if hasattr(labels, "tocsr") else labels
    return np.unique(values)


def _check_loss(y: Any, loss: LossInfo, *, regression: bool) -> None:
    """Raise `ValueError` if a loss needs numbers, or if y has fields that it does not take."""
    if loss.needs_numbers and not regression:
        raise ValueError(
            f"regression must be True for {loss.name}, which predicts numbers, got False; use "
            "regression=True or NeuralNetRegressor"
        )
    fields = getattr(getattr(y, "dtype", None), "names", None)
    if fields is None or loss.takes_survival or (regression and loss.own):
        return
    kind = "numbers" if regression else "labels"
    hint = "" if regression else " with regression=True"
    raise ValueError(
        f"y must hold {kind}, got a structured array with the fields {', '.join(fields)}, which "
        f"only cox_loss and losses of your own take{hint}"
    )


def _check_ignored(y: Any, ignored: Any, loss: LossInfo, *, regression: bool) -> None:
    """Raise `ValueError` for an ignored value that targets of this kind cannot have."""
    if ignored is None or not regression:
        return
    if isinstance(ignored, str):
        raise ValueError(
            f"ignore_label must be a number or numpy.nan for regression, got {ignored!r}"
        )
    if loss.takes_survival or getattr(getattr(y, "dtype", None), "names", None) is not None:
        kind = f"for {loss.name}" if loss.takes_survival else "for a structured array"
        raise ValueError(
            f"ignore_label must be None {kind}, got {ignored!r}; leave out the rows without targets"
        )


def _infer_numbers(y: Any, loss: LossInfo) -> Numbers:
    if loss.takes_survival:
        _, events = read_survival(y)
        if not events.any():
            raise ValueError(f"y must have an event in some row for {loss.name}, got none")
        return Survival()
    dtype = getattr(y, "dtype", None)
    if getattr(dtype, "names", None) is not None:
        return keep_fields(np.dtype(dtype))
    y = check_numbers(y)
    dtype = y.dtype if y.dtype.kind == "f" else np.dtype(np.float64)
    if loss.contract is not None and loss.contract.form is not None:
        return ModeledNumbers(y.shape[1:], dtype, form=loss.contract.form)
    return Numbers(y.shape[1:], dtype)


def from_output(
    shape: tuple[int | None, ...],
    *,
    regression: bool,
    axis: int = 1,
    loss: LossInfo = DEFAULT_LOSS,
) -> Target:
    """Return default targets for a network that was not fitted to any.

    Parameters
    ----------
    shape : tuple
        Shape of the network's output.
    regression : bool
    loss : LossInfo
    axis : int
        Axis of the classes, 1 or -1.

    Returns
    -------
    Classes or Numbers
        Class labels are integers from zero.
    """
    row = row_shape(shape)
    if regression and loss.takes_survival:
        return Survival(dtype=np.float32).match(shape)
    if regression and loss.contract is not None and loss.contract.form is not None:
        return _of_form(row, loss.contract.form).match(shape)
    if regression:
        return Numbers(row, np.float32, row)
    units, positions = (row[0], row[1:]) if axis == 1 else (row[-1], row[:-1])
    return Classes(np.arange(max(units, 2)), positions=positions).match(shape, axis)


def _of_form(row: tuple[int, ...], form: OutputForm) -> ModeledNumbers:
    """Return targets that a row of an output with several units for each number predicts."""
    numbers = row[0] // form.units
    shape = row[1:] if numbers == 1 else (numbers, *row[1:])
    return ModeledNumbers(shape, np.float32, form=form)
