"""Feed rows to a training: from the device if they fit one chunk, else streamed from the host."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from jax.sharding import Mesh

from ..data.chunks import (
    Chunk,
    count_chunks,
    epoch_orders,
    epochs_per_call,
    identity_order,
    iterate_chunks,
    resident_steps,
)
from ..data.dataset import Dataset
from ..data.device import (
    DeviceRows,
    StackedBatches,
    place_chunk,
    place_empty,
    place_rows,
    place_shared_rows,
    stack_batches,
)
from ..data.iterators import has_transform
from ..data.prefetch import prefetch
from ..network.model import Model
from ..ops.mesh import put_batches
from ..ops.processes import own_share, spans_processes
from ..utils.memo import Memo
from .metrics import concatenate_batches
from .returned_classes import checked_chunks

LARGE_BYTES = 2**26
"""Size of the state of a training from which a program runs one epoch.

Such a call takes longer than a call costs, and needs no second copy of the state.
"""


class Feed(NamedTuple):
    """Rows for one or several calls of the training program.

    Parameters
    ----------
    batches : StackedBatches
    order : int32 array of shape (epochs, steps, batch)
        Positions of the rows in `batches`, for each epoch; None for the batches as they are.
    rows : int
        Number of positions that are not padding.
    steps : int
    valid : StackedBatches or None
        Validation rows.
    valid_steps : int
        Number of batches of validation rows.
    """

    batches: StackedBatches
    order: np.ndarray | None
    rows: int
    steps: int
    valid: StackedBatches | None = None
    valid_steps: int = 0


class Feeder:
    """The training and validation rows of one training, on the device or streamed to it.

    Parameters
    ----------
    train : Dataset
    valid : Dataset or None
    model : Model
        Its seed and epoch determine the order of the rows.
    memo : Memo or None
        Holds rows on the device that trainings share; None if the rows are not shared.
    holes : tuple of bool
        Whether targets of each output may be ignored; by default none may.
    mesh : Mesh or None
        The devices that share the rows; None for the default device.

    Attributes
    ----------
    resident : DeviceRows or None
        Training rows that stay on the device for all epochs.
    valid_calls : int
        Number of chunks of the validation rows. A single one stays on the device; several are
        streamed to it in each epoch.
    validates_early : bool
        Whether all feeds have all validation rows, so that a training call may evaluate them.
    """

    def __init__(
        self,
        train: Dataset,
        valid: Dataset | None,
        model: Model,
        memo: Memo | None,
        holes: tuple[bool, ...] = (),
        mesh: Mesh | None = None,
    ) -> None:
        self._train = train
        self._valid = valid
        self._model = model
        self._holes = holes
        self._mesh = mesh
        self._chunks: Iterator[Chunk] = iter(())
        self.resident: DeviceRows | None = None
        if not spans_processes(mesh):  # each process reads its share of the rows alone
            self._keep_rows(memo)
        self.valid_calls = count_chunks(valid.rows, valid.iterator) if valid else 0
        self.validates_early = self.valid_calls == 1
        if valid:
            chunk = next(dataset_chunks(valid, model, 0, holes, keep=True, mesh=mesh))
            self._held_valid = self._hold(stack_batches(chunk)), chunk.steps

    def _keep_rows(self, memo: Memo | None) -> None:
        """Place the training rows on the device if they are few enough to stay there."""
        train, mesh = self._train, self._mesh
        shared = memo and resident_steps(train.rows.whole(), train.iterator)
        own = resident_steps(train.rows, train.iterator)
        if memo is not None and shared:
            self.resident = place_shared_rows(train, memo, shared, mesh)
        elif own:
            self.resident = place_rows(train, own, mesh)

    @property
    def epochs_per_call(self) -> int:
        """Epochs that one call can run; 1 if rows are streamed, or if the net is large."""
        return 1 if self.resident is None else self._epochs_of_program(self.resident.shape)

    def _epochs_of_program(self, shape: tuple[int, int]) -> int:
        """Return the epochs that the program has room for, also if a call runs one of them."""
        return 1 if self._model.nbytes > LARGE_BYTES else epochs_per_call(shape)

    @contextmanager
    def streaming(self, epochs: int) -> Iterator[None]:
        """Stream the chunks of the coming epochs; a thread reads and transforms them ahead."""
        if self.resident is not None and self.valid_calls < 2:
            yield
            return
        chunks = self._stream(range(self._model.epoch, self._model.epoch + epochs))
        try:
            with prefetch(chunks) as self._chunks:
                yield
        finally:
            # the generator refers to this feeder, a cycle that would keep the data in memory
            self._chunks = iter(())

    def feeds(self, epochs: int) -> Iterator[Feed]:
        """Yield the rows of the next epochs; several epochs only if the rows are resident."""
        model, rows, iterator = self._model, self._train.rows, self._train.iterator
        if self.resident is not None:
            coming = range(model.epoch, model.epoch + epochs)
            shape = (self.epochs_per_call, *self.resident.shape)
            given = model.seed, coming, self._train.y, rows.index
            orders = epoch_orders(len(rows), iterator, shape, *given)
            order, steps = self.resident.locate(orders), self.resident.steps
            yield self._with_valid(Feed(self.resident.batches, order, len(rows), steps))
            return
        left = self._train.steps
        while left > 0:
            chunk = next(self._chunks)
            left -= chunk.steps
            batches = place_chunk(chunk, self._mesh)
            shape = batches.weights.shape
            # devices that share the rows have those of each batch, and exchange none
            feed = Feed(batches, None, math.prod(shape), chunk.steps)
            if self._mesh is None:
                feed = feed._replace(order=identity_order(self._epochs_of_program(shape), shape))
            yield self._with_valid(feed)

    def _with_valid(self, feed: Feed) -> Feed:
        """Return a feed with the validation rows that a training call gets."""
        if not self.valid_calls:
            return feed
        valid, steps = self._held_valid
        return feed._replace(valid=valid, valid_steps=steps)

    def _hold(self, batches: StackedBatches) -> StackedBatches:
        """Return validation rows for all training calls: zeros, if they are streamed."""
        if self.valid_calls > 1:
            return place_empty(batches, self._mesh)
        return put_batches(batches, self._mesh)

    def valid_feeds(self, last: Feed) -> Iterator[Feed]:
        """Yield the validation rows for calls that only evaluate, after the last training feed."""
        if self.valid_calls == 1:
            yield self._with_valid(last)
            return
        if self.valid_calls and self.resident is None:
            last = last._replace(batches=place_empty(last.batches, self._mesh))
        for chunk in islice(self._chunks, self.valid_calls):
            valid = place_chunk(chunk, self._mesh)
            yield last._replace(valid=valid, valid_steps=chunk.steps)

    def in_order(self, outputs: list[Any]) -> Any:
        """Return the outputs of the calls for `valid_feeds` in the order of the validation rows."""
        assert self._valid is not None
        return concatenate_batches(outputs, len(self._valid.rows))

    def _stream(self, epochs: range) -> Iterator[Chunk]:
        """Yield the chunks of each epoch that are not on the device, validation rows last."""
        for epoch in epochs:
            try:
                args = self._model, epoch, self._holes
                if self.resident is None:
                    yield from dataset_chunks(self._train, *args, mesh=self._mesh)
                if self._valid is not None and self.valid_calls > 1:
                    yield from dataset_chunks(self._valid, *args, keep=True, mesh=self._mesh)
            except Exception as error:
                error.add_note(f"in epoch {epoch + 1}")
                raise


def dataset_chunks(
    dataset: Dataset,
    model: Model,
    epoch: int,
    holes: tuple[bool, ...],
    *,
    keep: bool = False,
    shape: tuple[int, int] | None = None,
    mesh: Mesh | None = None,
) -> Iterator[Chunk]:
    """Cut the rows of a dataset into chunks, as `iterate_chunks` does.

    If the mesh has devices of several processes, this process gets its share of each batch.
    """
    chunks = iterate_chunks(
        dataset.rows,
        dataset.targets,
        dataset.weights,
        dataset.iterator,
        seed=model.seed,
        epoch=epoch,
        keep=keep,
        shape=shape,
        share=own_share(mesh),
    )
    if not has_transform(dataset.iterator):
        return chunks
    argument = "batch_iterator_test" if keep else "batch_iterator_train"
    return checked_chunks(chunks, dataset, model.network, holes, argument)
