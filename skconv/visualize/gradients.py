"""How what a net answers depends on its input, or on what a layer puts out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jax
import numpy as np

from ..data.chunks import PREDICT_FRACTION, iterate_chunks
from ..data.iterators import as_test_iterator
from ..network.graph import as_float32
from ..network.views import name_of
from ..training.plan import PredictPlan
from ..training.predict_step import Gradient
from ..training.programs import programs_for
from .output_view import view_output


def iterate_gradients(
    net: Any,
    X: Any,
    target: Any = None,
    *,
    layer: Any = None,
    output: str | None = None,
    logits: bool = True,
) -> Iterator[Gradient]:
    """Compute, batch by batch, the gradient of one number of the answer to each row.

    It is compiled once for a layer and an output, whatever the rows and what they are asked about.

    Parameters
    ----------
    net : NeuralNet
    X : array-like, DataFrame, sparse matrix, or dict of arrays
        Rows as in `fit`.
    target : label, number of an output, array-like of shape (n,) of them, or None
        What the rows are asked about; by default each about its most likely class.
    layer : str, int or FittedLayer, optional
        By default the input, where there is one.
    output : str, optional
        Name of the output layer; by default the first.
    logits : bool
        Whether the number is taken before the nonlinearity of the output.

    Yields
    ------
    Gradient
        Of NumPy arrays, for the rows of a batch.

    Raises
    ------
    NotFittedError
        Where the net is not fitted.
    ValueError
        For names, rows or targets that the net does not know.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skconv import NeuralNet
    >>> X, y = load_iris(return_X_y=True)
    >>> net = NeuralNet(max_epochs=1, random_state=0).fit(X, y)
    >>> [batch.gradients.shape for batch in iterate_gradients(net, X, target=2)]
    [(128, 4), (22, 4)]
    """
    answer = view_output(net, output)
    network, model = net.network_, net._model
    names = {"layer": _layer(network, layer), "output": answer.name, "logits": logits}
    rows = net._rows(X)
    direction = answer.direction(answer.chosen(target, X))
    programs = programs_for(PredictPlan(network))
    runtime = as_float32(network.runtime())
    left = len(rows)
    iterator = as_test_iterator(net.batch_iterator_test)
    for chunk in iterate_chunks(rows, None, None, iterator, keep=True, part=PREDICT_FRACTION):
        for i in range(chunk.steps):
            Xb = {name: array[i] for name, array in chunk.X.items()}
            args = model.params, model.state, Xb, runtime, direction[chunk.rows[i]]
            found = programs.gradient(*args, **names)
            yield jax.tree.map(lambda array, n=left: np.asarray(array)[:n], found)
            left -= len(chunk.rows[i])


def _layer(network: Any, layer: Any) -> str:
    if layer is not None:
        return name_of(layer, network)
    names = list(network.inputs)
    if len(names) > 1:
        raise ValueError(
            f"layer is needed: the net has several inputs, {', '.join(names)}; name one of them"
        )
    return names[0]
