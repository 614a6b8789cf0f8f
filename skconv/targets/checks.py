"""Checks of the targets of one output, as given: labels to classify or numbers to predict."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_array
from sklearn.utils.multiclass import type_of_target

from ..utils.checks import fits_float32
from .holes import MISSING_HINT

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
    y : array-like of shape (n,) or (n, ...), or sparse matrix

    Returns
    -------
    array of shape (n,) or (n, ...), or sparse matrix
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
        _check_one_type(_types_in(y))
        if len({len(row) for row in y if isinstance(row, list | tuple | set)}) > 1:
            raise ValueError(
                "y must have the same number of columns in each row, got lists of several lengths; "
                "for sets of labels use sklearn.preprocessing.MultiLabelBinarizer, and pad "
                "sequences of labels to one length"
            )
    options: dict[str, Any] = {"ensure_2d": False, "allow_nd": True, "input_name": "y"}
    with _naming_ignore_label():
        y = check_array(_without_extension(y), dtype=None, **options)
        return _without_objects(y) if y.dtype == object else y


@contextmanager
def _naming_ignore_label() -> Iterator[None]:
    """Add the parameter that leaves missing targets out to an error about them."""
    try:
        yield
    except ValueError as error:
        message = str(error)
        if not ("contains NaN" in message or "got None" in message):
            raise
        raise ValueError(f"{message.rstrip('.')}{MISSING_HINT}") from error


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


def _types_in(labels: list[Any] | tuple[Any, ...]) -> set[type]:
    """Return the types of all labels in nested lists."""
    nested = [label for label in labels if isinstance(label, list | tuple)]
    own = {type(label) for label in labels if not isinstance(label, list | tuple)}
    return own.union(*map(_types_in, nested))


def _check_one_type(types: set[type]) -> None:
    """Raise `TypeError` if text and other types are mixed."""
    text = {kind for kind in types if issubclass(kind, str)}
    others = types - text - {type(None)}
    if text and others:
        names = sorted(kind.__name__ for kind in types - {type(None)})
        raise TypeError(f"y must hold labels of one type, got {' and '.join(names)}")


def kind_of_labels(y: Any) -> Literal["classes", "indicators", "positions"]:
    """Return whether rows have a class each, indicators of several labels, or several classes.

    Parameters
    ----------
    y : array or sparse matrix
        As returned by `check_labels`.

    Raises
    ------
    ValueError
        For numbers that are not whole.
    """
    flat = y.ravel() if y.ndim > 2 else y
    with np.errstate(invalid="ignore"):  # it casts floats to int64
        kind = type_of_target(flat, input_name="y")
    if kind.startswith("continuous"):
        values = np.ravel(y.data if hasattr(y, "tocsr") else y)
        value = next(iter(values[values != np.trunc(values)]), np.abs(values).max())
        raise ValueError(
            f"y must hold labels, got {value} (Unknown label type: {kind}); {TO_NUMBERS}"
        )
    if kind == "unknown":
        raise ValueError(f"y must hold labels, got shape {y.shape} (Unknown label type: unknown)")
    if y.ndim > 2 or kind == "multiclass-multioutput":
        return "positions"
    if kind != "multilabel-indicator":
        return "classes"
    return "indicators"


def warn_if_one_hot(y: np.ndarray, layer: str) -> None:
    """Warn of indicators that have exactly one label in each row, as one-hot classes do.

    Parameters
    ----------
    y : array of shape (n, k)
        Zeros and ones; rows with NaN are not looked at.
    layer : str
        Name of the output layer.

    Warns
    -----
    UserWarning
    """
    y = y[~np.isnan(y).any(axis=1)]
    if len(y) > 1 and (y.sum(axis=1) == 1).all() and y.max() == 1:
        warnings.warn(
            f"each row of y has exactly one of {y.shape[1]} labels, as one-hot classes do, but the "
            "columns are trained as independent labels; for classes that exclude each other pass "
            f"y.argmax(axis=1) or set {layer}_nonlinearity=skconv.nonlinearities.softmax; for "
            "independent labels, without this warning, set "
            "objective_loss_function='binary_crossentropy'",
            stacklevel=2,
        )


def check_enough(classes: np.ndarray, *, growing: bool) -> None:
    """Raise `ValueError` for fewer than two classes.

    Parameters
    ----------
    classes : array of shape (k,)
        The distinct labels.
    growing : bool
        Whether y may lack labels that come later.
    """
    if len(classes) < 2:
        got = "1 class" if len(classes) else "0 classes"
        hint = "; pass all labels as classes" if growing else ""
        raise ValueError(f"y must contain at least 2 classes, got {got}: {classes.tolist()}{hint}")


def warn_if_many(classes: np.ndarray, n: int) -> None:
    """Warn if labels repeat as rarely as numbers do.

    Parameters
    ----------
    classes : array of shape (k,)
        The distinct labels.
    n : int
        Number of labels in y.

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
    with _naming_ignore_label():
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
