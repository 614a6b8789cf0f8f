"""Infer the kind of targets from y, or from the output of a network."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import column_or_1d

from .target_checks import check_labels, check_numbers, kind_of_labels, warn_if_many
from .targets import Classes, Labels, Numbers, Target, row_shape


def infer(
    y: Any,
    *,
    regression: bool,
    exact: bool = True,
    classes: ArrayLike | None = None,
    growing: bool = False,
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

    Returns
    -------
    Classes, Labels or Numbers

    Raises
    ------
    ValueError
        For NaN or infinity, a single class, or an unknown kind of labels.

    Examples
    --------
    >>> infer(['no', 'yes', 'no'], regression=False).classes.tolist()
    ['no', 'yes']
    >>> infer([[0, 1], [1, 1]], regression=False).num_units
    2
    """
    if regression:
        if classes is not None:
            raise ValueError("classes must be None for regression, which has none")
        y = check_numbers(y)
        dtype = y.dtype if y.dtype.kind == "f" else np.dtype(np.float64)
        return Numbers(y.shape[1:], dtype)
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


def _check_indices(classes: ArrayLike | None, k: int) -> None:
    if classes is not None and not np.array_equal(np.unique(classes), np.arange(k)):
        raise ValueError(
            f"classes must be the indices 0, ..., {k - 1} of the labels, because y has {k} columns "
            f"of indicators, got {np.unique(classes).tolist()}"
        )


def from_output(shape: tuple[int | None, ...], *, regression: bool) -> Target:
    """Return default targets for a network that was not fitted to any.

    Parameters
    ----------
    shape : tuple
        Shape of the network's output.
    regression : bool

    Returns
    -------
    Classes or Numbers
        Class labels are integers from zero.
    """
    row = row_shape(shape)
    if regression:
        return Numbers(row, np.float32, row)
    return Classes(np.arange(max(row[-1], 2))).match(shape)
