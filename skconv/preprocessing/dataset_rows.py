"""X of a map-style dataset, whose rows are asked for when they are needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..utils.single_rows import SingleRows
from .map_dataset import ask_for, dataset_size, is_pair, read_dataset, row_array

__all__ = ["DatasetRows"]


class DatasetRows(SingleRows):
    """X of a map-style dataset, whose rows are asked for when they are needed.

    Nets read such an array chunk by chunk, while they train on the chunk before, so the dataset may
    be larger than memory. Each row is asked for once in each epoch. Nets do so by themselves if the
    rows of a dataset take more than two GiB, and otherwise read them once.

    Parameters
    ----------
    dataset : object with `__getitem__` and `__len__`
        ``dataset[i]`` is a row, as for `read_dataset`: x, a tuple ``(x,)`` or ``(x, y)``, or a dict
        of two columns, x and the target. Each x is an array, tensor or image of the shape and the
        dtype of the first one.
    target : str, optional
        The column that is y, if rows are dicts.
    workers : int, default=1
        Number of threads that ask for rows. If there are several, ``__getitem__`` is called by them
        at the same time; they are of use if it waits for files or runs compiled code.

    Attributes
    ----------
    shape : tuple of int
    dtype : dtype

    Raises
    ------
    ValueError
        If the dataset is empty, has no length, or has several inputs.

    Examples
    --------
    >>> class Squares:
    ...     def __len__(self):
    ...         return 3
    ...     def __getitem__(self, i):
    ...         return np.array([i, i + 1.0]), i**2
    >>> X = DatasetRows(Squares())
    >>> X.shape, X[[0, 2]].tolist(), X.targets()
    ((3, 2), [[0.0, 1.0], [2.0, 3.0]], array([0, 1, 4]))
    """

    def __init__(self, dataset: Any, target: str | None = None, workers: int = 1) -> None:
        size = dataset_size(dataset)
        if not size:
            got = "none" if size is None else size
            raise ValueError(f"dataset must have a length of at least 1, got {got}")
        if workers < 1:
            raise ValueError(f"workers must be a positive integer, got {workers!r}")
        self.dataset, self.target, self._size = dataset, target, size
        first = self._ask(0)
        super().__init__((size, *first.shape), first.dtype, workers)

    def __repr__(self) -> str:
        kind = type(self.dataset).__name__
        return f"DatasetRows(<{kind} with {self.dtype} of shape {self.shape}>)"

    def targets(self) -> Any:
        """Return y of all rows, which are asked for once.

        Returns
        -------
        array of shape (n, ...), dict or list of them, or None
            None if the rows have no targets.
        """
        if self.target is None and not is_pair(ask_for(self.dataset, 0, len(self))):
            return None
        _, y = read_dataset(_Targets(self._target, len(self)))
        return y

    def row(self, i: int) -> np.ndarray:
        """Return x of a row, as an array."""
        row = self._ask(i)
        if row.shape != self.shape[1:] or row.dtype != self.dtype:
            raise ValueError(
                f"X must have rows of one shape and dtype, got {self.dtype} of shape "
                f"{self.shape[1:]} in row 0 and {row.dtype} of shape {row.shape} in row {i}; "
                "convert them in the dataset"
            )
        return row

    def _ask(self, i: int) -> np.ndarray:
        return row_array("X", self._input(ask_for(self.dataset, i, self._size)), i)

    def _input(self, row: Any) -> Any:
        """Return x of a row."""
        value = row[0] if isinstance(row, tuple) else row
        if isinstance(value, Mapping):
            value = {name: part for name, part in value.items() if name != self.target}
            if len(value) == 1:
                return next(iter(value.values()))
        if isinstance(value, Mapping | tuple):
            several = f"{len(value)} of them"
            listed = ", ".join(map(str, value)) if isinstance(value, Mapping) else several
            raise ValueError(
                f"dataset must have a single input in each row, got {listed}; read several by "
                "skconv.preprocessing.read_dataset"
            )
        return value

    def _target(self, i: int) -> Any:
        row = ask_for(self.dataset, i, len(self))
        return row[1] if self.target is None else row[self.target]


class _Targets:
    """The targets of the rows, as a dataset of pairs without inputs."""

    def __init__(self, target_of: Callable[[int], Any], size: int) -> None:
        self._target_of, self._size = target_of, size

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, i: int) -> Any:
        return 0, self._target_of(i)
