"""Gradients of a net's outputs with respect to its input or the output of a layer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..network.graph import Network
from ..network.views import FittedLayer, name_of
from ..training.predict_step import Gradient
from .output_view import view_output


def iterate_gradients(
    net: Any,
    X: Any,
    target: Any = None,
    *,
    layer: str | int | FittedLayer | None = None,
    output: str | None = None,
    logits: bool = True,
) -> Iterator[Gradient]:
    """Compute the gradient of one output unit for each sample, batch by batch.

    One program per layer and output is compiled, for all samples and targets.

    Parameters
    ----------
    net : NeuralNet
    X : array-like, DataFrame, sparse matrix, or dict of arrays
        Samples as in `fit`.
    target : label, index of a predicted number, array-like of shape (n,) of them, or None
        Class to explain, for all samples or each; None for the most likely class of each.
    layer : str, int or FittedLayer, optional
        Layer with respect to whose output the gradient is taken; by default the input, if there
        is only one.
    output : str, optional
        Name of the output layer; by default the first.
    logits : bool
        Whether to take the output before its nonlinearity.

    Yields
    ------
    Gradient
        Of NumPy arrays, for the samples of one batch.

    Raises
    ------
    NotFittedError
        If the net is not fitted.
    ValueError
        If the net has no such layer, output or class, or does not accept X.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skconv import NeuralNet
    >>> X, y = load_iris(return_X_y=True)
    >>> net = NeuralNet(max_epochs=1, random_state=0).fit(X, y)
    >>> [batch.gradients.shape for batch in iterate_gradients(net, X, target=2)]
    [(128, 4), (22, 4)]
    """
    view = view_output(net, output)
    fitted = net._fitted()
    rows = fitted.rows(X)
    direction = view.unit_weights(view.choose_columns(target, X))
    name = _layer_name(fitted.network, layer)
    yield from fitted.gradients(rows, direction, layer=name, output=view.name, logits=logits)


def _layer_name(network: Network, layer: str | int | FittedLayer | None) -> str:
    if layer is not None:
        return name_of(layer, network)
    names = list(network.inputs)
    if len(names) > 1:
        raise ValueError(f"layer must be given, as the net has several inputs: {', '.join(names)}")
    return names[0]
