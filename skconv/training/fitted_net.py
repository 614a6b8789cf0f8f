"""Outputs of a fitted net, and their gradients, for all rows of X."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh

from ..augment.pipeline import check_test_augment
from ..augment.tunable import float32_values, without_values
from ..data.chunks import count_chunks, iterate_chunks
from ..data.dataset import arranged_rows
from ..data.iterators import BatchIterator
from ..data.predict_chunks import iterate_in_order, predict_shape
from ..data.prefetch import prefetch
from ..data.rows import Rows
from ..network.free_sizes import network_for, suggesting_free_sizes
from ..network.graph import Network
from ..network.memory import check_batch
from ..network.model import Model
from ..nonlinearities import sigmoid, softmax
from ..ops.dealt_batches import collect, deal, dealing_mesh, deals_batches
from ..ops.mesh import multiple_of, put_batches, put_weights
from ..targets.outputs import Outputs
from .entering import inputs_of
from .metrics import join_rows, rows_of_batches
from .plan import PredictPlan
from .predict_step import Gradient
from .programs import predict_programs_for


@dataclass(frozen=True)
class FittedNet:
    """A fitted net, to compute outputs and gradients with.

    Parameters
    ----------
    model : Model
        The network with its weights, which training and loading change.
    frozen : Model
        The same, with the weights of the moment, which all rows of X are computed with.
    outputs : Outputs
        Decodes predictions.
    iterator : BatchIterator
        Iterator at prediction.
    test_augment : callable or None
        Augmentation at prediction.
    read_rows : callable
        From X, as passed to `NeuralNet.predict`, to validated `Rows`.
    mesh : Mesh or None
        The devices that share the rows of each batch; None for the default device.
    """

    model: Model
    frozen: Model
    outputs: Outputs
    iterator: BatchIterator
    test_augment: Any
    read_rows: Callable[[Any], Rows]
    mesh: Mesh | None = None

    @property
    def network(self) -> Network:
        """The graph of layers."""
        return self.model.network

    def rows(self, X: Any) -> Rows:
        """Return the validated rows of X, in the shapes of the input layers."""
        rows = self.read_rows(X)
        with suggesting_free_sizes(self.network, lambda: rows.shapes):
            return arranged_rows(rows, None, self.iterator, inputs_of(self.network))

    def compute(self, X: Any, to: str | None = None) -> Any:
        """Compute the outputs, or the output of one layer, for all rows of X.

        Parameters
        ----------
        X : array-like, DataFrame, sparse matrix, or dict of arrays
            As passed to `NeuralNet.predict`.
        to : str, optional
            Name of a layer, whose output is computed without `test_augment`; by default all
            outputs.

        Returns
        -------
        float32 array of shape (n, ...), or a tuple of arrays if there are several outputs
        """
        rows = self.rows(X)
        self._check_augment()
        return self._predict(rows, self.test_augment, to=to)

    def map_outputs(
        self, X: Any, function: Callable[[Any, Any], Any], *, spread: bool = False
    ) -> Any:
        """Apply a function to the outputs, for some rows at a time.

        The outputs of all rows are never in memory together.

        Parameters
        ----------
        X : array-like, DataFrame, sparse matrix, or dict of arrays
            As passed to `NeuralNet.predict`.
        function : callable
            ``(outputs, deviations) -> results``. Outputs are float32 of shape (n, ...), or a tuple
            of arrays if there are several; the deviations are the same or None. Results are an
            array with an entry for each row, or a list or tuple of arrays or None.
        spread : bool
            Whether to compute the standard deviations over the passes of `test_augment`; None if it
            makes a single pass.

        Returns
        -------
        array, or list or tuple of them
            The results for all rows.
        """
        rows = self.rows(X)
        self._check_augment()
        spread = spread and hasattr(self.test_augment, "moments")
        parts = self._parts(rows, self.test_augment, spread=spread)
        results = (function(*part) if spread else function(part, None) for part in parts)
        return join_rows(results, len(rows))

    def predict_logits(self, rows: Rows, logits: tuple[str, ...]) -> Any:
        """Compute the outputs of rows, some of them before their nonlinearity."""
        return self._predict(rows, logits=logits)

    def _predict(self, rows: Rows, test_augment: Any = None, **options: Any) -> Any:
        return predict_rows(
            self.frozen, rows, self.iterator, test_augment, mesh=self.mesh, **options
        )

    def _parts(self, rows: Rows, test_augment: Any, **options: Any) -> Iterator[Any]:
        return iterate_outputs(
            self.frozen, rows, self.iterator, test_augment, mesh=self.mesh, **options
        )

    def _check_augment(self) -> None:
        check_test_augment(self.test_augment)
        warn_without_noise(self.test_augment, self.network)

    def log_probabilities(self, X: Any) -> Any:
        """Compute the logarithms of the probabilities for all rows of X.

        They are computed from the logits of a softmax or sigmoid, and so do not underflow, unless
        `test_augment` averages probabilities.

        Parameters
        ----------
        X : array-like, DataFrame, sparse matrix, or dict of arrays
            As passed to `NeuralNet.predict`.

        Returns
        -------
        float32 array of shape (n, k), or a tuple of arrays or None if there are several outputs
        """
        heads = [head for head in self.network.heads if head.predicted]
        last = {head.name: self.network.nonlinearity(head) for head in heads}
        stable = {
            head.name: last[head.name]
            for head in heads
            if last[head.name] in (softmax, sigmoid) and self.network.ends_itself(head)
        }
        rows = self.rows(X)
        if self.test_augment is not None:
            self._check_augment()
            stable = {}
        parts = self._parts(rows, self.test_augment, logits=tuple(stable))
        nonlinearities = [stable.get(name) for name in last]
        results = (self.outputs.log_probabilities(part, nonlinearities) for part in parts)
        return join_rows(results, len(rows))

    def gradients(
        self, rows: Rows, direction: np.ndarray, *, layer: str, output: str, logits: bool
    ) -> Iterator[Gradient]:
        """Compute gradients of scores with respect to the output of a layer, batch by batch.

        Parameters
        ----------
        rows : Rows
        direction : float32 array of shape (n, units)
            Weights of the output units in the score of each row.
        layer, output : str
            Names of layers.
        logits : bool
            Whether the output is taken before its nonlinearity.

        Yields
        ------
        Gradient
            NumPy arrays for the rows of one batch.
        """
        programs = predict_programs_for(PredictPlan(self.network, mesh=self.mesh))
        params, state = put_weights(self.frozen.carry[:2], self.mesh)
        runtime = self.network.float32_runtime
        names = {"layer": layer, "output": output, "logits": logits}
        left = len(rows)
        size = self.iterator.batch_size
        _check_batches(self.network, rows, size)
        for chunk in iterate_chunks(rows, None, None, self.iterator, keep=True, shape=(1, size)):
            for step in range(chunk.steps):
                Xb = {name: array[step] for name, array in chunk.X.items()}
                index = chunk.rows[step]
                args = params, state, Xb, runtime, direction[index]
                gradient = programs.gradient(*args, **names)
                yield jax.tree.map(lambda array, n=left: np.asarray(array)[:n], gradient)
                left -= len(index)


def warn_without_noise(test_augment: Any, network: Network) -> None:
    """Warn of a `test_augment` that draws noise of layers, if the network has no such layers."""
    if not getattr(test_augment, "needs_noise", False):
        return
    if not any(node.layer.noisy for node in network.nodes):
        warnings.warn(
            f"{type(test_augment).__name__} needs a layer that draws noise, such as a DropoutLayer "
            "with p above 0; without one, all passes are equal",
            UserWarning,
            stacklevel=2,
        )


def nonfinite_rows(outputs: Any) -> np.ndarray:
    """Return the indices of rows with NaN or infinite values in any output.

    Parameters
    ----------
    outputs : array of shape (n, ...), or tuple of arrays
    """
    arrays = outputs if isinstance(outputs, tuple) else (outputs,)
    finite = [np.isfinite(array) for array in arrays]
    if all(one.all() for one in finite):
        return np.arange(0)
    wrong = [~one.reshape(len(one), -1).all(axis=1) for one in finite]
    return np.flatnonzero(np.logical_or.reduce(wrong))


def predict_rows(
    model: Model,
    rows: Rows,
    iterator: BatchIterator,
    test_augment: Any = None,
    *,
    to: str | None = None,
    logits: tuple[str, ...] = (),
    spread: bool = False,
    mesh: Mesh | None = None,
) -> Any:
    """Compute the outputs of a network, or the output of one layer, for all rows.

    Parameters
    ----------
    model : Model
    rows : Rows
        Rows in the shapes of the input layers.
    iterator : BatchIterator
    test_augment : callable, optional
        Augmentation at prediction; not applied to the output of a single layer.
    to : str, optional
        Name of a layer; by default all outputs.
    logits : tuple of str
        Outputs that are taken before their nonlinearity.
    spread : bool
        Whether to return a pair of the outputs and of their standard deviations over the passes of
        `test_augment`.
    mesh : Mesh, optional
        The devices that share the rows of each batch; by default the default device, or those of
        `skconv.ops.dealt_batches.dealing_batches`.

    Returns
    -------
    float32 array of shape (n, ...), or a tuple of arrays if there are several outputs
        If the layer's output holds several copies of the rows, all rows, copy after copy.
    """
    options: dict[str, Any] = {"to": to, "logits": logits, "spread": spread, "mesh": mesh}
    parts = iterate_outputs(model, rows, iterator, test_augment, **options)
    if to is None or math.prod(model.network.node(to).copies) == 1:
        return join_rows(parts, len(rows))
    return jax.tree.map(
        lambda own: own.reshape(-1, *own.shape[2:]), join_rows(parts, len(rows), axis=1)
    )


def iterate_outputs(
    model: Model,
    rows: Rows,
    iterator: BatchIterator,
    test_augment: Any = None,
    *,
    to: str | None = None,
    logits: tuple[str, ...] = (),
    spread: bool = False,
    mesh: Mesh | None = None,
) -> Iterator[Any]:
    """Compute the outputs for all rows, for some of them at a time.

    While a result is in use, the next one is computed, and the rows after it are read.

    Parameters
    ----------
    model, rows, iterator, test_augment, to, logits, spread, mesh
        As for `predict_rows`.

    Yields
    ------
    float32 array of shape (n, ...), or a tuple of arrays if there are several outputs
        The rows are in order. If the layer's output holds several copies of them, its shape is
        (copies, n, ...).
    """
    network = model.network
    shape = _chunk_shape(network, rows, iterator, to)
    mesh = mesh or dealing_mesh(-(-len(rows) // shape[1]))
    if deals_batches(mesh):
        shape = multiple_of(mesh.size, shape[0]), shape[1]
    params, state = put_weights(model.carry[:2], mesh)
    programs = predict_programs_for(PredictPlan(network, without_values(test_augment), mesh))
    values = network.float32_runtime, float32_values(test_augment), np.uint32(model.seed)
    copies = math.prod(network.node(to).copies) if to else 1
    left, size = len(rows), shape[1]

    def place(X: Any) -> Any:
        if mesh is None:
            return X
        return deal(X, mesh) if deals_batches(mesh) else put_batches(X, mesh)

    def host_rows(output: Any, steps: int) -> Any:
        nonlocal left
        count = min(left, steps * size)
        left -= count
        return rows_of_batches(collect(output) if deals_batches(mesh) else output, count, copies)

    before: tuple[Any, int] | None = None
    chunks = iterate_in_order(rows, iterator, shape)
    several = count_chunks(rows, iterator, shape) > 1
    with prefetch(chunks) if several else nullcontext(chunks) as ahead:
        for X, steps in ahead:
            args = params, state, place(X), *values, np.int32(steps)
            output = programs.predict(*args, to=to, logits=logits, spread=spread)
            if before is not None:
                yield host_rows(*before)
            before = output, steps
    if before is not None:
        yield host_rows(*before)


def _chunk_shape(
    network: Network, rows: Rows, iterator: BatchIterator, to: str | None
) -> tuple[int, int]:
    """Return the shape of chunks for the outputs, or for the output of one layer.

    The outputs for a chunk are within its size, too.
    """
    own = network_for(network, rows.into or rows.shapes)
    names = own.outputs if to is None else [to]
    largest = max(rows.row_bytes(), sum(own.output_bytes[name] for name in names))
    shape = predict_shape(len(rows), iterator.batch_size, largest)
    _check_batches(own, rows, shape[1])
    return shape


def _check_batches(network: Network, rows: Rows, size: int) -> None:
    network = network_for(network, rows.into or rows.shapes)
    check_batch("batch_iterator_test", size, len(rows), rows.row_bytes(), network)
