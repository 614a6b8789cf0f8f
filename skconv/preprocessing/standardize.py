"""Standardization of images, sequences and tables."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils import Tags, gen_batches
from sklearn.utils.validation import check_is_fitted, validate_data

from ..utils.checks import one_of
from ..utils.image_shapes import (
    channels_hint,
    describe_rows,
    has_channels_first,
    has_channels_last,
    lacks_channels,
)
from ..utils.moments import Moments
from ..utils.versions import Versioned

__all__ = ["Standardize"]

ROWS = 256
"""Number of rows converted to float64 at a time."""


class Standardize(OneToOneFeatureMixin, TransformerMixin, Versioned, BaseEstimator):
    """Subtract the mean of the training set and divide by its standard deviation.

    Parameters
    ----------
    per : 'channel', 'pixel' or 'all'
        Whether each channel (each column of a table) or each value of a row has its own mean and
        standard deviation, or all share one.
    with_mean : bool
        Whether to subtract the mean.
    with_std : bool
        Whether to divide by the standard deviation; zero is replaced by one.
    data_format : {'channels_first', 'channels_last'}
        Whether images are ``(n, channels, height, width)`` or ``(n, height, width, channels)``. The
        standardized images have the same format.

    Attributes
    ----------
    mean_, scale_ : float64 array, or None
        Mean and standard deviation, of the shape of a row with ones for shared axes: ``(channels,
        1, 1)``, or ``(1, 1, channels)`` for channels last.
    row_shape_ : tuple of int
        Shape of a row.
    n_features_in_ : int
        Number of channels of images, or columns of a table; the height for channels last.
    feature_names_in_ : array of str
        Names of the columns, if X had any.

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
        self,
        per: str = "channel",
        *,
        with_mean: bool = True,
        with_std: bool = True,
        data_format: str = "channels_first",
    ) -> None:
        self.per = per
        self.with_mean = with_mean
        self.with_std = with_std
        self.data_format = data_format

    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Compute the mean and the standard deviation.

        Parameters
        ----------
        X : array-like of shape (n, channels, ...) or (n, features)
            Values of any numeric type.
        y : object
            Ignored.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If `per` or `data_format` is unknown, X has NaN or infinite values, or images have
            their channels where `data_format` does not expect them.

        Warns
        -----
        UserWarning
            If X may be images without channels.
        """
        if valid := one_of("channel", "pixel", "all")(self.per):
            raise ValueError(f"per must be {valid}, got {self.per!r}")
        if valid := one_of("channels_first", "channels_last")(self.data_format):
            raise ValueError(f"data_format must be {valid}, got {self.data_format!r}")
        data: np.ndarray = validate_data(self, X, allow_nd=True)
        axes = tuple(range(data.ndim))
        last = self.data_format == "channels_last"
        if self.per == "channel":
            _check_channels(data.shape[1:], last=last)
        apart = axes[-1] if last else axes[1]
        within = tuple(axis for axis in axes if axis != apart)
        shared = {"channel": within, "pixel": (0,), "all": axes}[self.per]
        moments = Moments(shared)
        for rows in _blocks(data):
            moments.add(data[rows], np.ones(len(data[rows])))
        mean, scale = (np.expand_dims(m, shared)[0] for m in (moments.mean, moments.scale))
        self.row_shape_ = data.shape[1:]
        self.mean_ = mean if self.with_mean else None
        self.scale_ = scale if self.with_std else None
        return self

    def transform(self, X: ArrayLike) -> np.ndarray:
        """Standardize rows.

        Parameters
        ----------
        X : array-like of shape (n, channels, ...) or (n, features)

        Returns
        -------
        float32 array of the same shape
        """
        return self._apply(X, lambda X, mean, scale: (X - mean) / scale)

    def inverse_transform(self, X: ArrayLike) -> np.ndarray:
        """Undo `transform`.

        Parameters
        ----------
        X : array-like of shape (n, channels, ...) or (n, features)

        Returns
        -------
        float32 array of the same shape
        """
        return self._apply(X, lambda X, mean, scale: X * scale + mean)

    def _apply(self, X: ArrayLike, function: Callable[[Any, Any, Any], np.ndarray]) -> np.ndarray:
        """Return ``function(X, mean, scale)`` as float32, computed in blocks of rows."""
        check_is_fitted(self)
        shape = getattr(X, "shape", ())
        if len(shape) > 1 and shape == self.row_shape_:
            raise ValueError(
                f"X must have shape {describe_rows(self.row_shape_)}, got {shape}; "
                "give a single image as X[None]"
            )
        data: np.ndarray = validate_data(self, X, allow_nd=True, reset=False)
        if data.shape[1:] != self.row_shape_:
            raise ValueError(
                f"X must have rows of shape {self.row_shape_}, as in fit, got {data.shape[1:]}"
            )
        mean = 0.0 if self.mean_ is None else self.mean_
        scale = 1.0 if self.scale_ is None else self.scale_
        result = np.empty(data.shape, np.float32)
        for rows in _blocks(data):
            result[rows] = function(data[rows].astype(np.float64, copy=False), mean, scale)
        return result

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


def _check_channels(row: tuple[int, ...], *, last: bool) -> None:
    """Raise `ValueError` for channels on another axis, and warn if there may be none."""
    if has_channels_first(row) if last else has_channels_last(row):
        hint = "set data_format='channels_first'" if last else channels_hint(row)
        axes = "(n, height, width, channels)" if last else "(n, channels, height, width)"
        raise ValueError(f"X must have shape {axes}, got {describe_rows(row)}; {hint}")
    if lacks_channels(row):
        channels = row[-1] if last else row[0]
        warnings.warn(
            f"X of shape {describe_rows(row)} is standardized as sequences of {channels} channels; "
            "give images a channel axis, X[:, None], or set per='all'",
            UserWarning,
            stacklevel=3,
        )


def _blocks(X: np.ndarray) -> Iterator[slice]:
    return gen_batches(len(X), ROWS)
