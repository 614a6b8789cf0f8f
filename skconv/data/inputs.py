"""Validate X as users pass it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

from ..errors import Problems, did_you_mean
from ..utils.image_shapes import (
    describe_rows,
    has_channels_first,
    mismatch_hint,
    move_channels_first,
    move_channels_last,
)
from ..utils.row_containers import has_names
from .array_kinds import check_kind, explaining
from .features import check_features
from .late_rows import FEW, LateRows, as_late, late_rows
from .plain_rows import plain_rows
from .rows import ChannelsLast, Reading, Rows
from .sound_values import check_sparse, warn_of_rounding

Features: TypeAlias = ArrayLike | sparse.sparray | sparse.spmatrix | Mapping[str, ArrayLike]
"""X as users pass it: an array, a DataFrame, a sparse matrix, or a dict of arrays by input."""

Targets: TypeAlias = (
    ArrayLike | sparse.sparray | sparse.spmatrix | Mapping[str, ArrayLike] | Sequence[ArrayLike]
)
"""y as users pass it; a dict, a sequence or an array with columns if there are several outputs."""

DataFormat: TypeAlias = str | Mapping[str, str]
"""``'channels_first'`` or ``'channels_last'``, or one of them by input."""

FIRST, LAST = "channels_first", "channels_last"

DTYPES = [np.float32, np.uint8]
"""Dtypes that X keeps; all others are converted to the first."""


@dataclass(frozen=True, eq=False)
class RowSubset:
    """A subset of the rows of X, without a copy of the data.

    Parameters
    ----------
    X : array-like, DataFrame, sparse matrix, or dict of arrays
    index : int array of shape (n,)
    """

    X: Any
    index: np.ndarray


def row_shapes(X: Any, data_format: DataFormat = FIRST) -> dict[Any, tuple[int, ...]]:
    """Return the shape of a row of each array, even if the arrays are not valid otherwise."""
    X = X.X if isinstance(X, RowSubset) else X
    arrays = X if has_names(X) else {None: X}
    formats = _formats(data_format, arrays, Problems())
    shapes = {}
    for name, array in arrays.items():
        with Problems().collect():
            row = np.shape(array)[1:]
            last = formats[name] == LAST and len(row) > 1
            shapes[name] = move_channels_first(row) if last else row
    return {name: shape for name, shape in shapes.items() if shape and all(shape)}


def reading_options(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters by which X is read, as arguments of `check_rows`."""
    return {"check": bool(params["check_input"]), "data_format": params["data_format"]}


