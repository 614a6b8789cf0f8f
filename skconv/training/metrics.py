"""Fetch the results of program calls: outputs of all rows, and means of each epoch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np


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


def weighted_means(tables: Sequence[jax.Array], names: list[str]) -> list[dict[str, float]]:
    """Divide the sums of all calls by their weight, for each epoch.

    Parameters
    ----------
    tables : sequence of array of shape (EPOCHS, sums)
        Sums as in `skconv.training.train_step.CallResult`.
    names : list of str
        Names of the sums; one is ``'weight'``.

    Returns
    -------
    list of dict of str to float
        Means by name, epoch by epoch.
    """
    zero: Any = 0
    totals: np.ndarray = sum((np.asarray(table).astype(np.float64) for table in tables), zero)
    weight = names.index("weight")
    means = totals / np.maximum(totals[:, [weight]], np.finfo(np.float32).tiny)
    rows = [dict(zip(names, row, strict=True)) for row in means.tolist()]
    return [{name: mean for name, mean in row.items() if name != "weight"} for row in rows]
