"""What a net answers: labels, probabilities, scores, and what any layer puts out."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from ..data.inputs import Rows, check_rows
from ..data.iterators import as_test_iterator
from ..data.output_targets import Outputs, guess_outputs, output_names, regression_by_output
from ..network.model import Model
from ..network.views import FittedLayer, name_of
from ..training.fitted_net import FittedNet


def _classifies(net: PredictionMixin) -> bool:
    return not all(regression_by_output(net.regression, net.outputs))


class PredictionMixin:
    """What a net can tell of rows."""

    _model: Model
    _outputs: Outputs | None
    regression: Any
    outputs: Any

    def _fitted(self) -> FittedNet:
        """Return what predictions, pictures and searches need of a fitted net.

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

    def _read_rows(self, X: Any) -> Rows:
        reset = not hasattr(self, "n_features_in_")
        probe = copy.copy(self) if reset else self
        return check_rows(probe, X, reset=reset, check=self.check_input)

    def predict(self, X: Any) -> Any:
        """Predict labels, indicators or numbers.

        Parameters
        ----------
        X : array-like, DataFrame, sparse matrix, or dict of arrays
            Rows as in `fit`.

        Returns
        -------
        array of shape (n,) or (n, outputs)
            Labels of the type that y had, or numbers in the shape that y had; of several outputs
            a tuple of such arrays, in their order.
        """
        fitted = self._fitted()
        return fitted.outputs.decode(fitted.compute(X))

    @available_if(_classifies)
    def predict_proba(self, X: Any) -> Any:
        """Predict probabilities; for classifiers.

        Parameters
        ----------
        X : array-like, DataFrame, sparse matrix, or dict of arrays
            Rows as in `fit`.

        Returns
        -------
        float32 array of shape (n, n_classes)
            Columns in the order of `classes_`; of several outputs a tuple of such arrays, in
            their order, with None for an output that answers with numbers.
        """
        fitted = self._fitted()
        return fitted.outputs.probabilities(fitted.compute(X))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Compute the accuracy, or for regression the coefficient of determination.

        Of several outputs it is the mean of their scores.

        Parameters
        ----------
        X, y
            Rows as in `fit`, and their true targets.
        sample_weight : array-like of shape (n,), optional

        Returns
        -------
        float
        """
        return self._fitted().outputs.score(y, self.predict(X), sample_weight)

    def get_output(self, layer: str | int | FittedLayer, X: Any) -> np.ndarray:
        """Compute what a layer puts out.

        Parameters
        ----------
        layer : str, int or FittedLayer
            Name or index of the layer, or an entry of `layers_`.
        X : array-like, DataFrame, sparse matrix, or dict of arrays
            Rows as in `fit`.

        Returns
        -------
        float32 array of shape (n, ...)
            In the layer's public shape, channels first.
        """
        fitted = self._fitted()
        return fitted.compute(X, name_of(layer, fitted.network))
