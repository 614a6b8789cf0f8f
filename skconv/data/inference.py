"""Infer the kind of targets from y, or from the output of a network."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import column_or_1d

from ..utils.loss_contracts import DEFAULT_LOSS, LossInfo
from ..utils.output_forms import OutputForm
from .kept import keep_fields
from .modeled_numbers import ModeledNumbers
from .survival import Survival, read_survival
from .target_checks import check_labels, check_numbers, kind_of_labels, warn_if_many
from .targets import Classes, Labels, Numbers, Target, row_shape


def infer(
    y: Any,
    *,
    regression: bool,
    exact: bool = True,
    classes: ArrayLike | None = None,
    growing: bool = False,
    loss: LossInfo = DEFAULT_LOSS,
) -> Target:
    """Infer the kind of targets from y.

    Parameters
    ----------
    y : array-like of shape (n,) or (n, ...)
    regression : bool
        Whether y holds numbers rather than labels.
    exact : bool
        Whether the classes are just the labels in y, even if the output has more units.
    classes : array-like, optional
        All labels, for a y that may hold only some of them.
    growing : bool
        Whether y may lack labels that come later.
    loss : LossInfo

    Returns
    -------
    Classes, Labels or Numbers

    Raises
    ------
    ValueError
        For NaN or infinity, a single class, an unknown kind of labels, or targets that the loss
        does not take.

    Examples
    --------
    >>> infer(['no', 'yes', 'no'], regression=False).classes.tolist()
    ['no', 'yes']
    >>> infer([[0, 1], [1, 1]], regression=False).num_units
    2
    """
    _check_loss(y, loss, regression=regression)
    if regression:
        if classes is not None:
            raise ValueError("classes must be None for regression, which has none")
        return _infer_numbers(y, loss)
    y = check_labels(y)
    if kind_of_labels(y) == "indicators":
        _check_indices(classes, y.shape[1])
        return Labels(y.shape[1])
    y = column_or_1d(y, warn=True)
    found = np.unique(y if classes is None else check_labels(classes))
    if len(found) < 2:
        got = "1 class" if len(found) else "0 classes"
        hint = "; pass all labels as classes" if growing else ""
        raise ValueError(f"y must contain at least 2 classes, got {got}: {found.tolist()}{hint}")
    if classes is None:
        warn_if_many(found, len(y))
    return Classes(found, exact, growing=growing and classes is None)


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


def _check_indices(classes: ArrayLike | None, k: int) -> None:
    if classes is not None and not np.array_equal(np.unique(classes), np.arange(k)):
        raise ValueError(
            f"classes must be the indices 0, ..., {k - 1} of the labels, because y has {k} columns "
            f"of indicators, got {np.unique(classes).tolist()}"
        )


def from_output(
    shape: tuple[int | None, ...], *, regression: bool, loss: LossInfo = DEFAULT_LOSS
) -> Target:
    """Return default targets for a network that was not fitted to any.

    Parameters
    ----------
    shape : tuple
        Shape of the network's output.
    regression : bool
    loss : LossInfo

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
    return Classes(np.arange(max(row[-1], 2))).match(shape)


def _of_form(row: tuple[int, ...], form: OutputForm) -> ModeledNumbers:
    """Return targets that a row of an output with several units for each number predicts."""
    numbers = row[0] // form.units
    shape = row[1:] if numbers == 1 else (numbers, *row[1:])
    return ModeledNumbers(shape, np.float32, form=form)
