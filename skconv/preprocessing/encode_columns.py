"""Encode the categories and numbers of a table, as the inputs of a net."""

from __future__ import annotations

import re
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone
from sklearn.utils import Tags, check_array
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted, validate_data

from ..errors import Problems, list_names
from ..utils.checks import is_integer, one_of
from ..utils.row_containers import has_names
from .category_codes import CategoryCodes
from .column_kinds import (
    CATEGORY,
    DATE,
    NUMBER,
    column_kind,
    column_of,
    floats,
    holds_flags,
    objects,
)
from .columns import column_names, positions_of
from .dict_transformer import DictTransformer
from .slice_dict import SliceDict
from .split_columns import Columns

__all__ = ["EncodeColumns"]

NUMERIC = "numeric"
"""Name of the input of all numbers."""

PASSTHROUGH = "passthrough"


class _Numbers(NamedTuple):
    """How columns of numbers are encoded.

    Parameters
    ----------
    positions : tuple of int
        Positions of the columns.
    transformer : transformer or None
    fill : array
        Value for missing numbers of each column, after the transformer.
    indicated : int array
        Which of the columns have an indicator.
    """

    positions: tuple[int, ...]
    transformer: Any
    fill: np.ndarray
    indicated: np.ndarray


class EncodeColumns(DictTransformer):
    """Encode the columns of a table as the inputs of a net with embeddings.

    Each column of categories becomes an input of integers, for an `EmbeddingLayer`; all numbers
    become one input, ``'numeric'``. `skconv.models.embed_columns` makes the layers that take them.

    Parameters
    ----------
    categorical_features : 'from_dtype' or columns, default='from_dtype'
        Columns of categories: names, positions, a slice, a mask, or a function of X that returns
        one of these, such as a ``make_column_selector``; an empty list for none. By default those
        of text, booleans and dtypes of categories. All others are numbers.
    numeric_transformer : transformer, 'passthrough' or None, default=None
        What is applied to the numbers. It must keep missing values, or replace them. By default a
        `sklearn.preprocessing.StandardScaler`, as nets train badly on numbers of different scales.
    handle_unknown : {'encode', 'error'}, default='encode'
        What to do with categories that were not in `fit`. The code 0 of each column is theirs.
    handle_missing : {'encode', 'error'}, default='encode'
        What to do with missing values: None, NaN and NA. Missing categories have a code of their
        own if there are any in `fit`, and else 0. Missing numbers become the mean of their column,
        and columns that have any in `fit` get a further column of zeros and ones, which says where.
    min_frequency : int or float, default=None
        Least number or share of the rows that have a category; those of less frequent ones get the
        code 0, too, so that its vector is trained.
    max_categories : int, default=None
        Most categories of a column with codes of their own, those that are most frequent. Others
        get the code 0.

    Attributes
    ----------
    categories_ : dict of str to list
        Categories by name of the input, in the order of their codes from 1. The name is that of the
        column as an identifier: ``'hours_per_week'`` for ``'hours-per-week'``.
    numeric_transformer_ : transformer or None
        The fitted transformer of the numbers.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : array of str
        Names of the columns of X; only if X has string names.

    See Also
    --------
    SplitColumns : For columns that hold numbers already.

    Examples
    --------
    >>> import pandas as pd
    >>> X = pd.DataFrame({'color': ['red', 'blue', None, 'red'], 'size': [1.0, 3.0, None, 2.0]})
    >>> encode = EncodeColumns().fit(X)
    >>> encode.categories_
    {'color': ['blue', 'red']}
    >>> encode.transform(X)['color'].ravel().tolist()
    [2, 1, 3, 2]
    >>> encode.transform(X)['numeric'].round(1).tolist()
    [[-1.2, 0.0], [1.2, 0.0], [0.0, 1.0], [0.0, 0.0]]
    >>> encode.get_feature_names_out().tolist()
    ['color', 'size', 'missingindicator_size']
    """

    def __init__(
        self,
        categorical_features: str | Columns = "from_dtype",
        *,
        numeric_transformer: Any = None,
        handle_unknown: str = "encode",
        handle_missing: str = "encode",
        min_frequency: float | None = None,
        max_categories: int | None = None,
    ) -> None:
        self.categorical_features = categorical_features
        self.numeric_transformer = numeric_transformer
        self.handle_unknown = handle_unknown
        self.handle_missing = handle_missing
        self.min_frequency = min_frequency
        self.max_categories = max_categories

    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Find the categories, and fit the transformer of the numbers.

        Parameters
        ----------
        X : DataFrame or array of shape (n, columns)
        y : array-like, optional
            Passed to the transformer of the numbers.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            With all problems: columns of dates, or of anything else that is neither category nor
            number; missing values if they are errors.
        """
        self.fit_transform(X, y)
        return self

    def fit_transform(self, X: ArrayLike, y: Any = None) -> SliceDict:
        """Fit, and encode X.

        Parameters
        ----------
        X : DataFrame or array of shape (n, columns)
        y : array-like, optional
            Passed to the transformer of the numbers.

        Returns
        -------
        SliceDict
            As `transform` returns it.
        """
        self._check_parameters()
        table = self._read(X, reset=True)
        kinds = self._kinds(table)
        categorical = [i for i, kind in enumerate(kinds) if kind == CATEGORY]
        inputs = _input_names(column_names(table), categorical)
        options = self._least(len(table)), self.max_categories
        codes = {
            name: CategoryCodes.of(objects(column_of(table, i)), *options)
            for name, i in inputs.items()
        }
        rest = tuple(i for i, kind in enumerate(kinds) if kind == NUMBER)
        self._positions, self._codes = inputs, codes
        self._numbers = self._fit_numbers(table, rest, y)
        self.categories_ = {name: list(own.categories) for name, own in codes.items()}
        self.numeric_transformer_ = self._numbers.transformer
        return self._encode(table)

    def _check_parameters(self) -> None:
        problems = Problems()
        for name in ("handle_unknown", "handle_missing"):
            if valid := one_of("encode", "error")(getattr(self, name)):
                problems.add_parameter(name, valid, getattr(self, name))
        least, most = self.min_frequency, self.max_categories
        is_share = isinstance(least, float) and 0 < least < 1
        if least is not None and not is_share and not is_integer(least, low=1):
            valid = "a positive integer, a number between 0 and 1, or None"
            problems.add_parameter("min_frequency", valid, least)
        if most is not None and not is_integer(most, low=1):
            problems.add_parameter("max_categories", "a positive integer or None", most)
        given = self.numeric_transformer
        if given is not None and given != PASSTHROUGH and not hasattr(given, "fit_transform"):
            valid = "a transformer, 'passthrough' or None"
            problems.add_parameter("numeric_transformer", valid, given)
        problems.raise_any()

    def _least(self, n: int) -> int:
        """Return the number of rows from which a category has a code of its own."""
        least = self.min_frequency
        return 1 if least is None else int(least if is_integer(least) else np.ceil(least * n))

    def _read(self, X: Any, *, reset: bool) -> Any:
        """Return X as a table, after its number and names of columns are checked."""
        if has_names(X):
            raise ValueError(f"X must be a table of shape (n, columns), got {type(X).__name__}")
        if not hasattr(X, "columns"):
            return validate_data(self, X, reset=reset, dtype=None, ensure_all_finite=False)
        table = validate_data(self, X, reset=reset, skip_check_array=True)
        if not len(table):
            raise ValueError("X must have at least one row, got none")
        return table

    def _kinds(self, table: Any) -> list[str]:
        """Return the kind of each column, or raise an error for those that cannot be encoded."""
        names, problems = column_names(table), Problems()
        kinds = [column_kind(column_of(table, i)) for i in range(len(names))]
        given = self.categorical_features
        if not (isinstance(given, str) and given == "from_dtype"):
            none = isinstance(given, list | tuple) and not given
            own: Any = [] if none else positions_of("categorical_features", given, table)
            for i, kind in enumerate(kinds):
                if i in own:
                    kinds[i] = CATEGORY
                elif kind == CATEGORY and holds_flags(column_of(table, i)):
                    kinds[i] = NUMBER
            text = [name for i, name in enumerate(names) if kinds[i] == CATEGORY and i not in own]
            if text:
                problems.add(
                    "categorical_features must have all columns of text and categories, got none "
                    f"for {list_names(map(repr, text), 5)}"
                )
        dates = [name for name, kind in zip(names, kinds, strict=True) if kind == DATE]
        if dates:
            problems.add(
                "X must have columns of categories and numbers, got dates or times in "
                f"{list_names(map(repr, dates), 5)}; replace them by numbers such as X[column]"
                ".dt.dayofweek, or by the days since a date"
            )
        others = [n for n, k in zip(names, kinds, strict=True) if k not in (CATEGORY, NUMBER, DATE)]
        if others:
            problems.add(
                "X must have columns of categories and numbers, got other objects in "
                f"{list_names(map(repr, others), 5)}"
            )
        problems.raise_any()
        return kinds

    def _fit_numbers(self, table: Any, positions: tuple[int, ...], y: Any) -> _Numbers:
        if not positions:
            return _Numbers(positions, None, np.empty(0), np.empty(0, int))
        values = self._floats(table, positions)
        transformer = self._new_transformer()
        scaled = values if transformer is None else transformer.fit_transform(values, y)
        scaled = _checked(scaled)
        known = ~np.isnan(scaled)
        counts = known.sum(axis=0)
        fill = np.where(known, scaled, 0.0).sum(axis=0) / np.maximum(counts, 1)
        indicated = np.flatnonzero(np.isnan(values).any(axis=0))
        return _Numbers(positions, transformer, fill, indicated)

    def _new_transformer(self) -> Any:
        """Return a new transformer of the numbers, or None."""
        from sklearn.preprocessing import StandardScaler  # an import of skconv does not load it

        given = self.numeric_transformer
        if given is None:
            return StandardScaler()
        return None if given == PASSTHROUGH else clone(given)

    def _floats(self, table: Any, positions: tuple[int, ...]) -> np.ndarray:
        """Return columns as float64, missing values as NaN."""
        names, problems, columns = column_names(table), Problems(), []
        for i in positions:
            try:
                columns.append(floats(column_of(table, i)))
            except (ValueError, TypeError) as error:
                problems.add(f"X must hold numbers in {names[i]!r}, as in fit: {error}")
        problems.raise_any()
        return check_array(np.stack(columns, axis=1), ensure_all_finite="allow-nan", input_name="X")

    def transform(self, X: ArrayLike) -> SliceDict:
        """Encode the columns of X.

        Parameters
        ----------
        X : DataFrame or array of shape (n, columns)
            With the columns that it had in `fit`.

        Returns
        -------
        SliceDict
            An int32 array of shape ``(n, 1)`` for each column of categories, and ``'numeric'``, a
            float64 array, if there are any numbers.

        Raises
        ------
        ValueError
            With all problems: unknown categories and missing values if they are errors, and values
            of another kind than in `fit`.
        """
        check_is_fitted(self)
        return self._encode(self._read(X, reset=False))

    def _encode(self, table: Any) -> SliceDict:
        problems, arrays = Problems(), {}
        names, missing = column_names(table), []
        for name, codes in self._codes.items():
            column = self._positions[name]
            found, unknown, gone = codes.encode(objects(column_of(table, column)))
            arrays[name] = found[:, None]
            missing += [names[column]] * gone
            if unknown and self.handle_unknown == "error":
                problems.add(
                    f"X must have categories of fit in {names[column]!r}, got "
                    f"{list_names(map(repr, unknown), 5)}; handle_unknown='encode' gives them a "
                    "code"
                )
        if self._numbers.positions:
            with problems.collect():
                values = self._floats(table, self._numbers.positions)
                gone = np.isnan(values).any(axis=0)
                missing += [names[i] for i in np.array(self._numbers.positions)[gone]]
                arrays[NUMERIC] = self._numeric(values)
        if missing and self.handle_missing == "error":
            problems.add(
                f"X must have no missing values, got some in {list_names(map(repr, missing), 5)}; "
                "handle_missing='encode' encodes them"
            )
        problems.raise_any()
        return SliceDict(arrays)

    def _numeric(self, values: np.ndarray) -> np.ndarray:
        """Return transformed numbers without missing ones, then the indicators."""
        own = self._numbers
        scaled = values if own.transformer is None else own.transformer.transform(values)
        scaled = _checked(scaled)
        filled = np.where(np.isnan(scaled), own.fill, scaled)
        return np.hstack([filled, np.isnan(values[:, own.indicated])])

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> np.ndarray:
        """Return the names of the columns, in the order of the inputs.

        Parameters
        ----------
        input_features : array-like of str, optional
            Names of the columns of X, if it had none.

        Returns
        -------
        array of str
            Those of categories, those of numbers as their transformer calls them, and an indicator
            for each column of numbers that had missing values.
        """
        check_is_fitted(self)
        names, own = _check_feature_names_in(self, input_features), self._numbers
        categories = [names[i] for i in self._positions.values()]
        numeric = names[list(own.positions)]
        indicators = [f"missingindicator_{name}" for name in numeric[own.indicated]]
        made = numeric
        if own.transformer is not None:
            made = own.transformer.get_feature_names_out(numeric)
        return np.array([*categories, *made, *indicators], dtype=object)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = []
        return tags


def _checked(scaled: Any) -> np.ndarray:
    """Return transformed numbers as an array, or raise an error if they are not finite."""
    return check_array(
        scaled, dtype=np.float64, ensure_all_finite="allow-nan", input_name="transformed X"
    )


def _input_names(names: list[Any], positions: list[int]) -> dict[str, int]:
    """Return the positions of columns by the names of their inputs."""
    found: dict[str, int] = {}
    for i in positions:
        column = names[i] if isinstance(names[i], str) else f"x{names[i]}"
        name = re.sub(r"[\W_]+", "_", column).strip("_")
        name = name if name.isidentifier() else f"x{name}"
        if name in found or name == NUMERIC:
            other = f"{names[found[name]]!r}" if name in found else "that of all numbers"
            raise ValueError(
                f"columns must have different names as inputs, got {name!r} for {names[i]!r} and "
                f"for {other}; rename the column"
            )
        found[name] = i
    return found
