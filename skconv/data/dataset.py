"""Rows to train or to evaluate on, with their encoded targets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import jax
import numpy as np
from sklearn.utils import gen_batches

from ..utils.moments import Moments
from .chunks import first_batch, iterate_chunks, take_targets
from .iterators import BatchIterator, has_transform
from .output_targets import as_tuple
from .rows import Inputs, Rows

Shapes = Mapping[str, tuple[int | None, ...]]
"""Shapes of the input or output layers by name, with the batch axis first."""

Scale = tuple[np.ndarray, np.ndarray]
"""Mean and standard deviation of an output's targets, as float64 in the shape of its rows."""

BATCH_BYTES = 2**22
"""Size of the batches from which statistics of the training rows are computed."""


def arranged_rows(rows: Rows, y: Any, iterator: BatchIterator, inputs: Inputs) -> Rows:
    """Return rows in the shapes of the input layers, or ready to be transformed to these.

    Parameters
    ----------
    rows : Rows
    y : array of shape (n, ...), tuple of arrays, or None
        Encoded targets, for a transform of the iterator.
    iterator : BatchIterator
    inputs : Inputs
    """
    if not has_transform(iterator):
        return rows.arrange(inputs)
    if inputs.resize is not None:
        X, _ = first_batch(rows, y, iterator)
        inputs = inputs.fitting({name: array.shape[1:] for name, array in X.items()})
    return rows.arrange(inputs, changed=True)


@dataclass(frozen=True, eq=False)
class Dataset:
    """Rows to train or to evaluate on, with their targets.

    Parameters
    ----------
    rows : Rows
    y : array or tuple of array
        Encoded targets; a tuple if there are several outputs.
    weights : array of shape (n,) or None
        Sample weights.
    iterator : BatchIterator
        Cuts the rows into batches.
    """

    rows: Rows
    y: Any
    weights: np.ndarray | None
    iterator: BatchIterator

    @property
    def steps(self) -> int:
        """Number of batches in an epoch."""
        return -(-len(self.rows) // self.iterator.batch_size)

    @property
    def index(self) -> np.ndarray:
        """Indices of the rows in the arrays that hold them."""
        index = self.rows.index
        return np.arange(len(self.rows)) if index is None else index

    def subset(self, index: np.ndarray) -> Dataset:
        """Return a dataset of some of the rows."""
        weights = None if self.weights is None else self.weights[index]
        y = take_targets(self.y, index)
        return replace(self, rows=self.rows.subset(index), y=y, weights=weights)

    def arranged(self, inputs: Inputs) -> Dataset:
        """Return a dataset whose rows have the shapes of the input layers, and suit them.

        If the iterator has a transform, this holds for its batches instead.
        """
        rows = arranged_rows(self.rows, self.y, self.iterator, inputs)
        return replace(self, rows=rows)

    def target_scale(self, i: int) -> Scale:
        """Return the weighted mean and standard deviation of the targets of output `i`.

        They are rounded to float32, as the network keeps them.
        """
        y = as_tuple(self.y)[i]
        moments = Moments((0,))
        moments.add(y, np.ones(len(y)) if self.weights is None else self.weights)
        mean, scale = (
            values.astype(np.float32).astype(np.float64) for values in (moments.mean, moments.scale)
        )
        return mean, scale

    def batches(self) -> Iterator[tuple[dict[str, np.ndarray], np.ndarray]]:
        """Yield all rows in batches as they enter the network, with their weights."""
        if has_transform(self.iterator):
            for chunk in iterate_chunks(self.rows, self.y, self.weights, self.iterator):
                for step in range(chunk.steps):
                    yield {name: X[step] for name, X in chunk.X.items()}, chunk.weights[step]
            return
        n = len(self.rows)
        weights = np.ones(n, np.float32) if self.weights is None else self.weights
        for rows in gen_batches(n, max(1, BATCH_BYTES // self.rows.row_bytes())):
            yield self.rows.take(rows), weights[rows]

    def batch_shapes(self) -> tuple[dict[str, Any], Any]:
        """Return the shapes and dtypes of X and y in the first batch."""
        batch = first_batch(self.rows, self.y, self.iterator)
        return jax.tree.map(lambda array: jax.ShapeDtypeStruct(array.shape, array.dtype), batch)
