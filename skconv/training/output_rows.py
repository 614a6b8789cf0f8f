"""Outputs of a network for all rows, computed for some of them at a time."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from jax.sharding import Mesh

from ..data.chunks import count_chunks
from ..data.iterators import BatchIterator
from ..data.predict_chunks import iterate_in_order, predict_shape
from ..data.prefetch import prefetch
from ..data.rows import Rows
from ..network.free_sizes import network_for
from ..network.graph import Network
from ..network.memory import check_batch
from ..network.model import Model
from ..ops.dealt_batches import collect, deal, dealing_mesh, deals_batches
from ..ops.mesh import multiple_of, put_batches
from .metrics import join_rows, rows_of_batches
from .prepared_program import prepare_program


def predict_rows(
    model: Model,
    rows: Rows,
    iterator: BatchIterator,
    test_augment: Any = None,
    *,
    function: Callable[[Any], Any] | None = None,
    to: str | None = None,
    logits: tuple[str, ...] = (),
    spread: bool = False,
    mesh: Mesh | None = None,
) -> Any:
    """Compute the outputs of a network for all rows, or what a function makes of them.

    With a function, the outputs of all rows are never in memory together. While it is called for
    some of them, the next ones are computed, and the rows after these are read.

    Parameters
    ----------
    model : Model
    rows : Rows
        Rows in the shapes of the input layers.
    iterator : BatchIterator
    test_augment : callable, optional
        Augmentation at prediction; not applied to the output of a single layer.
    function : callable, optional
        Called with the outputs for some rows, in order; returns an array with an entry for each
        row, or a list or tuple of arrays or None. By default the outputs are returned.
    to : str, optional
        Name of a layer; by default all outputs.
    logits : tuple of str
        Outputs that are taken before their nonlinearity.
    spread : bool
        Whether to compute a pair of the outputs and of their standard deviations over the passes of
        `test_augment`.
    mesh : Mesh, optional
        The devices that share the rows of each batch; by default the default device, or those of
        `skconv.ops.dealt_batches.dealing_batches`.

    Returns
    -------
    float32 array of shape (n, ...), or a tuple of arrays if there are several outputs
        Or the results of the function, joined. If the layer's output holds several copies of the
        rows, all rows, copy after copy.
    """
    network = model.network
    shape = _chunk_shape(network, rows, iterator, to)
    mesh = mesh or dealing_mesh(-(-len(rows) // shape[1]))
    if deals_batches(mesh):
        shape = multiple_of(mesh.size, shape[0]), shape[1]
    programs, weights, values = prepare_program(model, test_augment, mesh)
    copies = math.prod(network.node(to).copies) if to else 1

    def place(X: dict[Any, Any]) -> Any:
        if mesh is None:
            return X
        return deal(X, mesh) if deals_batches(mesh) else put_batches(X, mesh)

    def compute(X: dict[Any, Any], steps: int) -> Any:
        args = *weights, place(X), *values, np.int32(steps)
        return programs.predict(*args, to=to, logits=logits, spread=spread)

    def on_host(output: Any, n: int) -> Any:
        part = rows_of_batches(collect(output) if deals_batches(mesh) else output, n, copies)
        return part if function is None else function(part)

    n, size = len(rows), math.prod(shape)
    chunks = iterate_in_order(rows, iterator, shape)
    if count_chunks(rows, iterator, shape) == 1:
        parts = iter([on_host(compute(*next(chunks)), n)])
    else:
        parts = _overlapping(chunks, compute, on_host, n, size)
    return join_rows(parts, n, copies)


def _overlapping(
    chunks: Iterator[tuple[dict[Any, np.ndarray], int]],
    compute: Callable[[dict[Any, np.ndarray], int], Any],
    on_host: Callable[[Any, int], Any],
    n: int,
    size: int,
) -> Iterator[Any]:
    """Yield the results for chunks of `size` rows, each while the next one is computed."""
    before: Any = None
    with prefetch(chunks) as ahead:
        for i, chunk in enumerate(ahead):
            output = compute(*chunk)
            if i:
                yield on_host(before, size)
            before = output
    yield on_host(before, n - (n - 1) // size * size)


def _chunk_shape(
    network: Network, rows: Rows, iterator: BatchIterator, to: str | None
) -> tuple[int, int]:
    """Return the shape of chunks for the outputs, or for the output of one layer.

    The outputs for a chunk are within its size, too.
    """
    own = network_for(network, rows.into or rows.shapes)
    names, row_bytes = own.outputs if to is None else [to], rows.row_bytes()
    largest = max(row_bytes, sum(map(own.output_bytes.__getitem__, names)))
    shape = predict_shape(len(rows), iterator.batch_size, largest)
    check_batch("batch_iterator_test", shape[1], len(rows), row_bytes, own)
    return shape
