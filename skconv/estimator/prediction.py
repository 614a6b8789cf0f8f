"""Predictions of a net: labels, probabilities, scores, and the output of any layer."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from ..data.inputs import DataFormat, Features, Targets, check_rows, row_shapes
from ..data.iterators import BatchIterator, as_test_iterator, has_transform
from ..data.named_inputs import by_input
from ..data.reconstruction import as_target, own_target, reconstructs
from ..data.rows import Rows
from ..network.free_sizes import FreeSizesHint
from ..network.graph import Variables
from ..network.model import Model
from ..network.precision import check_available
from ..network.views import FittedLayer, name_of
from ..ops.device_choice import Devices
from ..preprocessing.dataset_parts import read_features, split_dataset
from ..preprocessing.map_dataset import is_map_dataset
from ..targets.by_output import as_tuple, output_names, regression_by_output
from ..targets.numbers import Numbers
from ..targets.output_inference import guess_outputs
from ..targets.outputs import Outputs
from ..targets.row_shapes import have_same_order
from ..targets.scoring import score_outputs
from ..training.fitted_net import FittedNet, nonfinite_rows
from ..training.objective_value import objective_value
from ..training.pure_function import pure_function
from ..utils.forks import check_fork
from .blueprint import ConfiguredNet, make_blueprint
from .by_shape import by_shape
from .live_values import LiveValues
from .output_checks import with_scores
from .plan import make_plan
from .prepared_prediction import prepare_prediction
from .routing import describe_losses


def _has_probabilities(net: PredictionMixin) -> bool:
    """Return whether some output predicts probabilities, as far as known before a fit.

    Raises
    ------
    AttributeError
        If not, with what to call or to change instead.
    """
    if not hasattr(net, "_model"):
        if not all(regression_by_output(net.regression, net.outputs)):
            return True
    elif net._targets().holds(scores=False):
        return True
    elif net._targets().holds(scores=True):
        raise AttributeError(
            "predict_proba is not available, because the output layer computes scores; leave its "
            "nonlinearity and objective_loss_function unset for probabilities"
        )
    raise AttributeError(
        "predict_proba is not available, because the net predicts numbers, which nolearn's "
        "predict_proba returned, too; call predict(X)"
    )


def _has_scores(net: PredictionMixin) -> bool:
    return hasattr(net, "_model") and net._targets().holds(scores=True)


class PredictionMixin:
    """The methods of a net that predict."""

    _model: Model
    _outputs: Outputs | None
    regression: Any
    outputs: Any
    autoencoder: bool
    batch_iterator_test: int | BatchIterator
    test_augment: Callable[..., Any] | None
    check_input: bool
    data_format: DataFormat
    devices: Devices
    shard_params: bool
    _settings: Callable[[], dict[str, Any]]

    def _fitted(self) -> FittedNet:
        """Return the fitted net for prediction; also used by visualizations and searches.

        Raises
        ------
        NotFittedError
            If the net is neither fitted nor initialized.
        RuntimeError
            In a process that was forked after JAX had been used.
        """
        if not hasattr(self, "_model"):
            check_is_fitted(self)  # which raises
        check_fork()
        # in one step, so that another thread's fit changes all of it or nothing
        now = self.__dict__.copy()
        model = now["_model"]
        check_available(model.network.compute_dtype)
        frozen = model.for_prediction()
        outputs, iterator, mesh, plain = prepare_prediction(now, frozen, self._targets)
        augment, read = now["test_augment"], self._read_rows
        return FittedNet(model, frozen, outputs, iterator, augment, read, mesh, plain)

    def _targets(self, now: Mapping[str, Any] | None = None) -> Outputs:
        """Return the targets of the fit, or a guess for a net that was initialized without data."""
        now = self.__dict__ if now is None else now
        if now["_outputs"] is not None:
            return now["_outputs"]
        network = now["_model"].network
        regression = regression_by_output(self.regression, self.outputs)
        names = output_names(self.outputs)
        losses, axes = describe_losses(self._settings()), network.unit_axes
        shapes = list(network.outputs.values())
        guessed = guess_outputs(shapes, names, regression=regression, axes=axes, losses=losses)
        return with_scores(guessed, network)

    def _read_rows(self, X: Features) -> Rows:
        network = self._model.network
        reset = bool(network.free) or not hasattr(self, "n_features_in_")
        probe = copy.copy(self) if reset else self
        iterator = as_test_iterator(self.batch_iterator_test)
        if is_map_dataset(X):
            X = read_features(X, network.inputs)
        X, known = by_input(X, list(network.inputs)), not (network.free or has_transform(iterator))
        with FreeSizesHint(network, lambda: row_shapes(X, self.data_format)):
            return check_rows(
                probe,
                X,
                reset=reset,
                check=self.check_input,
                data_format=self.data_format,
                expected=network.rows() if known else None,
                ahead=False,
            )

    def _decoded(
        self,
        fitted: FittedNet,
        X: Features,
        decode: Callable[[Any, Any], Any],
        *,
        strict: bool = False,
        spread: bool = False,
    ) -> Any:
        """Return what `decode` makes of the outputs for X and of their standard deviations.

        Raises `ValueError`, or else warns, if outputs are NaN or infinite.
        """
        wrong: list[int] = []
        done = 0

        def checked(outputs: Any, deviations: Any) -> Any:
            nonlocal done
            wrong.extend(done + nonfinite_rows(outputs))
            done += len(as_tuple(outputs)[0])
            with np.errstate(invalid="ignore") if strict and wrong else nullcontext():
                return decode(outputs, deviations)

        decoded = fitted.map_outputs(X, checked, spread=spread)
        self._check_finite(wrong, strict=strict)
        return decoded

    def _check_finite(self, rows: Sequence[int], *, strict: bool) -> None:
        if not rows:
            return
        listed = ", ".join(map(str, rows[:5])) + (", ..." if len(rows) > 5 else "")
        message = (
            f"the outputs for {len(rows)} rows of X are NaN or infinite: {listed}; scale X, "
            "such as by StandardScaler, and check its values"
        )
        if strict:
            raise ValueError(message)
        warnings.warn(message, UserWarning, stacklevel=4)

    @by_shape
    def predict(self, X: Features, return_std: bool = False) -> Any:
        """Predict labels, indicators or numbers for X.

        Parameters
        ----------
        X : array-like, DataFrame, sparse matrix, or dict of arrays
            Samples, in the form that `fit` accepts.
        return_std : bool
            Whether to return the standard deviations of predicted numbers, too; for a net trained
            with `skconv.objectives.gaussian_nll`, and over the passes of a `test_augment` that
            draws noise, such as `skconv.augment.MonteCarloDropout`.

        Returns
        -------
        array of shape (n,) or (n, ...), or list of array
            Labels of the dtype of y, or numbers in the shape of y. For several outputs, an array of
            shape (n, n_outputs) if all predict one label or all predict one number per row, as in
            scikit-learn, and a list of arrays in their order otherwise. Columns of labels that have
            no common dtype, such as text and integers, are objects. `fit` and `score` take either
            form as y.
            For X with rows of several sizes, predictions of positions are an array of objects.

            Quantiles have a further, last axis, and `skconv.objectives.cox_loss` predicts the
            logarithm of the risk. If the loss or the objective is your own, and an output has not
            as many values as y has, `predict` returns it as it is.
        std : array or list of array
            Standard deviations in the form of the predictions; only if `return_std` is True. For
            several outputs, a list with None for those without one, if there are such.

        Raises
        ------
        ValueError
            If X has values that the net does not take, or if outputs of a classifier overflow:
            NaN has no label. Numbers that overflow warn. Also if `return_std` is True, but no
            standard deviation is known.
        """
        fitted = self._fitted()
        outputs = fitted.outputs

        def decode(output: Any, deviations: Any) -> Any:
            labels = outputs.decode(output)
            return (labels, outputs.spread(output, deviations)) if return_std else labels

        labels = not all(isinstance(one, Numbers) for one in outputs.targets)
        strict = self.check_input and labels
        return self._decoded(fitted, X, decode, strict=strict, spread=return_std)

    @available_if(_has_probabilities)
    @by_shape
    def predict_proba(self, X: Features, return_std: bool = False) -> Any:
        """Predict class probabilities for X; only for classifiers.

        Not available if the output layer computes scores, as for a hinge loss; see
        `decision_function`.

        Parameters
        ----------
        X : array-like, DataFrame, sparse matrix, or dict of arrays
            Samples, in the form that `fit` accepts.
        return_std : bool
            Whether to return the standard deviations of the probabilities, too, over the passes of
            a `test_augment` that draws noise, such as `skconv.augment.MonteCarloDropout`.

        Returns
        -------
        float32 array of shape (n, n_classes) or (n, n_classes, ...)
            Columns are in the order of `classes_`, and sum to one unless rows have several labels.
            For a class at each position, such as a pixel, positions follow the classes.
            A list of arrays if there are several outputs, in their order, with None for an output
            that predicts numbers or scores.
        std : float32 array of shape (n, n_classes)
            Standard deviations in the form of the probabilities; only if `return_std` is True.

        Raises
        ------
        ValueError
            If `return_std` is True, but no standard deviation is known.
        """
        fitted = self._fitted()
        outputs = fitted.outputs

        def decode(output: Any, deviations: Any) -> Any:
            probabilities = outputs.probabilities(output)
            if not return_std:
                return probabilities
            return probabilities, outputs.spread_of_probabilities(output, deviations)

        return self._decoded(fitted, X, decode, spread=return_std)

    @available_if(_has_probabilities)
    @by_shape
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
        float32 array of shape (n, n_classes) or (n, n_classes, ...)
            As in `predict_proba`.
        """
        return self._fitted().log_probabilities(X)

    @available_if(_has_scores)
    @by_shape
    def decision_function(self, X: Features) -> Any:
        """Compute the scores of the classes for X; only for nets without probabilities.

        These are nets whose output layer returns other numbers than probabilities, as for a hinge
        loss, or logits for a loss of their own.

        Parameters
        ----------
        X : array-like, DataFrame, sparse matrix, or dict of arrays
            Samples, in the form that `fit` accepts.

        Returns
        -------
        float32 array of shape (n, n_classes) or (n,), or with further axes of positions
            The class with the highest score is predicted; with a single unit, the second class if
            its score is positive. A list of arrays if there are several outputs, in their order,
            with None for an output that predicts numbers or probabilities.
        """
        fitted = self._fitted()
        return self._decoded(fitted, X, lambda output, _: fitted.outputs.decision(output))

    def score(
        self, X: Features, y: Targets | None = None, sample_weight: ArrayLike | None = None
    ) -> float:
        """Return the accuracy, or the coefficient of determination for regression.

        The accuracy is that over all positions if rows have a class at each. Quantiles are scored
        by `sklearn.metrics.d2_pinball_score`, and logarithms of the risk by the concordance index.
        If the loss or the objective is your own, and an output has not as many values as y has, the
        score is minus the objective of all samples, without penalties and `test_augment`.

        Parameters
        ----------
        X : array-like, DataFrame, sparse matrix, or dict of arrays
            Samples, in the form that `fit` accepts.
        y : array-like
            True targets. An autoencoder is scored by how well it reconstructs X.
        sample_weight : array-like of shape (n,) or of the shape of y, optional
            Weights of the samples, or of the targets, as in `fit`.

        Returns
        -------
        float
            The mean of the scores if there are several outputs. Targets of the value `ignore_label`
            are left out; NaN, with a warning, if all have it.
        """
        fitted = self._fitted()
        outputs = fitted.outputs
        X, y = split_dataset(X, y)
        if reconstructs(y, self.regression, self.outputs, self.autoencoder):
            y = self._own_target(X, outputs)
        if not outputs.predicts:
            return -self._objective_value(fitted, X, y, sample_weight)
        if y is None:
            raise ValueError(self._missing_target())
        return score_outputs(outputs, y, self.predict(X), sample_weight)

    def _own_target(self, X: Any, outputs: Outputs) -> Any:
        """Return X as the target to score; raise `ValueError` if the net predicts other numbers."""
        if self._model.network.free:
            return own_target(X, self._read_rows)
        y, target = as_target(self._read_rows(X)), outputs.targets[0]
        if not isinstance(target, Numbers) or not have_same_order(y.shape[1:], target.shape):
            raise ValueError(self._missing_target())
        return y

    def _missing_target(self) -> str:
        return f"y must be given to score a {type(self).__name__} that does not reconstruct X"

    def _objective_value(self, fitted: FittedNet, X: Any, y: Any, sample_weight: Any) -> float:
        network, params = fitted.network, self._settings()
        row = next(iter(network.rows().values()), None)
        blueprint = make_blueprint(params, cast(ConfiguredNet, self)._own(), row)
        plan = make_plan(blueprint, network, fitted.outputs, params)
        values = LiveValues(cast(ConfiguredNet, self), network)(fitted.model.step, 1)
        return objective_value(plan, fitted, values, X, y, sample_weight)

    @by_shape
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

    def as_function(self) -> tuple[Callable[[Variables, Any], Any], Variables]:
        """Return the net as a pure JAX function, and its parameters.

        The function can be jitted, differentiated, vectorized and exported, also for any number of
        samples. It leaves out `test_augment` and host transforms, and does not check X.

        Returns
        -------
        function : callable
            ``(params, X) -> outputs``, where X is an array, or a dict of arrays by input layer,
            with images channels first, and the outputs are float32 of shape ``(n, units)``: class
            probabilities, or numbers in the units of y. A tuple if there are several outputs.
        params : dict of dict of array
            Weights and state, such as running means, by layer and name.

        Raises
        ------
        NotFittedError
            If the net is neither fitted nor initialized.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from skconv import NeuralNet
        >>> X, y = load_iris(return_X_y=True)
        >>> net = NeuralNet(max_epochs=1, random_state=0).fit(X, y)
        >>> function, params = net.as_function()
        >>> function(params, X).shape
        (150, 3)
        """
        model = self._fitted().frozen
        model.place()
        return pure_function(model)
