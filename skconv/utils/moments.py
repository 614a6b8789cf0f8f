"""Mean and standard deviation of rows that arrive in batches."""

from __future__ import annotations

import numpy as np


class Moments:
    """Weighted mean and standard deviation of rows, accumulated batch by batch in float64.

    The sums of squares are taken about the mean of each batch and merged (Chan et al. 1979), so
    that a large mean costs no precision.

    Parameters
    ----------
    axes : tuple of int
        Axes of a batch to average over; the first axis, of the rows, is one of them.

    Examples
    --------
    >>> moments = Moments((0,))
    >>> moments.add(np.array([[1.0, 5.0], [3.0, 5.0]]), np.ones(2))
    >>> moments.mean.tolist(), moments.scale.tolist()
    ([2.0, 5.0], [1.0, 1.0])
    """

    def __init__(self, axes: tuple[int, ...]) -> None:
        self._axes = axes
        self._weight: np.ndarray = np.zeros(())
        self._count = 0
        self._mean: np.ndarray = np.zeros(())
        self._squares: np.ndarray = np.zeros(())

    def add(self, X: np.ndarray, weights: np.ndarray) -> None:
        """Add a batch.

        Parameters
        ----------
        X : array of shape (n, ...)
        weights : array of shape (n,) or (n, ...)
            Non-negative weights of the rows, or of all values; those of weight zero may be NaN.
        """
        values = X.astype(np.float64, copy=False)
        own = weights.astype(np.float64)
        if weights.shape == values.shape:
            weight = own.sum(self._axes)
            values = np.where(own > 0, values, 0)
        else:
            positions = np.prod([values.shape[axis] for axis in self._axes if axis], dtype=float)
            weight = np.asarray(own.sum() * positions)
            own = own.reshape(-1, *(1,) * (values.ndim - 1))
        if not weight.any():
            return
        mean = (own * values).sum(self._axes) / np.where(weight > 0, weight, 1)
        squares = (own * np.square(values - np.expand_dims(mean, self._axes))).sum(self._axes)
        total, shift = self._weight + weight, mean - self._mean
        safe = np.where(total > 0, total, 1)
        self._squares = self._squares + squares + shift**2 * self._weight * weight / safe
        self._mean = self._mean + shift * weight / safe
        self._weight = total
        self._count += values.size // max(mean.size, 1)

    @property
    def mean(self) -> np.ndarray:
        """The mean."""
        return self._mean

    @property
    def scale(self) -> np.ndarray:
        """The standard deviation, with one for values that are constant up to rounding errors."""
        deviation = np.sqrt(self._squares / np.maximum(self._weight, np.finfo(float).tiny))
        error = np.finfo(np.float64).eps * self._count * np.abs(self._mean)
        return np.where(deviation > error + np.finfo(np.float32).tiny, deviation, 1.0)
