"""Place the rows of a training on the device, and select batches from them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh

from ..ops.mesh import put_batches, split_rows, whole
from ..ops.platform import device
from ..ops.processes import own_share
from ..targets.weighted_targets import take_targets
from ..utils.aligned_arrays import aligned_zeros
from ..utils.memo import Memo
from .chunks import Chunk, iterate_chunks
from .dataset import Dataset
from .iterators import BatchIterator
from .rows import Rows


class StackedBatches(NamedTuple):
    """Rows stacked in batches, as in `skconv.data.chunks.Chunk`.

    Parameters
    ----------
    X : dict of array of shape (steps, batch, ...)
    y : array of shape (steps, batch, ...)
    weights : array of shape (steps, batch)
        Weight of each row in the loss; zero for padding.
    rows : int32 array of shape (steps, batch)
        Position of each row in the data.
    """

    X: dict[str, Any]
    y: Any
    weights: Any
    rows: Any

    def batch(self, i: Any) -> tuple[dict[str, Any], Any, Any]:
        """Return X, y and weights of a batch."""
        return batch_at(self.X, i), *split_rows((take_targets(self.y, i), self.weights[i]))


class IndexedBatches(NamedTuple):
    """Batches given by the positions of their rows in the data.

    Parameters
    ----------
    X : dict of array of shape (1, n, ...)
    y : array of shape (1, n, ...)
    index : int32 array of shape (steps, batch)
        Positions of the rows of each batch.
    weights : array of shape (steps, batch)
    """

    X: dict[str, Any]
    y: Any
    index: Any
    weights: Any

    def batch(self, i: Any) -> tuple[dict[str, Any], Any, Any]:
        """Return X, y and weights of a batch."""
        positions = 0, split_rows(self.index[i])
        y = take_targets(self.y, positions)
        return batch_at(self.X, positions), *split_rows((y, self.weights[i]))


def ordered_batches(rows: StackedBatches, order: Any) -> Callable[[Any, Any], StackedBatches]:
    """Return a function from an epoch and a step to the rows of its batch.

    Parameters
    ----------
    rows : StackedBatches
    order : int32 array of shape (epochs, steps, batch), or None
        Positions of the rows in `rows`; None for the batches as they are.
    """
    if order is None:

        def stacked(epoch: Any, step: Any) -> StackedBatches:
            return StackedBatches(*rows.batch(step), split_rows(rows.rows[step]))

        return stacked
    X, y, weights, numbers = map(flatten_batches, rows)

    def gathered(epoch: Any, step: Any) -> StackedBatches:
        index = split_rows(order[epoch, step])
        own = take_targets(y, index), weights[index], numbers[index]
        return StackedBatches(batch_at(X, index), *split_rows(own))

    return gathered


def flatten_batches(batches: Any) -> Any:
    """Reshape arrays of batches to arrays of rows."""
    return jax.tree.map(lambda array: array.reshape(-1, *array.shape[2:]), batches)


def batch_at(X: dict[str, jax.Array], i: Any) -> dict[str, jax.Array]:
    """Return a batch, or the rows at some positions, as float32; devices share its rows."""
    return {name: split_rows(array[i]).astype(jnp.float32) for name, array in X.items()}


def output_buffer(compute: Callable[[Any], Any], length: int) -> Any:
    """Return zeros for the outputs of a function of the batch index, for all batches."""
    return jax.tree.map(
        lambda one: jnp.zeros((length, *one.shape), one.dtype), jax.eval_shape(compute, 0)
    )


def store_batch(buffer: Any, i: Any, output: Any) -> Any:
    """Write the output of a batch to the buffer."""
    return jax.tree.map(lambda whole, one: whole.at[i].set(one), buffer, output)


class DeviceRows(NamedTuple):
    """Rows that stay on the device for all epochs.

    Parameters
    ----------
    batches : StackedBatches
    steps : int
        Number of batches in an epoch.
    positions : int array of shape (n,) or None
        Position of each row of the dataset in `batches`; None if they are in order.
    """

    batches: StackedBatches
    steps: int
    positions: np.ndarray | None

    @property
    def shape(self) -> tuple[int, int]:
        """Number of steps and of rows per batch in the arrays."""
        return self.batches.weights.shape

    def locate(self, order: np.ndarray) -> np.ndarray:
        """Return the positions in `batches` for an order of the dataset's rows."""
        return order if self.positions is None else self.positions[order]


