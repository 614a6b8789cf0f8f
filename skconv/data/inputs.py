"""Validate X, and select and shape its rows for the network."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, TypeGuard, cast

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

from ..errors import Problems, did_you_mean

Features: TypeAlias = ArrayLike | sparse.sparray | sparse.spmatrix | Mapping[str, ArrayLike]
"""X as users pass it: an array, a DataFrame, a sparse matrix, or a dict of arrays by input."""

Targets: TypeAlias = (
    ArrayLike | sparse.sparray | sparse.spmatrix | Mapping[str, ArrayLike] | Sequence[ArrayLike]
)
"""y as users pass it; a dict, a sequence or an array with columns if there are several outputs."""

DTYPES = [np.float32, np.uint8]
"""Dtypes that X keeps; all others are converted to the first."""


@dataclass(frozen=True)
class Rows:
    """Rows of one or several input arrays.

    Parameters
    ----------
    arrays : dict of str to array or CSR matrix of shape (n, values)
        Flattened samples by name of the input layer; the name is None if X was not a dict.
    shapes : dict of str to tuple of int
        Shape of a row, as given or, once arranged, as the network takes it.
    index : int array of shape (n,), optional
        Positions of the rows in the arrays; by default all. Taking a subset copies no data.
    into : dict of str to tuple of int, optional
        Shape of a row as the network takes it, if a transform comes before.
    """

    arrays: dict[Any, Any]
    shapes: dict[Any, tuple[int, ...]]
    index: np.ndarray | None = None
    into: dict[Any, tuple[int, ...]] | None = None

    def __len__(self) -> int:
        kept = next(iter(self.arrays.values())) if self.index is None else self.index
        return kept.shape[0]

    def row_bytes(self) -> int:
        """Return the size of one row on the device."""
        shapes = self.into or self.shapes
        return sum(a.dtype.itemsize * math.prod(shapes[n]) for n, a in self.arrays.items())

    def take(self, index: np.ndarray | slice) -> dict[Any, np.ndarray]:
        """Return some rows as dense arrays in their shapes; a slice of dense rows is a view."""
        index = self._within(index)
        return {
            name: _dense(array, index).reshape(-1, *self.shapes[name])
            for name, array in self.arrays.items()
        }

    def subset(self, index: np.ndarray) -> Rows:
        """Return a subset of the rows."""
        return replace(self, index=self._within(index))

    def whole(self) -> Rows:
        """Return all rows of the arrays."""
        return replace(self, index=None)

    def _within(self, index: Any) -> Any:
        return index if self.index is None else self.index[index]

    def all(self) -> Any:
        """Return a copy of all rows: an array, or a dict of arrays if there are several inputs."""
        arrays = self.take(np.arange(len(self)))
        return next(iter(arrays.values())) if len(arrays) == 1 else arrays

    def like(self, X: Any) -> Rows:
        """Return rows of the same inputs, from arrays in the form that `all` returns."""
        named = X if isinstance(X, dict) else dict.fromkeys(self.arrays, X)
        arrays = {name: x.reshape(len(x), -1) for name, x in named.items()}
        return replace(self, arrays=arrays, index=None)

    def enter(self, X: Mapping[Any, np.ndarray]) -> dict[Any, np.ndarray]:
        """Give transformed rows the shapes of the input layers.

        Raises
        ------
        ValueError
            If they do not fit.
        """
        if self.into is None:
            return dict(X)
        problems, entered = Problems(), {}
        for name, array in X.items():
            row, shape = array.shape[1:], self.into[name]
            if _fits(row, shape):
                entered[name] = array.reshape(len(array), *shape)
            else:
                problems.add(_misfit("the transformed batch", name, row, shape))
        problems.raise_any()
        return entered

    def arrange(
        self, shapes: Mapping[str, tuple[int | None, ...]], *, changed: bool = False
    ) -> Rows:
        """Give the rows the shapes of the input layers.

        Flat rows fit any shape with the same number of values; axes of length one may be added or
        removed.

        Parameters
        ----------
        shapes : mapping of str to tuple
            Shape of each input layer, the batch axis first.
        changed : bool
            Whether a transform comes before the network. If so, the rows keep their shape, and
            `enter` reshapes the transformed ones.

        Returns
        -------
        Rows

        Raises
        ------
        ValueError
            If names or shapes do not fit.
        """
        problems = Problems()
        arrays, own, arranged = {}, {}, {}
        given = self.arrays
        if set(given) != set(shapes) and len(given) == len(shapes) == 1 and None in given:
            given = dict.fromkeys(shapes, given[None])
        for name in given:
            if name not in shapes:
                problems.add(
                    f"X must have names of input layers as keys, got {name!r}."
                    f"{did_you_mean(name, shapes)}"
                )
        for name, shape in shapes.items():
            if name not in given:
                problems.add(
                    f"X must have an array for the input layer {name!r}; give a dict of arrays"
                )
                continue
            own[name] = self.shapes[name if name in self.shapes else None]
            arrays[name] = given[name]
            arranged[name] = cast(tuple[int, ...], tuple(shape[1:]))  # only the batch may be None
            if not (changed or _fits(own[name], arranged[name])):
                problems.add(_misfit("X", name, own[name], arranged[name]))
        problems.raise_any()
        if changed:
            return Rows(arrays, own, self.index, arranged)
        return Rows(arrays, arranged, self.index)


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


def row_shapes(X: Any) -> dict[str | None, tuple[int, ...]]:
    """Return the shape of a row of each array, even if the arrays are not valid otherwise."""
    X = X.X if isinstance(X, RowSubset) else X
    arrays = X if _has_names(X) else {None: X}
    shapes = {name: np.shape(array)[1:] for name, array in arrays.items()}
    return {name: shape for name, shape in shapes.items() if shape and all(shape)}


def _has_names(X: Any) -> TypeGuard[dict[str, Any]]:
    """Return whether X is a dict of arrays; some sparse matrices are dicts too."""
    return isinstance(X, dict) and not sparse.issparse(X)


def _dense(array: Any, index: np.ndarray | slice) -> np.ndarray:
    rows = array[index]
    return rows.toarray() if sparse.issparse(rows) else rows


def _fits(row: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    if len(row) == 1:
        return row[0] == math.prod(shape)
    return [n for n in row if n != 1] == [n for n in shape if n != 1]


def _misfit(what: str, name: str, row: tuple[int, ...], shape: tuple[int, ...]) -> str:
    def text(sizes: tuple[int, ...]) -> str:
        return "(n, " + ", ".join(map(str, sizes)) + ")"

    message = f"{what} must have shape {text(shape)} for the input layer {name!r}, got {text(row)}"
    if len(row) == 3 and (row[2], row[0], row[1]) == shape:
        message += "; images are channels first: X.transpose(0, 3, 1, 2)"
    return message


def check_rows(estimator: Any, X: Features, *, reset: bool, check: bool = True) -> Rows:
    """Validate X as scikit-learn does, for any number of axes.

    Parameters
    ----------
    estimator : object
        Gets ``n_features_in_`` (values per row) and ``feature_names_in_`` with `reset`; otherwise
        X is compared with them.
    X : array-like, DataFrame, sparse matrix, or dict of them
        A dict has one array for each input layer.
    reset : bool
        True in fit.
    check : bool
        Whether to check for NaN and infinite values.

    Returns
    -------
    Rows
        Under the name None if X is not a dict.

    Raises
    ------
    ValueError
        For NaN, infinity, no rows, no features, arrays of different lengths, or a number of
        features that differs from that in `fit`.
    """
    options: dict[str, Any] = {
        "accept_sparse": "csr",
        "dtype": DTYPES,
        "ensure_all_finite": check,
    }
    if _has_names(X):
        return _check_dict(X, options)
    X, shape = _flat(X)
    with np.errstate(over="ignore"):
        checked = validate_data(estimator, X, reset=reset, **options)
    return Rows({None: checked}, {None: shape or checked.shape[1:]})


def _check_dict(X: dict[str, Any], options: dict[str, Any]) -> Rows:
    problems = Problems()
    arrays, shapes = {}, {}
    for name, array in X.items():
        flat, shape = _flat(array)
        with problems.collect(), np.errstate(over="ignore"):
            arrays[name] = check_array(flat, input_name=f"X[{name!r}]", **options)
            shapes[name] = shape or arrays[name].shape[1:]
    lengths = {name: array.shape[0] for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        problems.add(f"the arrays of X must have the same length, got {lengths}")
    if not X:
        problems.add("X must have an array for each input layer, got an empty dict")
    problems.raise_any()
    return Rows(arrays, shapes)


def _flat(X: Any) -> tuple[Any, tuple[int, ...]]:
    if isinstance(X, list | tuple) or (getattr(X, "ndim", 0) > 2 and not sparse.issparse(X)):
        X = np.asarray(X)
    if not isinstance(X, np.ndarray) or X.ndim <= 2:
        return X, ()
    return X.reshape(len(X), -1) if len(X) else X.reshape(0, math.prod(X.shape[1:])), X.shape[1:]


def check_weights(sample_weight: ArrayLike, n: int) -> np.ndarray:
    """Validate the sample weights of `n` rows.

    Parameters
    ----------
    sample_weight : array-like of shape (n,)
    n : int

    Returns
    -------
    float32 array of shape (n,)

    Raises
    ------
    ValueError
        For a shape other than ``(n,)``, negative weights, or no positive weight.
    """
    name = "sample_weight"
    weights = check_array(
        sample_weight, ensure_2d=False, allow_nd=True, dtype=np.float32, input_name=name
    )
    if weights.ndim != 1:
        raise ValueError(f"sample_weight must have one axis, got {weights.ndim}")
    if weights.shape != (n,):
        raise ValueError(f"sample_weight.shape == {weights.shape}, expected {(n,)}!")
    if weights.min() < 0:
        raise ValueError("Negative values in data passed to `sample_weight`")
    if not weights.any():
        raise ValueError("Sample weights must contain at least one non-zero number.")
    return weights
