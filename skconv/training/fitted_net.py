"""Outputs of a fitted net, and their gradients, for all rows of X."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh

from ..augment.pipeline import check_test_augment
from ..data.chunks import iterate_chunks
from ..data.dataset import arranged_rows
from ..data.iterators import BatchIterator
from ..data.rows import Rows
from ..network.free_sizes import FreeSizesHint, network_for
from ..network.graph import Network
from ..network.memory import check_batch
from ..network.model import Model
from ..nonlinearities import sigmoid, softmax
from ..ops.mesh import put_weights
from ..targets.by_output import as_tuple
from ..targets.outputs import Outputs
from .device_values import runtime_for
from .entering import inputs_of
from .metrics import copy_rows
from .output_rows import predict_rows
from .plain_predictor import PlainPredictor
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
    plain : PlainPredictor or None
        Computes the outputs for plain arrays with this iterator, without augmentation and mesh.
    """

    model: Model
    frozen: Model
    outputs: Outputs
    iterator: BatchIterator
    test_augment: Any
    read_rows: Callable[[Any], Rows]
    mesh: Mesh | None = None
    plain: PlainPredictor | None = None

    @property
    def network(self) -> Network:
        """The graph of layers."""
        return self.model.network

    def rows(self, X: Any) -> Rows:
        """Return the validated rows of X, in the shapes of the input layers."""
        rows = self.read_rows(X)
        with FreeSizesHint(self.network, lambda: rows.shapes):
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
        outputs = self._plain_outputs(X, to=to)
        if outputs is not None:
            return copy_rows(outputs)
        rows = self.rows(X)
        self._check_augment()
        return self._predict(rows, self.test_augment, to=to)

    def map_outputs(
        self,
        X: Any,
        function: Callable[[Any, Any], Any],
        *,
        logits: tuple[str, ...] = (),
        spread: bool = False,
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
        logits : tuple of str
            Outputs that are taken before their nonlinearity.
        spread : bool
            Whether to compute the standard deviations over the passes of `test_augment`; None if it
            makes a single pass.

        Returns
        -------
        array, or list or tuple of them
            The results for all rows.
        """
        outputs = self._plain_outputs(X, logits=logits)
        if outputs is not None:
            return copy_rows(function(outputs, None))
        rows = self.rows(X)
        self._check_augment()
        spread = spread and hasattr(self.test_augment, "moments")

        def apply(outputs: Any) -> Any:
            return function(*outputs) if spread else function(outputs, None)

        options = {"function": apply, "logits": logits, "spread": spread}
        return self._predict(rows, self.test_augment, **options)

    def _plain_outputs(self, X: Any, **options: Any) -> Any:
        """Return the outputs for X if it is a plain array of few rows, and None otherwise."""
        plain = self.plain
        if plain is None or self.test_augment is not None or self.mesh is not None:
            return None
        return plain(self.frozen, X, **options) if plain.iterator is self.iterator else None

    def predict_logits(self, rows: Rows, logits: tuple[str, ...]) -> Any:
        """Compute the outputs of rows, some of them before their nonlinearity."""
        return self._predict(rows, logits=logits)

    def _predict(self, rows: Rows, test_augment: Any = None, **options: Any) -> Any:
        return predict_rows(
            self.frozen, rows, self.iterator, test_augment, mesh=self.mesh, **options
        )

    def _check_augment(self) -> None:
        if self.test_augment is None:
            return
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
        if self.test_augment is not None:
            stable = {}
        nonlinearities = [stable.get(name) for name in last]

        def apply(values: Any, _: Any) -> Any:
            return self.outputs.log_probabilities(values, nonlinearities)

        return self.map_outputs(X, apply, logits=tuple(stable))

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
        self.frozen.place()
        params, state = put_weights(self.frozen.weights, self.mesh)
        runtime = runtime_for(self.network, self.mesh)
        names = {"layer": layer, "output": output, "logits": logits}
        left = len(rows)
        size = self.iterator.batch_size
        own = network_for(self.network, rows.into or rows.shapes)
        check_batch("batch_iterator_test", size, len(rows), rows.row_bytes(), own)
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
    finite = [np.isfinite(array) for array in as_tuple(outputs)]
    if all(one.all() for one in finite):
        return np.arange(0)
    wrong = [~one.reshape(len(one), -1).all(axis=1) for one in finite]
    return np.flatnonzero(np.logical_or.reduce(wrong))