def check_rows(
    estimator: Any,
    X: Features,
    *,
    reset: bool,
    check: bool = True,
    data_format: DataFormat = FIRST,
    expected: Mapping[Any, tuple[int, ...]] | None = None,
    ahead: bool = True,
) -> Rows:
    """Validate X as scikit-learn does, for any number of axes.

    Parameters
    ----------
    estimator : object
        Gets ``n_features_in_`` (values per row, of all inputs together) and ``feature_names_in_``
        (a dict by input if there are several) with `reset`; otherwise X is compared with them.
    X : array-like, DataFrame, sparse matrix, or dict of them
        A dict has one array for each input layer.
    reset : bool
        True in fit.
    check : bool
        Whether to check for NaN and infinite values.
    data_format : str or dict of str
        Where images have their channels, for all inputs or by name.
    expected : mapping of str to tuple of int, optional
        Shape of a row for each input of the network, if known, for hints.
    ahead : bool
        Whether the values of arrays that are read chunk by chunk are checked now, rather than as
        they are read.

    Returns
    -------
    Rows
        Channels first; under the name None if X is not a dict.

    Raises
    ------
    ValueError
        For NaN, infinity, no rows, no features, arrays of different lengths, a number of
        features that differs from that in `fit`, or anything that is not an array of numbers.
    """
    if not reset and data_format == FIRST:
        plain = plain_rows(estimator, X, expected, check=check)
        if plain is not None:
            return plain
    problems = Problems()
    named = X if has_names(X) else {None: X}
    known = {name: (name, row) for name, row in (expected or {}).items()}
    if len(known) == 1 and None in named:
        known = {None: next(iter(known.values()))}
    formats = _formats(data_format, named, problems)
    arrays, shapes, columns, given = {}, {}, {}, {}
    for name, array in named.items():
        what = "X" if name is None else f"X[{name!r}]"
        with problems.collect(), np.errstate(over="ignore"):
            view = as_late(what, array)
            first = array if view is None else view.read(slice(FEW))
            place = None if view is None else view.shape
            last = formats[name] == LAST
            read, shape = _flat(what, first, known.get(name), last=last, shape=place)
            options: dict[str, Any] = {"accept_sparse": "csr", "dtype": DTYPES}
            options["ensure_all_finite"] = check and view is None
            with explaining(what, first):
                if name is None:
                    checked = validate_data(estimator, read, reset=reset, **options)
                else:
                    checked = check_array(read, input_name=what, **options)
                    given[name] = read
            if view is not None:
                checked = late_rows(what, view, check=check, ahead=ahead)
            if check and reset:
                pair = checked.sample() if isinstance(checked, LateRows) else (read, checked)
                warn_of_rounding(what, *pair)
            if hasattr(array, "columns"):
                columns[name] = list(map(str, array.columns))
            last = last and len(shape) > 1
            arrays[name] = ChannelsLast(checked, shape) if last else checked
            shapes[name] = move_channels_first(shape) if last else shape or checked.shape[1:]
    lengths = {name: array.shape[0] for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        problems.add(f"the arrays of X must have the same length, got {lengths}")
    problems.raise_any()
    if given:
        check_features(estimator, given, reset=reset)
    flat = frozenset(name for name, shape in shapes.items() if len(shape) == 1)
    flat_last = frozenset(name for name in flat if formats[name] == LAST)
    return Rows(arrays, shapes, reading=Reading(bool(check), flat_last, columns))


def takes_channels_last(data_format: DataFormat, name: str) -> bool:
    """Return whether the array of an input has channels last, as the only one or in a dict."""
    return _formats(data_format, {name: None}, Problems())[name] == LAST


def _formats(
    data_format: DataFormat, named: Mapping[Any, Any], problems: Problems
) -> dict[Any, str]:
    """Return the data format of each input."""
    if not isinstance(data_format, Mapping):
        return dict.fromkeys(named, data_format)
    if None in named and len(data_format) == 1:
        return {None: next(iter(data_format.values()))}
    for name in data_format:
        if name not in named:
            problems.add(
                f"data_format must have names of inputs in X as keys, got {name!r}."
                f"{did_you_mean(name, [key for key in named if key is not None])}"
            )
    return {name: data_format.get(name, FIRST) for name in named}


def _flat(
    what: str,
    X: Any,
    expected: tuple[str, tuple[int, ...]] | None,
    *,
    last: bool,
    shape: tuple[int, ...] | None = None,
) -> tuple[Any, tuple[int, ...]]:
    """Return X with flattened rows, and the shape of a row if it had more than one axis.

    Parameters
    ----------
    what : str
        Name of X for messages.
    X : object
        All rows, or the first of them.
    expected : (str, tuple of int) or None
        Name of the input layer and shape of a row as it takes it, channels first, if known.
    last : bool
        Whether channels are last.
    shape : tuple of int, optional
        Shape of all rows together, if X has only the first.
    """
    X = check_kind(what, X)
    if sparse.issparse(X):
        check_sparse(what, X)
    shape = np.shape(X) if shape is None else shape
    if expected is not None:
        name, row = expected
        _check_size(what, name, shape, move_channels_last(row) if last and len(row) > 1 else row)
    if last and has_channels_first(shape[1:]):
        raise ValueError(
            f"{what} must have shape (n, height, width, channels) with "
            f"data_format='channels_last', got {describe_rows(shape[1:])}"
        )
    if not isinstance(X, np.ndarray) or X.ndim <= 2:
        return X, ()
    return X.reshape(len(X), -1) if len(X) else X.reshape(0, math.prod(shape[1:])), shape[1:]


def _check_size(what: str, name: str, shape: tuple[int, ...], row: tuple[int, ...]) -> None:
    """Raise `ValueError` for rows of another size, such as a single sample without its axis."""
    if len(row) < 2 or len(shape) < 2 or math.prod(shape[1:]) == math.prod(row):
        return
    hint = mismatch_hint(shape, row)
    if hint or len(shape) > 2:
        hint = hint and f"; {hint}"
        raise ValueError(
            f"{what} must have shape {describe_rows(row)} for the input layer {name!r}, "
            f"got {shape}{hint}"
        )
