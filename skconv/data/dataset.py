"""Rows to train or to evaluate on, with their encoded targets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import numpy as np
from sklearn.utils import gen_batches

from ..targets.by_output import as_tuple
from ..targets.holes import is_known
from ..targets.ragged_array import RaggedArray, array_parts, map_rows
from ..targets.weighted_targets import WeightedTargets, take_targets
from ..utils.moments import Moments
from .chunks import first_batch, iterate_chunks
from .iterators import BatchIterator, has_transform
from .ragged_rows import RaggedRows, groups_of
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
    if isinstance(rows, RaggedRows):
        arranged = [
            arranged_rows(group, take_targets(y, positions), iterator, inputs)
            for positions, group in groups_of(rows)
        ]
        return RaggedRows.of(arranged, rows.positions)
    if inputs.resize is not None:
        X, _ = first_batch(rows, y, iterator)
        inputs = inputs.fitting({name: array.shape[1:] for name, array in X.items()})
    return rows.arrange(inputs, changed=True)


def _ones(y: Any) -> tuple[Any, ...]:
    """Return a weight of one for each target, by output."""
    return tuple(
        map_rows(lambda rows: np.ones(rows.shape, np.float32), part) for part in as_tuple(y)
    )


@dataclass(frozen=True, eq=False)
class Dataset:
    """Rows to train or to evaluate on, with their targets.

    Parameters
    ----------
    rows : Rows
    y : array, RaggedArray, or tuple of them
        Encoded targets; a tuple if there are several outputs.
    weights : array of shape (n,) or None
        Sample weights.
    iterator : BatchIterator
        Cuts the rows into batches.
    target_weights : tuple of (array of shape (n, ...) or RaggedArray), or None
        Weights of the targets of each output relative to the weight of their row, in the shape of
        the encoded targets.
    """

    rows: Rows
    y: Any
    weights: np.ndarray | None
    iterator: BatchIterator
    target_weights: tuple[Any, ...] | None = None

    @property
    def targets(self) -> Any:
        """Encoded targets, with their weights if they have any."""
        return (
            self.y if self.target_weights is None else WeightedTargets(self.y, self.target_weights)
        )

    @property
    def steps(self) -> int:
        """Number of batches in an epoch."""
        groups = groups_of(self.rows)
        return sum(-(-len(rows) // self.iterator.batch_size) for _, rows in groups)

    def parts(self) -> list[tuple[np.ndarray, Dataset]]:
        """Return the rows of each shape as a dataset, with their positions in this one."""
        if not isinstance(self.rows, RaggedRows):
            return [(np.arange(len(self.rows)), self)]
        return [
            (positions, self._with(rows, positions)) for positions, rows in groups_of(self.rows)
        ]

    def _with(self, rows: Rows, index: np.ndarray) -> Dataset:
        """Return a dataset of some of the rows, given in another form."""
        weights = None if self.weights is None else self.weights[index]
        y, own = take_targets((self.y, self.target_weights), index)
        return replace(self, rows=rows, y=y, weights=weights, target_weights=own)

    @property
    def index(self) -> np.ndarray:
        """Indices of the rows in the arrays that hold them."""
        index = self.rows.index
        return np.arange(len(self.rows)) if index is None else index

    def subset(self, index: np.ndarray) -> Dataset:
        """Return a dataset of some of the rows."""
        return self._with(self.rows.subset(index), index)

    def weighted(self, factors: Any) -> Dataset:
        """Multiply the weights of the rows, or of the targets of the only output.

        Parameters
        ----------
        factors : float array of shape (n,), or of the shape of the targets, or RaggedArray
        """
        if isinstance(factors, np.ndarray) and factors.ndim == 1:
            weights = factors if self.weights is None else factors * self.weights
            return replace(self, weights=weights.astype(np.float32))
        (own,) = self.target_weights or _ones(self.y)
        pairs = zip(array_parts(factors), array_parts(own), strict=True)
        weights = [(part * other).astype(np.float32) for (_, part), (_, other) in pairs]
        ragged = isinstance(factors, RaggedArray)
        return replace(self, target_weights=(factors.like(weights) if ragged else weights[0],))

    def with_target_weights(self) -> Dataset:
        """Return the dataset with weights of its targets, by default one for each."""
        return replace(self, target_weights=self.target_weights or _ones(self.y))

    def counts(self, holes: Sequence[bool]) -> bool:
        """Return whether any target counts; `holes` tells by output whether some are ignored."""
        rows = np.ones(len(self.rows), bool) if self.weights is None else self.weights > 0
        parts = zip(as_tuple(self.y), self.with_target_weights().target_weights or (), strict=True)
        for has_holes, (part, weights) in zip(holes, parts, strict=True):
            groups = zip(array_parts(part), array_parts(weights), strict=True)
            for (index, own), (_, weight) in groups:
                known = (weight > 0) & is_known(own) if has_holes else weight > 0
                if known.reshape(len(known), -1)[rows[index]].any():
                    return True
        return False

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
        weights, known = np.ones(len(y)) if self.weights is None else self.weights, is_known(y)
        if self.target_weights is not None or not known.all():
            own = known if self.target_weights is None else known * self.target_weights[i]
            weights = weights.reshape(-1, *(1,) * (y.ndim - 1)) * own
        moments = Moments((0,))
        moments.add(y, weights)
        mean, scale = (
            values.astype(np.float32).astype(np.float64) for values in (moments.mean, moments.scale)
        )
        return mean, scale

    def batches(self) -> Iterator[tuple[dict[str, np.ndarray], np.ndarray]]:
        """Yield all rows in batches as they enter the network, with their weights."""
        if isinstance(self.rows, RaggedRows):
            for _, part in self.parts():
                yield from part.batches()
            return
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
        """Return the shapes and dtypes of X and y in the first batch of rows of one shape."""
        batch = first_batch(self.rows, self.y, self.iterator)
        return jax.tree.map(lambda array: jax.ShapeDtypeStruct(array.shape, array.dtype), batch)
