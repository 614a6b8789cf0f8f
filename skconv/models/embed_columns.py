"""Layers that embed the columns of a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..layers import ConcatLayer, EmbeddingLayer, FlattenLayer, InputLayer
from ..layers.base import Layer

CONCATENATED = "columns"
"""Name of the last of the layers."""


def embed_columns(X: Mapping[str, Any]) -> list[tuple[type[Layer], dict[str, Any]]]:
    """Return layers that take several inputs, embed those of integers, and concatenate all.

    It looks at the names and dtypes of the inputs only, so that the layers suit other rows as well.
    How many categories there are follows from X in `fit`, as does the length of the vectors, unless
    it is set, as in ``color_embedding_output_size=3``.

    Parameters
    ----------
    X : dict of arrays of shape (n, k)
        Inputs by name, as `skconv.preprocessing.EncodeColumns` and
        `skconv.preprocessing.SplitColumns` make them. Integers are categories; the k columns of one
        input share their vectors.

    Returns
    -------
    list of (class, dict)
        For `NeuralNet`, to be followed by further layers: an InputLayer for each input, then for
        each of integers an EmbeddingLayer, with the ending ``'_embedding'``, and a FlattenLayer,
        with ``'_vector'``; at last a ConcatLayer, ``'columns'``.

    Raises
    ------
    ValueError
        If X is not a dict of such arrays.

    References
    ----------
    Cheng Guo and Felix Berkhahn: Entity Embeddings of Categorical Variables. 2016.
    https://arxiv.org/abs/1604.06737

    Examples
    --------
    >>> import numpy as np
    >>> layers = embed_columns({'color': np.array([[1], [2]]), 'numeric': np.array([[.5], [-.5]])})
    >>> [given['name'] for cls, given in layers]
    ['color', 'color_embedding', 'color_vector', 'numeric', 'columns']
    """
    if not isinstance(X, Mapping) or not X:
        raise ValueError(
            f"X must be a dict of arrays by input, got {type(X).__name__}; pass what "
            "EncodeColumns().fit_transform(X) returns"
        )
    layers: list[tuple[type[Layer], dict[str, Any]]] = []
    ends = []
    for name, values in X.items():
        shape, dtype = np.shape(values), getattr(values, "dtype", None)
        kind = getattr(dtype, "kind", None)
        if len(shape) != 2 or kind is None or kind not in "biuf":
            got = f"shape {shape}" if len(shape) != 2 else f"dtype {dtype}"
            raise ValueError(f"X[{name!r}] must be an array of numbers of 2 axes, got {got}")
        layers.append((InputLayer, {"name": name}))
        end = name
        if kind in "iu":
            end = f"{name}_vector"
            layers.append((EmbeddingLayer, {"name": f"{name}_embedding"}))
            layers.append((FlattenLayer, {"name": end}))
        ends.append(end)
    layers.append((ConcatLayer, {"name": CONCATENATED, "incomings": ends}))
    return layers
