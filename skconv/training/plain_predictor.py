"""Outputs for plain arrays of few rows, without the steps that other data need."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..data.iterators import BatchIterator, has_transform
from ..data.predict_chunks import predict_shape, stack_rows
from ..network.graph import Network
from ..network.memory import check_batch
from ..network.model import Model
from ..ops.dealt_batches import dealing_mesh
from ..ops.processes import reads_together
from .metrics import rows_of_batches
from .prepared_program import prepare_program

FLOAT, BYTE = np.dtype(np.float32), np.dtype(np.uint8)
"""Dtypes that X keeps; all others are converted to the first."""


@dataclass(frozen=True)
class PlainPredictor:
    """Computes outputs for arrays of numbers whose rows fit into one chunk.

    Each step of a prediction, such as reading and arranging rows, runs little code, but that of 40
    functions takes 140 us where a small net takes 60, as each is no longer in the processor's
    caches once the program has run (AMD EPYC, two cores). What these steps would decide for
    NumPy's arrays is decided here once.

    Parameters
    ----------
    name : str
        Name of the only input layer.
    row : tuple of int
        Shape of a row as this takes it; flat rows are taken, too.
    output_bytes : mapping of str to int
        Size for a row of the outputs, by the name None, and of each layer whose output holds one
        copy of the rows.
    iterator : BatchIterator
        The iterator at prediction, without a transform.
    check : bool
        Whether values must be finite.
    """

    name: str
    row: tuple[int, ...]
    output_bytes: Mapping[str | None, int]
    iterator: BatchIterator
    check: bool

    @classmethod
    def of(
        cls, network: Network, iterator: BatchIterator, features: int | None, *, check: bool
    ) -> PlainPredictor | None:
        """Return what predicts for a network; None if rows have to be read, or might not fit.

        Parameters
        ----------
        network : Network
        iterator : BatchIterator
            The iterator at prediction.
        features : int or None
            Number of values of a row in fit.
        check : bool
            Whether values must be finite.
        """
        if network.free or network.indices or has_transform(iterator):
            return None
        if len(network.inputs) != 1:
            return None
        ((name, row),) = network.rows().items()
        values, size = math.prod(row), iterator.batch_size
        if values != features:
            return None
        try:
            check_batch("batch_iterator_test", size, size, FLOAT.itemsize * values, network)
        except ValueError:
            return None
        sizes: dict[str | None, int] = {
            node.name: network.output_bytes[node.name]
            for node in network.nodes
            if math.prod(node.copies) == 1
        }
        sizes[None] = sum(map(network.output_bytes.__getitem__, network.outputs))
        return cls(name, row, sizes, iterator, check)

    def __call__(
        self, model: Model, X: Any, to: str | None = None, logits: tuple[str, ...] = ()
    ) -> Any:
        """Return the outputs for all rows; None if X must be read and checked in full.

        Parameters
        ----------
        model : Model
            With the network that this was made for.
        X : object
            As passed to `NeuralNet.predict`.
        to : str, optional
            Name of a layer; by default all outputs.
        logits : tuple of str
            Outputs that are taken before their nonlinearity.

        Returns
        -------
        float32 array of shape (n, ...), a tuple of arrays if there are several outputs, or None
        """
        if type(X) is not np.ndarray or X.dtype.kind not in "fiub" or reads_together():
            return None
        given, n, values = X.shape[1:], len(X), math.prod(self.row)
        if not n or (given != self.row and given != (values,)) or to not in self.output_bytes:
            return None
        dtype = BYTE if X.dtype == BYTE else FLOAT
        largest = max(dtype.itemsize * values, self.output_bytes[to])
        shape = predict_shape(n, self.iterator.batch_size, largest)
        steps = -(-n // shape[1])
        if steps > shape[0] or dealing_mesh(steps) is not None:
            return None
        with np.errstate(over="ignore", invalid="ignore"):
            X = X.astype(dtype, copy=False)
            # a sum is enough, as for scikit-learn
            if self.check and dtype == FLOAT and not math.isfinite(np.add.reduce(X, axis=None)):
                return None
        programs, weights, others = prepare_program(model, None, None, single=True)
        batches = {self.name: stack_rows(X.reshape(n, *self.row), shape)}
        args = *weights, batches, *others, np.int32(steps)
        output = programs.predict(*args, to=to, logits=logits, spread=False)
        return rows_of_batches(output, n)
