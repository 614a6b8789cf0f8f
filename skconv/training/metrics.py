"""Fetch the results of program calls: outputs of all rows, and means of each epoch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from numbers import Real
from typing import Any

import jax
import numpy as np

from ..errors import InvalidParameterError
from .figures import means_of_sums


def wait_for_previous(results: list[Any]) -> None:
    """Wait for the result before the last, so that at most two chunks are in memory."""
    if len(results) > 1:
        jax.block_until_ready(results[-2])


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

    def concatenate(*parts: jax.Array) -> np.ndarray:
        arrays = [np.asarray(part) for part in parts]
        split = [array.reshape(len(array), copies, -1, *array.shape[2:]) for array in arrays]
        by_copy = [array.swapaxes(0, 1).reshape(copies, -1, *array.shape[3:]) for array in split]
        rows = np.concatenate(by_copy, axis=1)[:, :n]
        return rows.reshape(-1, *rows.shape[2:])

    return jax.tree.map(concatenate, *chunks)


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
    return [
        {name: float(mean[epoch]) for name, mean in means.items()} for epoch in range(len(totals))
    ]
