"""What calls of programs gave, on the host."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np


def wait_for_previous(found: list[Any]) -> None:
    """Wait for all chunks but the last, so that two of them are in memory and no more."""
    if len(found) > 1:
        jax.block_until_ready(found[-2])


def concatenate_batches(kept: Sequence[Any], n: int, copies: int = 1) -> Any:
    """Join batches, each of which holds copy after copy, to copies of all rows."""

    def join(*parts: jax.Array) -> np.ndarray:
        batches = [np.asarray(part) for part in parts]
        apart = [part.reshape(len(part), copies, -1, *part.shape[2:]) for part in batches]
        turned = [part.swapaxes(0, 1).reshape(copies, -1, *part.shape[3:]) for part in apart]
        rows = np.concatenate(turned, axis=1)[:, :n]
        return rows.reshape(-1, *rows.shape[2:])

    return jax.tree.map(join, *kept)


def weighted_means(found: Sequence[jax.Array], names: list[str]) -> list[dict[str, float]]:
    """Divide the sums of all calls by their weight, for each epoch.

    Parameters
    ----------
    found : sequence of array of shape (EPOCHS, names)
        As in `skconv.training.train_step.Trained`.
    names : list of str
        Of the columns.

    Returns
    -------
    list of dict of str to float
    """
    host = sum(np.asarray(sums).astype(np.float64) for sums in found)
    weight = names.index("weight")
    means = host / np.maximum(host[:, [weight]], np.finfo(np.float32).tiny)
    rows = [dict(zip(names, row, strict=True)) for row in means.tolist()]
    return [{name: mean for name, mean in row.items() if name != "weight"} for row in rows]
