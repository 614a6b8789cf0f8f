"""Transformers that prepare arrays of images, as scikit-learn's prepare tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils import Tags, gen_batches
from sklearn.utils.validation import check_is_fitted, validate_data

__all__ = ["Standardize"]

ROWS = 256
"""Rows that are in memory in float64 at a time."""


class Standardize(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Subtract the mean of the training rows and divide by their deviation.

    Parameters
    ----------
    per : 'channel', 'pixel' or 'all'
        What has a mean and a deviation of its own: each channel (of a table each column), each
        number of a row, or nothing.
    with_mean : bool
        Whether the mean is subtracted.
    with_std : bool
        Whether rows are divided by the deviation; one of zero counts as one.

    Attributes
    ----------
    mean_, scale_ : float64 array, or None
        Of the shape of a row, with ones for the axes that share them: ``(channels, 1, 1)``.
    row_shape_ : tuple of int
        Shape of a row.
    n_features_in_ : int
        Channels of images, columns of a table.
    feature_names_in_ : array of str
        Names of the columns, where X had any.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).integers(0, 256, (100, 3, 8, 8), dtype=np.uint8)
    >>> standardize = Standardize().fit(X)
    >>> standardize.mean_.shape
    (3, 1, 1)
    >>> standardize.transform(X).dtype
    dtype('float32')
    """

    def __init__(
        self, per: str = "channel", *, with_mean: bool = True, with_std: bool = True
    ) -> None:
        self.per = per
        self.with_mean = with_mean
        self.with_std = with_std

    def fit(self, X: Any, y: Any = None) -> Self:
        """Compute mean and deviation.

        Parameters
        ----------
        X : array-like of shape (n, channels, ...) or (n, features)
            Of any numeric type.
        y : object
            Not used.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            For NaN, infinite values, and an unknown `per`.
        """
        own = {"channel": (1,), "pixel": None, "all": ()}
        if self.per not in own:
            raise ValueError(f"per={self.per!r} is not one of 'channel', 'pixel', 'all'")
        X = validate_data(self, X, allow_nd=True)
        kept = own[self.per]
        shared = (0,) if kept is None else tuple(i for i in range(X.ndim) if i not in kept)
        mean = X.mean(shared, dtype=np.float64, keepdims=True)
        self.row_shape_ = X.shape[1:]
        self.mean_ = mean[0] if self.with_mean else None
        self.scale_ = _deviation(X, mean, shared)[0] if self.with_std else None
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Standardise rows.

        Parameters
        ----------
        X : array-like of shape (n, channels, ...) or (n, features)

        Returns
        -------
        float32 array of the same shape
        """
        return self._moved(X, lambda X, mean, scale: (X - mean) / scale)

    def inverse_transform(self, X: Any) -> np.ndarray:
        """Undo `transform`.

        Parameters
        ----------
        X : array-like of shape (n, channels, ...) or (n, features)

        Returns
        -------
        float32 array of the same shape
        """
        return self._moved(X, lambda X, mean, scale: X * scale + mean)

    def _moved(self, X: Any, move: Any) -> np.ndarray:
        check_is_fitted(self)
        X = validate_data(self, X, allow_nd=True, reset=False)
        if X.shape[1:] != self.row_shape_:
            raise ValueError(
                f"X has rows of shape {X.shape[1:]}, but Standardize was fitted on rows of shape "
                f"{self.row_shape_}"
            )
        mean = 0.0 if self.mean_ is None else self.mean_
        scale = 1.0 if self.scale_ is None else self.scale_
        moved = np.empty(X.shape, np.float32)
        for rows in _blocks(X):
            moved[rows] = move(X[rows].astype(np.float64, copy=False), mean, scale)
        return moved

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


def _deviation(X: np.ndarray, mean: np.ndarray, shared: tuple[int, ...]) -> np.ndarray:
    """Deviation from the mean, and one where it is no more than the mean's rounding error."""
    count = X.size // mean.size
    squares = sum(np.square(X[rows] - mean).sum(shared, keepdims=True) for rows in _blocks(X))
    deviation = np.sqrt(squares / count)
    error = np.finfo(np.float64).eps * count * np.abs(mean)
    return np.where(deviation > error, deviation, 1.0)


def _blocks(X: np.ndarray) -> Iterator[slice]:
    return gen_batches(len(X), ROWS)
