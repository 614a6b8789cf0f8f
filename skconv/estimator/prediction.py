"""Predictions of a net: labels, probabilities, scores, and the output of any layer."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from ..data.inputs import Features, Rows, Targets, check_rows
from ..data.iterators import BatchIterator, as_test_iterator
from ..data.output_targets import Outputs, guess_outputs, output_names, regression_by_output
from ..network.model import Model
from ..network.views import FittedLayer, name_of
from ..training.fitted_net import FittedNet


def _classifies(net: PredictionMixin) -> bool:
    return not all(regression_by_output(net.regression, net.outputs))


class PredictionMixin:
    """The methods of a net that predict."""

    _model: Model
    _outputs: Outputs | None
    regression: Any
    outputs: Any
    batch_iterator_test: int | BatchIterator
    test_augment: Callable[..., Any] | None
    check_input: bool

    def _fitted(self) -> FittedNet:
        """Return the fitted net for prediction; also used by visualizations and searches.

        Raises
        ------
        NotFittedError
            If the net is neither fitted nor initialized.
        """
        check_is_fitted(self)
        return FittedNet(
            self._model,
            self._outputs or self._guess_outputs(),
            as_test_iterator(self.batch_iterator_test),
            self.test_augment,
            self._read_rows,
        )

    def _guess_outputs(self) -> Outputs:
        """Return the targets of a net that was initialized without data."""
        shapes = list(self._model.network.outputs.values())
        regression = regression_by_output(self.regression, self.outputs)
        return guess_outputs(shapes, output_names(self.outputs), regression=regression)

    def _read_rows(self, X: Features) -> Rows:
        reset = not hasattr(self, "n_features_in_")
        probe = copy.copy(self) if reset else self
        return check_rows(probe, X, reset=reset, check=self.check_input)

    def predict(self, X: Features) -> Any:
        """Predict labels, indicators or numbers for X.

        Parameters
        ----------
        X : array-like, DataFrame, sparse matrix, or dict of arrays
            Samples, in the form that `fit` accepts.

        Returns
        -------
        array of shape (n,) or (n, n_outputs)
            Labels of the dtype of y, or numbers in the shape of y. A tuple of arrays if there are
            several outputs, in their order.
        """
        fitted = self._fitted()
        return fitted.outputs.decode(fitted.compute(X))

    @available_if(_classifies)
    def predict_proba(self, X: Features) -> Any:
        """Predict class probabilities for X; only for classifiers.

        Parameters
        ----------
        X : array-like, DataFrame, sparse matrix, or dict of arrays
            Samples, in the form that `fit` accepts.

        Returns
        -------
        float32 array of shape (n, n_classes)
            Columns are in the order of `classes_`, and sum to one unless rows have several labels.
            A tuple of arrays if there are several outputs, in their order, with None for an output
            that predicts numbers.
        """
        fitted = self._fitted()
        return fitted.outputs.probabilities(fitted.compute(X))

    @available_if(_classifies)
    def predict_log_proba(self, X: Features) -> Any:
        """Predict logarithms of class probabilities for X; only for classifiers.

        They are computed before the softmax or sigmoid of the output, where probabilities cannot
        round to zero. With `test_augment`, and with other nonlinearities, they are the logarithms
        of `predict_proba`, and may be ``-inf``.

        Parameters
        ----------
        X : array-like, DataFrame, sparse matrix, or dict of arrays
            Samples, in the form that `fit` accepts.

        Returns
        -------
        float32 array of shape (n, n_classes)
            As in `predict_proba`.
        """
        return self._fitted().log_probabilities(X)

    def score(self, X: Features, y: Targets, sample_weight: ArrayLike | None = None) -> float:
        """Return the accuracy, or the coefficient of determination for regression.

        Parameters
        ----------
        X : array-like, DataFrame, sparse matrix, or dict of arrays
            Samples, in the form that `fit` accepts.
        y : array-like
            True targets.
        sample_weight : array-like of shape (n,), optional
            Sample weights.

        Returns
        -------
        float
            The mean of the scores if there are several outputs.
        """
        return self._fitted().outputs.score(y, self.predict(X), sample_weight)

    def get_output(self, layer: str | int | FittedLayer, X: Features) -> np.ndarray:
        """Compute the output of a layer for X.

        Parameters
        ----------
        layer : str, int or FittedLayer
            Name or index of the layer, or an item of `layers_`.
        X : array-like, DataFrame, sparse matrix, or dict of arrays
            Samples, in the form that `fit` accepts.

        Returns
        -------
        float32 array of shape (n, ...)
            Images are channels first.
        """
        fitted = self._fitted()
        return fitted.compute(X, name_of(layer, fitted.network))
