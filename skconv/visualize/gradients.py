"""How what a net answers depends on its input, or on what a layer puts out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..network.views import name_of
from ..training.predict_step import Gradient
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
    fitted = net._fitted()
    rows = fitted.rows(X)
    direction = answer.direction(answer.chosen(target, X))
    layer = _layer(fitted.network, layer)
    yield from fitted.gradients(rows, direction, layer=layer, output=answer.name, logits=logits)


def _layer(network: Any, layer: Any) -> str:
    if layer is not None:
        return name_of(layer, network)
    names = list(network.inputs)
    if len(names) > 1:
        raise ValueError(
            f"layer is needed: the net has several inputs, {', '.join(names)}; name one of them"
        )
    return names[0]
