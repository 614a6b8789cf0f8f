"""Samples and targets by name, in containers that can be split into rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from ..data.named_inputs import by_input
from ..estimator.neural_net import NeuralNet
from ..network.layer_list import input_names
from ..preprocessing import SliceDict
from ..preprocessing.row_view import view_rows
from ..targets.by_output import output_names
from ..targets.forms import split_targets
from ..utils.row_containers import has_names


def last_step(estimator: Any) -> Any:
    """Return the last step of a pipeline, or any other estimator itself.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> last_step(make_pipeline(StandardScaler(), NeuralNet()))
    NeuralNet()
    """
    if isinstance(estimator, Pipeline) and estimator.steps:
        return last_step(estimator.steps[-1][1])
    return estimator


def with_rows(X: Any, y: Any, estimator: Any) -> tuple[Any, Any]:
    """Return X and y in forms that can be indexed by rows.

    Parameters
    ----------
    X : array-like, DataFrame, sparse matrix, or dict of arrays
        For a net with several inputs also a list of arrays, in the order of its input layers.
    y : array-like, DataFrame, or dict or list of arrays by output
    estimator : estimator
        A net, or a pipeline that ends in one; any other takes X and y as they are.

    Returns
    -------
    X, y
        Dicts and lists of arrays become a `SliceDict`, and arrays in files, for a net, a `RowView`,
        whose folds are not copies.

    Raises
    ------
    ValueError
        If arrays differ in length, X lists another number of arrays than the net has inputs, or y
        does not have the outputs of the net.

    Examples
    --------
    >>> y = [[3, 8, 5], ['odd', 'even', 'odd']]
    >>> with_rows([[1], [2], [3]], y, NeuralNet(outputs=['digit', 'parity']))[1]
    SliceDict(digit=<list of 3>, parity=<list of 3>)
    """
    net = last_step(estimator)
    if not isinstance(net, NeuralNet):
        return X, y
    if net is estimator and net.layers is not None and isinstance(X, list | tuple):
        X = by_input(X, input_names(net.layers))
    if has_names(X):
        X = SliceDict(X)
    if net is estimator:
        X = view_rows(X)
    if has_names(y) or isinstance(y, list | tuple):
        names = output_names(net.outputs)
        parts = split_targets(y, names)
        y = parts[0] if len(names) == 1 else SliceDict(zip(map(str, names), parts, strict=True))
    return X, y


def weights_with_rows(params: Mapping[str, Any], estimator: Any) -> dict[str, Any]:
    """Return arguments of `fit`, of which `sample_weight` can be indexed by rows.

    Parameters
    ----------
    params : mapping of str to object
        Those of a step of a pipeline have its prefix, as in ``neuralnet__sample_weight``.
    estimator : estimator
        As for `with_rows`.

    Returns
    -------
    dict
        Weights by output, given as a dict or list for a net with several, are a `SliceDict`.
    """
    net = last_step(estimator)
    names = output_names(net.outputs) if isinstance(net, NeuralNet) else (None,)
    return {
        name: _by_output(value, names) if name.rpartition("__")[2] == "sample_weight" else value
        for name, value in params.items()
    }


def _by_output(weights: Any, names: Sequence[str | None]) -> Any:
    listed = isinstance(weights, list | tuple) and len(weights) == len(names) > 1
    if listed and any(part is not None and np.ndim(part) for part in weights):
        weights = dict(zip(names, weights, strict=True))
    if not isinstance(weights, Mapping) or len(names) == 1:
        return weights
    return SliceDict({name: part for name, part in weights.items() if part is not None})
