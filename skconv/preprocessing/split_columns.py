"""Groups of columns of a table, as the inputs of a net."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse
from sklearn.utils import Tags
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted, validate_data

from ..errors import Problems, did_you_mean
from ..utils.checks import is_integer
from .columns import as_numbers, column_names, positions_of, select_columns
from .dict_transformer import DictTransformer
from .slice_dict import SliceDict

__all__ = ["SplitColumns"]

Columns: TypeAlias = str | int | slice | Sequence[Any] | Callable[[Any], Any]
"""Columns of a table, as `sklearn.compose.ColumnTransformer` takes them."""


class SplitColumns(DictTransformer):
    """Split the columns of a table into the inputs of a net.

    It makes a `SliceDict`, with an array for each input layer. As the last step before the net in a
    pipeline, it lets everything in scikit-learn pass one DataFrame or array: searches, bagging,
    permutation importance. Earlier steps such as a `ColumnTransformer` see the whole table.

    Parameters
    ----------
    inputs : dict of str to columns
        Columns by name of the input layer, as in `sklearn.compose.ColumnTransformer`: a name or
        position or a list of them, a slice (of names up to and including the last), a mask, or a
        function of X that returns one of these, such as
        ``make_column_selector(pattern='^pixel')``. Inputs may share columns.
    remainder : {'error', 'drop'}, default='error'
        What to do if columns are in no input.
    shapes : dict of str to tuple of int, default=None
        Shapes of the rows of inputs that are not flat, such as ``{'image': (1, 28, 28)}``. Input
        layers with a shape, ``image_shape=(None, 1, 28, 28)``, also take flat rows.

    Attributes
    ----------
    columns_ : dict of str to int array
        Positions of the columns of each input.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : array of str
        Names of the columns of X; only if X has string names.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn.compose import make_column_selector
    >>> X = pd.DataFrame({'pixel1': [0, 255], 'pixel2': [9, 0], 'age': [31.5, 64.0]})
    >>> X = X.astype({'pixel1': 'uint8', 'pixel2': 'uint8'})
    >>> split = SplitColumns({'image': make_column_selector('^pixel'), 'table': ['age']})
    >>> split.fit_transform(X)
    SliceDict(image=<uint8 of shape (2, 2)>, table=<float64 of shape (2, 1)>)
    >>> split.get_feature_names_out().tolist()
    ['image__pixel1', 'image__pixel2', 'table__age']
    """

    def __init__(
        self,
        inputs: Mapping[str, Columns],
        *,
        remainder: str = "error",
        shapes: Mapping[str, Sequence[int]] | None = None,
    ) -> None:
        self.inputs = inputs
        self.remainder = remainder
        self.shapes = shapes

    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Find the columns of each input.

        Parameters
        ----------
        X : DataFrame, array or sparse matrix of shape (n, columns)
        y : object
            Ignored.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            With all problems: columns that X does not have, that are in no input, or that do not
            hold numbers; shapes that do not fit.
        """
        self.fit_transform(X)
        return self

    def fit_transform(self, X: ArrayLike, y: Any = None) -> SliceDict:
        """Find the columns of each input, and split those of X.

        Parameters
        ----------
        X : DataFrame, array or sparse matrix of shape (n, columns)
        y : object
            Ignored.

        Returns
        -------
        SliceDict
            As `transform` returns it.
        """
        problems = Problems()
        named = isinstance(self.inputs, Mapping) and len(self.inputs) > 0
        if not named or not all(isinstance(name, str) for name in self.inputs):
            valid = "a dict of columns by name of the input layer"
            problems.add_parameter("inputs", valid, self.inputs)
        if self.remainder not in ("error", "drop"):
            problems.add_parameter("remainder", "'error' or 'drop'", self.remainder)
        problems.raise_any()
        table = self._read(X, reset=True)
        names = column_names(table)
        columns: dict[str, np.ndarray] = {}
        for name, selection in self.inputs.items():
            with problems.collect():
                columns[name] = positions_of(f"inputs[{name!r}]", selection, table)
        problems.raise_any()
        used = {int(i) for positions in columns.values() for i in positions}
        unused = [name for i, name in enumerate(names) if i not in used]
        if self.remainder == "error" and unused:
            listed = ", ".join(map(repr, unused[:5]))
            more = f" and {len(unused) - 5} more" if len(unused) > 5 else ""
            problems.add(
                f"inputs must use all columns of X, got none for {listed}{more}; add them to an "
                "input, or set remainder='drop'"
            )
        self._check_shapes(columns, problems)
        problems.raise_any()
        found = self._split(table, columns)
        self.columns_ = columns
        return found

    def _read(self, X: Any, *, reset: bool) -> Any:
        """Return X as a table, after its number and names of columns are checked."""
        X = np.asarray(X) if isinstance(X, list | tuple) else X
        shape = getattr(X, "shape", None)
        if shape is None or len(shape) != 2:
            got = type(X).__name__ if shape is None else f"shape {tuple(shape)}"
            raise ValueError(f"X must be a table of shape (n, columns), got {got}")
        return validate_data(self, X, reset=reset, skip_check_array=True)

    def _check_shapes(self, columns: Mapping[str, np.ndarray], problems: Problems) -> None:
        for name, shape in (self.shapes or {}).items():
            if name not in columns:
                hint = did_you_mean(str(name), columns)
                problems.add(f"shapes must have names of inputs as keys, got {name!r}.{hint}")
            elif not all(map(is_integer, shape)) or math.prod(shape) != len(columns[name]):
                problems.add(
                    f"shapes[{name!r}] must be the shape of a row of {len(columns[name])} values, "
                    f"got {tuple(shape)}"
                )

    def transform(self, X: ArrayLike) -> SliceDict:
        """Split the columns of X.

        Parameters
        ----------
        X : DataFrame, array or sparse matrix of shape (n, columns)
            With the columns that it had in `fit`.

        Returns
        -------
        SliceDict
            Arrays of shape ``(n, columns)``, or of the shape in `shapes`, by input. They keep the
            common dtype of their columns. Columns of an array side by side are not copied, and
            those of a sparse matrix stay sparse.

        Raises
        ------
        ValueError
            If X has other columns than in `fit`, or columns that do not hold numbers.
        """
        check_is_fitted(self)
        return self._split(self._read(X, reset=False), self.columns_)

    def _split(self, table: Any, columns: Mapping[str, np.ndarray]) -> SliceDict:
        problems, arrays = Problems(), {}
        for name, positions in columns.items():
            with problems.collect():
                arrays[name] = as_numbers(name, select_columns(table, positions))
                if self.shapes and name in self.shapes:
                    arrays[name] = _reshaped(name, arrays[name], self.shapes[name])
        problems.raise_any()
        return SliceDict(arrays)

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> np.ndarray:
        """Return the names of the columns of all inputs, each after the name of its input.

        Parameters
        ----------
        input_features : array-like of str, optional
            Names of the columns of X, if it had none.

        Returns
        -------
        array of str
        """
        check_is_fitted(self)
        names = _check_feature_names_in(self, input_features)
        found = [f"{key}__{names[i]}" for key, columns in self.columns_.items() for i in columns]
        return np.array(found, dtype=object)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = []
        return tags


def _reshaped(name: str, array: Any, shape: Sequence[int]) -> np.ndarray:
    if sparse.issparse(array):
        raise ValueError(
            f"shapes must not have {name!r}, whose columns are sparse and stay flat; give the "
            f"input layer its shape, as in {name}_shape={(None, *shape)}"
        )
    return array.reshape(len(array), *shape)
