"""What a net answers: labels, probabilities, scores, and what any layer puts out."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from ..augment.pipeline import check_test_augment
from ..augment.tunable import float32_values, without_values
from ..data.chunks import PREDICT_FRACTION, iterate_chunks
from ..data.inputs import Rows, check_rows
from ..data.iterators import BatchIterator, as_test_iterator, has_transform
from ..data.output_targets import Outputs, guess_outputs, output_names, regression_by_output
from ..network.graph import Runtime, as_float32
from ..network.model import Model
from ..network.views import FittedLayer, name_of
from ..training.metrics import concatenate_batches, wait_for_previous
from ..training.plan import PredictPlan
from ..training.programs import Programs, programs_for


def _classifies(net: PredictionMixin) -> bool:
    return not all(regression_by_output(net.regression, net.outputs))


class PredictionMixin:
    """What a net can tell of rows."""

    _model: Model
    _outputs: Outputs | None
    regression: Any
    outputs: Any

    def _answers(self) -> Outputs:
        check_is_fitted(self)
        if self._outputs is not None:
            return self._outputs
        shapes = list(self._model.network.outputs.values())
        regression = regression_by_output(self.regression, self.outputs)
        return guess_outputs(shapes, output_names(self.outputs), regression=regression)

    def _rows(self, X: Any) -> Rows:
        check_is_fitted(self)
        reset = not hasattr(self, "n_features_in_")
        probe = copy.copy(self) if reset else self
        rows = check_rows(probe, X, reset=reset, check=self.check_input)
        iterator = as_test_iterator(self.batch_iterator_test)
        return rows.arrange(self._model.network.inputs, changed=has_transform(iterator))

    def _output(self, X: Any, to: str | None = None) -> Any:
        rows, network = self._rows(X), self._model.network
        check_test_augment(self.test_augment)
        programs = programs_for(PredictPlan(network, without_values(self.test_augment)))
        iterator = as_test_iterator(self.batch_iterator_test)
        numbers = as_float32(network.runtime()), float32_values(self.test_augment)
        return _predicted(programs, self._model, rows, iterator, *numbers, to)

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
        return self._answers().decode(self._output(X))

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
        return self._answers().probabilities(self._output(X))

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
        return self._answers().score(y, self.predict(X), sample_weight)

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
        check_is_fitted(self)
        return self._output(X, name_of(layer, self._model.network))


def _predicted(
    programs: Programs,
    model: Model,
    rows: Rows,
    iterator: BatchIterator,
    runtime: Runtime,
    numbers: Mapping[str, Any],
    to: str | None = None,
) -> Any:
    """Compute a layer's output for all rows.

    Parameters
    ----------
    programs : Programs
    model : Model
    rows : Rows
    iterator : BatchIterator
    runtime : dict of dict of float32
    numbers : dict of float32
        Of what augments at test time.
    to : str, optional
        Name of the layer; by default all outputs.

    Returns
    -------
    float32 array of shape (n, ...), or a tuple of them where there are several outputs
        Of a layer that holds copies of the rows all of them, copy after copy.
    """
    kept, seed = [], np.uint32(model.seed)
    for chunk in iterate_chunks(rows, None, None, iterator, keep=True, part=PREDICT_FRACTION):
        args = (model.params, model.state, chunk.X, runtime, numbers, seed, np.int32(chunk.steps))
        kept.append(programs.predict(*args, to=to))
        wait_for_previous(kept)
    copies = math.prod(model.network.node(to).copies) if to else 1
    return concatenate_batches(kept, len(rows), copies)
