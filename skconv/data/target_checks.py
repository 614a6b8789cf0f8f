"""Checks of the targets of one output, as given: labels to classify or numbers to predict."""

from __future__ import annotations

import warnings
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_array
from sklearn.utils.multiclass import type_of_target

from ..utils.checks import fits_float32

TO_NUMBERS = "use regression=True or NeuralNetRegressor to predict numbers"

TO_LABELS = "use regression=False or NeuralNetClassifier to predict labels"

MANY_ROWS = 20
"""From more rows on, labels that hardly repeat are doubtful, as in scikit-learn."""

MANY_FLOATS = 20
"""From more distinct floats on, labels that rarely repeat are doubtful."""


def check_labels(y: Any) -> Any:
    """Validate labels, without regard to their number.

    Parameters
    ----------
    y : array-like of shape (n,) or (n, k), or sparse matrix

    Returns
    -------
    array of shape (n,) or (n, k), or sparse matrix
        Text has dtype object or str; objects that are all numbers or bools get a dtype of their
        own.

    Raises
    ------
    ValueError
        For missing values, and for objects that are neither text nor numbers.
    TypeError
        For text among numbers, which cannot be sorted.

    Examples
    --------
    >>> check_labels(np.array([1, 0, 1], object)).dtype
    dtype('int64')
    >>> check_labels(['a', 1])
    Traceback (most recent call last):
    ...
    TypeError: y must hold labels of one type, got int and str
    """
    if hasattr(y, "tocsr"):
        return y
    if isinstance(y, list | tuple):  # an array would turn numbers among text into text
        _check_one_type({type(label) for label in y if not isinstance(label, list | tuple)})
        if len({len(row) for row in y if isinstance(row, list | tuple | set)}) > 1:
            raise ValueError(
                "y must have the same number of columns in each row, got lists of several lengths; "
                "for sets of labels use sklearn.preprocessing.MultiLabelBinarizer"
            )
    y = check_array(_without_extension(y), ensure_2d=False, dtype=None, input_name="y")
    return _without_objects(y) if y.dtype == object else y


def _without_extension(y: Any) -> Any:
    """Return the values of a pandas extension array in their dtype of NumPy, if none is missing."""
    dtype = getattr(getattr(y, "dtype", None), "numpy_dtype", None)
    if dtype is None or not hasattr(y, "isna") or y.isna().any():
        return y
    return y.to_numpy(dtype)


def _without_objects(y: np.ndarray) -> np.ndarray:
    values = y.ravel().tolist()
    if None in values:
        raise ValueError(f"y must have a label in each row, got None in row {values.index(None)}")
    types = set(map(type, values))
    _check_one_type(types)
    if all(issubclass(kind, str | bytes) for kind in types):
        return y
    for value in values:
        if not isinstance(value, bool | int | float | np.bool_ | np.number):
            raise ValueError(
                f"y must hold text, integers or bools as labels, got {value!r} of type "
                f"{type(value).__name__} (Unknown label type: unknown)"
            )
    return np.array(values).reshape(y.shape)


def _check_one_type(types: set[type]) -> None:
    """Raise `TypeError` if text and other types are mixed."""
    text = {kind for kind in types if issubclass(kind, str)}
    others = types - text - {type(None)}
    if text and others:
        names = sorted(kind.__name__ for kind in types - {type(None)})
        raise TypeError(f"y must hold labels of one type, got {' and '.join(names)}")


def kind_of_labels(y: Any) -> Literal["classes", "indicators"]:
    """Return whether rows have one of several classes each, or indicators of several labels.

    Parameters
    ----------
    y : array or sparse matrix
        As returned by `check_labels`.

    Raises
    ------
    ValueError
        For numbers that are not whole, and for several columns of classes.

    Warns
    -----
    UserWarning
        If each row of indicators has exactly one label, as one-hot classes do.
    """
    with np.errstate(invalid="ignore"):  # it casts floats to int64
        kind = type_of_target(y, input_name="y")
    if kind.startswith("continuous"):
        values = np.ravel(y.data if hasattr(y, "tocsr") else y)
        value = next(iter(values[values != np.trunc(values)]), np.abs(values).max())
        raise ValueError(
            f"y must hold labels, got {value} (Unknown label type: {kind}); {TO_NUMBERS}"
        )
    if kind == "multiclass-multioutput":
        raise ValueError(
            "y must have one column of classes, got several; name an output layer for each column "
            "in outputs, or give indicators of 0 and 1"
        )
    if kind == "unknown":
        raise ValueError(f"y must hold labels, got shape {y.shape} (Unknown label type: unknown)")
    if kind != "multilabel-indicator":
        return "classes"
    if y.shape[0] > 1 and (y.sum(axis=1) == 1).all() and y.max() == 1:
        warnings.warn(
            f"each row of y has exactly one of {y.shape[1]} labels, as one-hot classes do, but the "
            "columns are trained as independent labels; pass y.argmax(axis=1) for classes that "
            "exclude each other",
            stacklevel=2,
        )
    return "indicators"