def stack_batches(chunk: Chunk) -> StackedBatches:
    """Return the arrays of a chunk."""
    return StackedBatches(chunk.X, chunk.y, chunk.weights, chunk.rows)


def place_chunk(chunk: Chunk, mesh: Mesh | None) -> StackedBatches:
    """Place the batches of a chunk; each device of a mesh gets its part of their rows."""
    return put_batches(stack_batches(chunk), mesh)


def own_size(batches: StackedBatches, mesh: Mesh | None) -> tuple[int, int]:
    """Return the number of batches, and of rows per batch that this process has.

    Parameters
    ----------
    batches : StackedBatches
        What this process has of them, or the arrays that all processes of the mesh share.
    mesh : Mesh or None
    """
    steps, rows = batches.weights.shape
    shared = isinstance(batches.weights, jax.Array)
    return steps, rows // own_share(mesh)[1] if shared else rows


def place_empty(
    batches: StackedBatches, mesh: Mesh | None, size: tuple[int, int] | None = None
) -> StackedBatches:
    """Place rows of zeros and no weight.

    Parameters
    ----------
    batches : StackedBatches
        Rows of the same shapes and dtypes.
    mesh : Mesh or None
    size : (int, int), optional
        Number of batches and of rows per batch, if they differ; as of `own_size`.
    """
    size = own_size(batches, mesh) if size is None else size
    empty = jax.tree.map(lambda own: aligned_zeros((*size, *own.shape[2:]), own.dtype), batches)
    return put_batches(empty, mesh)


def place_rows(dataset: Dataset, steps: int, mesh: Mesh | None = None) -> DeviceRows:
    """Place the rows of a dataset in arrays of some steps, on each device of a mesh.

    A batch may then consist of any rows without an exchange between the devices.
    """
    rows, iterator = dataset.rows, dataset.iterator
    batches = _place(rows, dataset.targets, dataset.weights, iterator, steps, mesh)
    return DeviceRows(batches, dataset.steps, None)


def place_shared_rows(
    dataset: Dataset, memo: Memo, steps: int, mesh: Mesh | None = None
) -> DeviceRows:
    """Place all rows of the dataset's arrays, once for all datasets with rows of these arrays."""
    rows, size = dataset.rows, dataset.iterator.batch_size
    arrays = list(rows.arrays.values())

    def all_rows() -> dict[str, Any]:
        return _place(rows.whole(), None, None, dataset.iterator, steps, mesh).X

    X = memo.get(("rows in batches", size, mesh or device()), arrays, all_rows)
    shape = next(iter(X.values())).shape[:2]
    return DeviceRows(scatter_rows(X, shape, dataset), dataset.steps, dataset.index)


def scatter_rows(
    X: Any, shape: tuple[int, int], dataset: Dataset, *others: Dataset
) -> StackedBatches:
    """Scatter targets, weights and row numbers to the positions of their rows.

    Parameters
    ----------
    X : dict of array of shape (*shape, ...)
    shape : (int, int)
        Number of batches and of rows per batch.
    dataset : Dataset
        Rows to train on; all others have weight zero.
    *others : Dataset
        Datasets with rows of the same arrays, whose targets are scattered too.

    Returns
    -------
    StackedBatches
    """
    index, n = dataset.index, len(dataset.rows)
    weights = np.ones(n, np.float32) if dataset.weights is None else dataset.weights
    datasets = (dataset, *others)
    indices = [one.index for one in datasets]
    return StackedBatches(
        X,
        jax.tree.map(
            lambda *ys: _scatter(shape, *zip(indices, ys, strict=True)),
            *(one.targets for one in datasets),
        ),
        _scatter(shape, (index, weights)),
        _scatter(shape, (index, np.arange(n, dtype=np.int32))),
    )


def _scatter(shape: tuple[int, int], *parts: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Write values to their positions, with zeros elsewhere."""
    first = parts[0][1]
    whole = np.zeros((shape[0] * shape[1], *first.shape[1:]), first.dtype)
    for index, values in parts:
        whole[index] = values
    return whole.reshape(*shape, *first.shape[1:])


def _place(
    rows: Rows, y: Any, weights: Any, iterator: BatchIterator, steps: int, mesh: Mesh | None
) -> StackedBatches:
    """Place rows on the device, or each device of a mesh, in their original order."""
    size = iterator.batch_size
    (chunk,) = iterate_chunks(rows, y, weights, BatchIterator(size), shape=(steps, size))
    return jax.device_put(stack_batches(chunk), whole(mesh))
