"""Arrays whose rows are made one by one, in several threads, when they are wanted."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np


class SingleRows(ABC):
    """Base class of arrays whose rows cost the same wherever they are.

    No row is made that is not wanted, as it would be if slices of neighbors were read, and rows
    that are wanted together are made in parallel.

    Parameters
    ----------
    shape : tuple of int
    dtype : dtype
    workers : int
        Number of threads.
    """

    def __init__(self, shape: tuple[int, ...], dtype: Any, workers: int) -> None:
        self.shape, self.dtype, self.workers = shape, np.dtype(dtype), workers

    @abstractmethod
    def row(self, i: int) -> np.ndarray:
        """Return a row; called in several threads at a time."""

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: Any) -> np.ndarray:
        if isinstance(index, int | np.integer):
            return self.row(range(len(self))[index])
        places = np.arange(len(self))[index]
        out = np.empty((len(places), *self.shape[1:]), self.dtype)
        self.read_into(out, places)
        return out

    def read_into(self, out: np.ndarray, index: np.ndarray) -> None:
        """Write rows into an array, each of which is made once even if it is wanted several times.

        Parameters
        ----------
        out : array of shape (rows, ...)
            Of any dtype, to which the values are converted.
        index : int array of shape (rows,)
        """
        wanted, first, again = np.unique(index, return_index=True, return_inverse=True)

        def write(pair: tuple[Any, Any]) -> None:
            place, i = pair
            with np.errstate(over="ignore"):  # not inherited by threads
                out[place] = self.row(int(i))

        in_threads(write, list(zip(first, wanted, strict=True)), self.workers)
        if len(wanted) < len(index):
            out[:] = out[first[again]]


def in_threads(function: Any, items: Sequence[Any], workers: int) -> list[Any]:
    """Return the results of a function for each item; at the first exception, the rest is left.

    Parameters
    ----------
    function : callable
    items : sequence
    workers : int
        Number of threads at most. A single one is this thread, as rows of rows may be asked for
        one by one.

    Examples
    --------
    >>> in_threads(abs, [-1, 2, -3], workers=2)
    [1, 2, 3]
    """
    workers = min(workers, len(items))
    if workers <= 1:
        return list(map(function, items))
    with ThreadPoolExecutor(workers, "skconv-rows") as pool:
        return list(pool.map(function, items))
