"""Weights by which means over batches of several shapes are means over all their targets."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ..targets.by_output import as_tuple
from ..targets.ragged_array import RaggedArray, array_parts
from .dataset import Dataset


def weigh_positions(train: Dataset, valid: Dataset | None) -> tuple[Dataset, Dataset | None]:
    """Weigh rows by their number of targets if these differ.

    All targets then count alike in the means of an epoch. The mean of a batch does not change,
    because its rows have one shape.

    Parameters
    ----------
    train : Dataset
    valid : Dataset or None

    Returns
    -------
    train : Dataset
    valid : Dataset or None
        Rows have weights if all outputs have as many targets as another in each row, relative to
        their mean; otherwise the targets of each output have weights of their own.
    """
    datasets = [dataset for dataset in (train, valid) if dataset]
    sizes = [[_relative_sizes(part) for part in as_tuple(one.y)] for one in datasets]
    by_row = all(np.allclose(own, first) for first, *others in sizes for own in others)
    if by_row:
        pairs = zip(datasets, sizes, strict=True)
        datasets = [one if (own[0] == 1).all() else one.weighted(own[0]) for one, own in pairs]
    else:
        datasets = [_weigh_targets(*pair) for pair in zip(datasets, sizes, strict=True)]
    return datasets[0], datasets[1] if valid else None


def _relative_sizes(y: Any) -> np.ndarray:
    """Return the number of targets of each row, divided by the mean of all rows."""
    sizes = np.ones(len(y))
    if isinstance(y, RaggedArray):
        for positions, rows in y.parts():
            sizes[positions] = rows[0].size
    return sizes / sizes.mean()


def _weigh_targets(dataset: Dataset, sizes: list[np.ndarray]) -> Dataset:
    """Multiply the weights of the targets of each output by the sizes of their rows."""
    weighted = []
    for weights, own in zip(dataset.with_target_weights().target_weights or (), sizes, strict=True):
        parts = [
            rows * own[index].astype(np.float32).reshape(-1, *(1,) * (rows.ndim - 1))
            for index, rows in array_parts(weights)
        ]
        weighted.append(weights.like(parts) if isinstance(weights, RaggedArray) else parts[0])
    return replace(dataset, target_weights=tuple(weighted))
