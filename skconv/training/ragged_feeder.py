"""Feed rows of several shapes to a training, in batches of one shape each."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from itertools import islice
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh

from ..data.chunks import Chunk
from ..data.dataset import Dataset
from ..data.device import StackedBatches, own_size, place_empty, stack_batches
from ..data.ragged_rows import RaggedRows
from ..data.shape_groups import Group, in_order
from ..network.model import Model
from ..ops.mesh import put_batches
from ..utils.memo import Memo
from .feeder import Feed, Feeder, dataset_chunks
from .metrics import concatenate_batches


class RaggedFeeder(Feeder):
    """The rows of a training of which some are of another shape than others.

    Each batch has rows of one shape. The batches of all shapes are drawn in a new order for each
    epoch, and take one call of the program each. Training and validation rows of a shape share a
    program, so that it is compiled once for each shape.

    Parameters
    ----------
    train : Dataset
    valid : Dataset or None
    model : Model
        Its seed and epoch determine the order of the rows.
    holes : tuple of bool
        Whether targets of each output may be ignored; by default none may.
    mesh : Mesh or None
        The devices that share the rows; None for the default device.
    """

    validates_early = False

    def __init__(
        self,
        train: Dataset,
        valid: Dataset | None,
        model: Model,
        holes: tuple[bool, ...] = (),
        mesh: Mesh | None = None,
    ) -> None:
        self._train = train
        self._valid = valid
        self._model = model
        self._holes = holes
        self._mesh = mesh
        self._chunks = iter(())
        self.resident = None
        self._valid_parts = valid.parts() if valid else []
        self.valid_calls = sum(part.steps for _, part in self._valid_parts)
        firsts = [
            stack_batches(next(self._batches(part, 0, keep=True))) for _, part in self._valid_parts
        ]
        self._valid_size = firsts[0].weights.shape if firsts else None
        self._empty_valid = {_key(batches): place_empty(batches, mesh) for batches in firsts}
        self._empty_train: dict[Hashable, StackedBatches] = {}

    def _stream(self, epochs: range) -> Iterator[Chunk]:
        for epoch in epochs:
            parts = self._train.parts()
            batches = [self._batches(part, epoch) for _, part in parts]
            for number in self._turns([part.steps for _, part in parts], epoch):
                chunk = next(batches[number])
                yield chunk._replace(rows=parts[number][0].astype(np.int32)[chunk.rows])
            for _, part in self._valid_parts:
                yield from self._batches(part, 0, keep=True)

    def _batches(self, part: Dataset, epoch: int, *, keep: bool = False) -> Iterator[Chunk]:
        """Yield chunks of one batch each."""
        shape, args = (1, part.iterator.batch_size), (self._model, epoch, self._holes)
        return dataset_chunks(part, *args, keep=keep, shape=shape, mesh=self._mesh)

    def _turns(self, steps: list[int], epoch: int) -> np.ndarray:
        """Return the part that each batch of an epoch comes from."""
        turns = np.repeat(np.arange(len(steps)), steps)
        iterator = self._train.iterator
        if iterator.shuffle:
            seed = self._model.seed if iterator.seed is None else iterator.seed
            np.random.default_rng([seed, epoch, len(steps)]).shuffle(turns)
        return turns

    def _with_valid(self, feed: Feed) -> Feed:
        """Return a feed with validation rows of the same shape, of which no step is run."""
        if self._valid_size is None:
            return feed
        key = _key(feed.batches)
        if key not in self._empty_valid:
            self._empty_valid[key] = place_empty(feed.batches, self._mesh, self._valid_size)
        self._keep_empty(key, feed.batches)
        return feed._replace(valid=self._empty_valid[key])

    def valid_feeds(self, last: Feed) -> Iterator[Feed]:
        """Yield the validation rows of each shape, with training rows of which no step is run."""
        for chunk in islice(self._chunks, self.valid_calls):
            valid = stack_batches(chunk)
            key = _key(valid)
            batches = self._keep_empty(key, valid, own_size(last.batches, self._mesh))
            valid = put_batches(valid, self._mesh)
            yield last._replace(batches=batches, valid=valid, valid_steps=chunk.steps)

    def _keep_empty(
        self, key: Hashable, batches: StackedBatches, size: tuple[int, int] | None = None
    ) -> StackedBatches:
        if key not in self._empty_train:
            self._empty_train[key] = place_empty(batches, self._mesh, size)
        return self._empty_train[key]

    def in_order(self, outputs: list[Any]) -> Any:
        """Return the outputs of the calls for `valid_feeds` in the order of the validation rows."""
        left, groups, results = iter(outputs), [], []
        for positions, part in self._valid_parts:
            own = list(islice(left, part.steps))
            groups.append(Group(positions, None))
            results.append(concatenate_batches(own, len(positions)))
        return in_order(groups, results)


def _key(batches: StackedBatches) -> Hashable:
    """Return the shapes and dtypes of the rows of X and of their targets."""
    leaves = jax.tree.leaves_with_path((batches.X, batches.y))
    return tuple((jax.tree_util.keystr(path), x.shape[2:], str(x.dtype)) for path, x in leaves)


def make_feeder(
    train: Dataset,
    valid: Dataset | None,
    model: Model,
    memo: Memo | None,
    holes: tuple[bool, ...] = (),
    mesh: Mesh | None = None,
) -> Feeder:
    """Return what feeds the rows to a training.

    Parameters
    ----------
    train, valid, model, memo, holes, mesh
        As for `Feeder`.
    """
    datasets = [dataset for dataset in (train, valid) if dataset]
    if any(isinstance(dataset.rows, RaggedRows) for dataset in datasets):
        return RaggedFeeder(train, valid, model, holes, mesh)
    return Feeder(train, valid, model, memo, holes, mesh)
