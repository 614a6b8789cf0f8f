"""Fetch the results of program calls: outputs of all rows, and means of each epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from numbers import Real
from typing import Any

import jax
import numpy as np

from ..errors import InvalidParameterError
from ..ops.platform import platform
from .figures import means_of_sums


def wait_for_previous(results: list[Any]) -> None:
    """Wait for the result before the last, so that at most two chunks are in memory."""
    if len(results) > 1:
        jax.block_until_ready(results[-2])


def wait_on_host(results: list[Any]) -> None:
    """Wait for the last result if the device is the CPU.

    Chunks are then in the memory that the next one is read into meanwhile, and need no transfer.
    """
    if platform() == "cpu":
        jax.block_until_ready(results[-1])


def rows_of_batches(output: Any, n: int, copies: int = 1) -> Any:
    """Return the outputs of batches as the outputs of their rows.

    Parameters
    ----------
    output : array of shape (steps, copies * batch, ...), or tuple of such arrays
        Each batch holds all its rows, copy after copy.
    n : int
        Number of rows; later ones are padding.
    copies : int

    Returns
    -------
    array of shape (n, ...), or (copies, n, ...) if there are several, or a tuple of arrays
        Without a copy of a single one.
    """

    def of_rows(part: Any) -> np.ndarray:
        array = np.asarray(part)
        if copies == 1:
            return array.reshape(-1, *array.shape[2:])[:n]
        split = array.reshape(len(array), copies, -1, *array.shape[2:])
        return split.swapaxes(0, 1).reshape(copies, -1, *array.shape[2:])[:, :n]

    return _map_arrays(of_rows, output)


def _map_arrays(function: Callable[..., Any], value: Any, *others: Any) -> Any:
    """Call a function with an array, or with each of a list or tuple, as `jax.tree.map` does.

    For the few rows of a single answer, this takes a tenth of the time.
    """
    if isinstance(value, list | tuple):
        own = zip(value, *others, strict=True)
        return type(value)(_map_arrays(function, *parts) for parts in own)
    return None if value is None else function(value, *others)


def copy_rows(part: Any) -> Any:
    """Return a result for all rows in memory of its own."""
    return _map_arrays(np.array, part)


def join_rows(parts: Iterable[Any], n: int, copies: int = 1) -> Any:
    """Join results for some rows each, as they come, to the results for all rows.

    Parameters
    ----------
    parts : iterable of array, or of lists or tuples of arrays or None
        Each as of `rows_of_batches`.
    n : int
        Number of all rows.
    copies : int

    Returns
    -------
    array of shape (copies * n, ...), or list or tuple of them
        All rows, copy after copy, in memory of its own.

    Examples
    --------
    >>> join_rows([[np.array([1, 2]), None], [np.array([3]), None]], 3)
    [array([1, 2, 3]), None]
    """
    axis = int(copies > 1)
    whole: Any = None
    start = 0
    for part in parts:
        stop = start + _first_array(part).shape[axis]
        if stop - start == n:
            whole = copy_rows(part)
            break
        if whole is None:
            whole = _map_arrays(
                lambda own: np.empty((*own.shape[:axis], n, *own.shape[axis + 1 :]), own.dtype),
                part,
            )
        place = *(slice(None),) * axis, slice(start, stop)
        _map_arrays(
            lambda all_rows, own, place=place: all_rows.__setitem__(place, own), whole, part
        )
        start = stop
    return _map_arrays(lambda own: own.reshape(-1, *own.shape[2:]), whole) if axis else whole


def _first_array(value: Any) -> Any:
    """Return the first array in nested lists and tuples, whose other entries may be None."""
    if not isinstance(value, list | tuple):
        return value
    return next((array for one in value if (array := _first_array(one)) is not None), None)


def concatenate_batches(chunks: Sequence[Any], n: int, copies: int = 1) -> Any:
    """Concatenate the outputs of all batches to the outputs of all rows.

    Parameters
    ----------
    chunks : sequence of array of shape (steps, copies * batch, ...), or of tuples of such arrays
        Each batch holds all its rows, copy after copy.
    n : int
        Number of rows; later ones are padding.
    copies : int

    Returns
    -------
    array of shape (copies * n, ...), or a tuple of arrays
        All rows, copy after copy.
    """
    parts, left = [], n
    for chunk in chunks:
        parts.append(rows_of_batches(chunk, left, copies))
        left -= _first_array(parts[-1]).shape[int(copies > 1)]
    return join_rows(parts, n, copies)


def compute_score(name: str, score: Callable[[Any, Any], Any], y: Any, output: Any) -> float:
    """Compute one of the `custom_scores`.

    Parameters
    ----------
    name : str
        Its name, for messages.
    score : callable
        ``(y_true, y_output) -> float``.
    y, output : array, or tuple of arrays
        Encoded targets and outputs of all validation rows.

    Returns
    -------
    float

    Raises
    ------
    InvalidParameterError
        If the score fails, or returns anything but a number.

    Examples
    --------
    >>> compute_score('half', lambda y, output: output.mean(), None, np.array([0.25, 0.75]))
    0.5
    """
    try:
        value = score(y, output)
    except Exception as error:
        raise InvalidParameterError(
            f"the score {name!r} of custom_scores failed with {type(error).__name__}: {error}"
        ) from error
    array = np.asarray(value)
    if array.size != 1 or not (array.dtype.kind in "biuf" or isinstance(value, Real | Decimal)):
        raise InvalidParameterError(
            f"the score {name!r} of custom_scores must return a number, got "
            f"{f'an array of shape {array.shape}' if array.ndim else repr(value)}"
        )
    return float(array.reshape(()))


def weighted_means(tables: Sequence[jax.Array], names: list[str]) -> list[dict[str, float]]:
    """Divide the sums of all calls by their weight, for each epoch.

    Parameters
    ----------
    tables : sequence of array of shape (EPOCHS, sums)
        Sums as in `skconv.training.arguments.CallResult`.
    names : list of str
        Names of the sums, as in `skconv.training.figures`.

    Returns
    -------
    list of dict of str to float
        Means by name, epoch by epoch.
    """
    zero: Any = 0
    totals: np.ndarray = sum((np.asarray(table).astype(np.float64) for table in tables), zero)
    means = means_of_sums(totals, names)
    columns = {name: mean.tolist() for name, mean in means.items()}
    return [
        {name: column[epoch] for name, column in columns.items()} for epoch in range(len(totals))
    ]