def warn_if_many(classes: np.ndarray, n: int) -> None:
    """Warn if labels repeat as rarely as numbers do.

    Parameters
    ----------
    classes : array of shape (k,)
        The distinct labels.
    n : int
        Number of rows.

    Warns
    -----
    UserWarning
        If most rows have a class of their own; for more than 20 classes that are whole floats, if
        a class has fewer than ten rows on average.
    """
    k, is_float = len(classes), classes.dtype.kind == "f"
    most = n > MANY_ROWS and k > 2 and k > round(0.5 * n)
    if most or (is_float and k > MANY_FLOATS and k > 0.1 * n):
        hint = f"; {TO_NUMBERS}" if classes.dtype.kind in "iuf" else ""
        what = "The number of unique classes is greater than 50% of the number of samples"
        warnings.warn(
            f"{what if most else 'Labels are floats that rarely repeat'}: "
            f"y has {k} distinct labels in {n} rows{hint}",
            stacklevel=2,
        )


def check_numbers(y: ArrayLike) -> np.ndarray:
    """Validate numbers to predict.

    Parameters
    ----------
    y : array-like of shape (n, ...)

    Returns
    -------
    array of shape (n, ...)
        Floats or integers; objects and text that can be read as numbers become float64.

    Raises
    ------
    ValueError
        For NaN, infinity or values that float32 cannot hold, and for labels: text, bools,
        categories and dates.

    Examples
    --------
    >>> check_numbers(['1.5', '2'])
    array([1.5, 2. ])
    >>> check_numbers(['no', 'yes'])
    Traceback (most recent call last):
    ...
    ValueError: y must hold numbers, got 'no'; use regression=False or NeuralNetClassifier to \
predict labels
    """
    given: Any = getattr(y, "dtypes", getattr(y, "dtype", None))
    for dtype in given if hasattr(given, "__iter__") else [given]:
        _check_numeric(dtype)
    options: dict[str, Any] = {"ensure_2d": False, "allow_nd": True, "input_name": "y"}
    checked = check_array(y, dtype=None, **options)
    _check_numeric(checked.dtype)
    if checked.dtype.kind not in "fiu":
        checked = check_array(_read_numbers(checked), dtype=None, **options)
    if not fits_float32(checked):
        raise ValueError("Input y contains infinity or a value too large for dtype('float32').")
    return checked


def _check_numeric(dtype: Any) -> None:
    """Raise `ValueError` for dtypes that convert to float, but whose values are not numbers."""
    kind = getattr(dtype, "kind", None)
    if type(dtype).__name__.startswith("Categorical"):
        raise ValueError(f"y must hold numbers, got categories; {TO_LABELS}")
    if kind == "b":
        raise ValueError(f"y must hold numbers, got bools; {TO_LABELS}, or pass y.astype(float)")
    if kind in ("m", "M"):
        raise ValueError(
            f"y must hold numbers, got dates or times of dtype {dtype}; pass differences in a unit "
            "of your choice, as in (y - y.min()) / np.timedelta64(1, 'D')"
        )


def _read_numbers(y: np.ndarray) -> np.ndarray:
    values = y.ravel().tolist()
    if all(isinstance(value, bool) for value in values):
        _check_numeric(np.dtype(bool))
    for value in values:
        try:
            float(np.nan if value is None else value)
        except (TypeError, ValueError) as error:
            raise ValueError(f"y must hold numbers, got {value!r}; {TO_LABELS}") from error
    return y.astype(np.float64)
