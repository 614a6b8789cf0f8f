"""A net as a transformer: the output of a hidden layer as features."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import Tags

from ..data.inputs import Features
from ..network.hidden_layer import find_hidden_layer
from ..network.node import Node
from ..training.fitted_net import FittedNet
from .by_shape import by_shape


class HiddenLayerMixin(ClassNamePrefixFeaturesOutMixin, TransformerMixin):
    """The methods by which a net transforms rows, such as a step inside a `Pipeline`."""

    transform_layer: str | int | None

    def _fitted(self) -> FittedNet:
        raise NotImplementedError

    @by_shape
    def transform(self, X: Features) -> np.ndarray:
        """Compute the output of a hidden layer for X, as features.

        The layer is that of `transform_layer`; by default the last hidden one.

        Parameters
        ----------
        X : array-like, DataFrame, sparse matrix, or dict of arrays
            Samples, in the form that `fit` accepts.

        Returns
        -------
        float32 array of shape (n, features)
            Flattened if the layer's output has more axes, channels first. A DataFrame after
            ``set_output(transform='pandas')``.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from skconv import NeuralNet
        >>> X, y = load_iris(return_X_y=True)
        >>> net = NeuralNet(hidden_layer_sizes=(20, 5), max_epochs=1, random_state=0)
        >>> net.fit_transform(X, y).shape
        (150, 5)
        >>> net.get_feature_names_out()[:2].tolist()
        ['hidden2_0', 'hidden2_1']
        """
        node = self._hidden_node()
        output, copies = self._fitted().compute(X, node.name), math.prod(node.copies)
        n = len(output) // copies
        return np.moveaxis(output.reshape(copies, n, -1), 0, 1).reshape(n, -1)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the columns of `transform`: the layer's name and a number.

        Parameters
        ----------
        input_features : array-like of str, optional
            Compared with the names of the columns of X in `fit`.

        Returns
        -------
        object array of shape (features,)

        Raises
        ------
        NotFittedError
            If the net is neither fitted nor initialized.
        """
        numbers = range(len(super().get_feature_names_out(input_features)))
        return np.asarray([f"{self._hidden_node().name}_{i}" for i in numbers], dtype=object)

    @property
    def _n_features_out(self) -> int:
        """Number of columns of `transform`, for scikit-learn's mixin."""
        node = self._hidden_node()
        if None in node.output_shape[1:]:
            raise ValueError(
                f"transform_layer must have a known number of features, got {node.name!r} of shape "
                f"{node.output_shape}"
            )
        return math.prod(node.copies) * math.prod(n or 1 for n in node.output_shape[1:])

    def _hidden_node(self) -> Node:
        network = self._fitted().network
        return network.node(find_hidden_layer(network, self.transform_layer))

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags
