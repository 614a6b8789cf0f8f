"""Bootstrap aggregating of nets, which are trained together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.utils import check_consistent_length, check_random_state, get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from ..data.features import FEATURES
from ..data.inputs import Features, Targets
from ..data.reconstruction import own_target, reconstructs
from ..errors import Problems
from ..estimator.by_shape import call_by_shape
from ..estimator.neural_net import NeuralNet
from ..model_selection.containers import weights_with_rows, with_rows
from ..model_selection.fitting import check_lanes
from ..model_selection.jobs import FitBatch, Job, check_several
from ..model_selection.sklearn_hooks import _num_samples
from ..preprocessing.dataset_parts import split_dataset
from ..targets.scoring import score_outputs
from ..utils.checks import flag, is_integer, is_number, positive, random_state
from ..utils.pickling import PickledByValue
from ..utils.versions import Versioned
from .averaging import MeanPrediction, has_probabilities, joint_outputs

__all__ = ["BatchedBagging"]


def _net_or_default(estimator: Any) -> Any:
    return NeuralNet() if estimator is None else estimator


def _has_probabilities(bagging: BatchedBagging) -> bool:
    unfitted = [_net_or_default(bagging.estimator)]
    return has_probabilities(getattr(bagging, "estimators_", unfitted))


class BatchedBagging(MetaEstimatorMixin, PickledByValue, Versioned, BaseEstimator):
    """Bagging: several nets, trained together, whose predictions are averaged (Breiman 1996).

    Each net has its own seed and is trained on its own random sample of the rows. Numbers are
    averaged, as are the probabilities of classes and of labels; of several outputs, each as its
    kind. Nets that compute scores rather than probabilities vote.

    Parameters
    ----------
    estimator : NeuralNet, or Pipeline that ends in one, default=None
        With targets of any kind, and any number of inputs and outputs; by default ``NeuralNet()``.
    n_estimators : int, default=10
        Number of nets.
    max_samples : float or int, default=1.0
        Number of rows drawn for each net, or their fraction of all rows.
    bootstrap : bool, default=True
        Whether rows are drawn with replacement.
    random_state : int, RandomState or None, default=None
        Seed of the nets' seeds and of the rows drawn.
    lanes : {'auto', 'loop', 'unroll', 'vmap'}, default='auto'
        As in `skconv.model_selection.BatchedGridSearchCV`.
    max_lanes : int, default=None
        As in `skconv.model_selection.BatchedGridSearchCV`.

    Attributes
    ----------
    estimators_ : list of estimator
        The fitted nets.
    estimators_samples_ : list of int array
        Indices of the rows that each net was trained on.
    classes_ : array of shape (n_classes,)
        Labels that some net has seen, as in `NeuralNet`: for classifiers only, and a list if there
        are several outputs.
    n_features_in_ : int
        Number of values in a row of X, as the estimator counts them.
    feature_names_in_ : array of str
        Names of the columns of X; only if X has string names.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skconv import NeuralNet
    >>> from skconv.ensemble import BatchedBagging
    >>> X, y = load_iris(return_X_y=True)
    >>> net = NeuralNet(update_learning_rate=0.1, max_epochs=40)
    >>> bagging = BatchedBagging(net, n_estimators=3, random_state=0).fit(X, y)
    >>> bagging.score(X, y) > 0.9, len(bagging.estimators_)
    (True, 3)
    """

    def __init__(
        self,
        estimator: Any = None,
        n_estimators: int = 10,
        *,
        max_samples: float = 1.0,
        bootstrap: bool = True,
        random_state: int | np.random.RandomState | None = None,
        lanes: str = "auto",
        max_lanes: int | None = None,
    ) -> None:
        self.estimator = estimator
        self.n_estimators = n_estimators
        self.max_samples = max_samples
        self.bootstrap = bootstrap
        self.random_state = random_state
        self.lanes = lanes
        self.max_lanes = max_lanes

    def fit(self, X: Features, y: Targets | None = None, **params: Any) -> Self:
        """Train all nets.

        Parameters
        ----------
        X, y
            Training samples and targets, in the form that the estimator's `fit` accepts; without
            targets for autoencoders.
        **params
            Further arguments of the estimator's `fit`. Those with a value for each row are drawn
            along with the rows.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If parameters or data are invalid.
        """
        estimator = _net_or_default(self.estimator)
        check_several(estimator)
        X, y = with_rows(*split_dataset(X, y), estimator)
        params = weights_with_rows(params, estimator)
        check_consistent_length(X, y)
        n = _num_samples(X)
        rows = self._check(n)
        rng = check_random_state(self.random_state)
        jobs = [self._make_job(rng, n, rows) for _ in range(self.n_estimators)]
        FitBatch(X, y, params, self.lanes, self.max_lanes).run(jobs)
        for job in jobs:
            if job.error is not None:
                raise job.error
        estimators = [job.estimator for job in jobs]
        outputs = joint_outputs(estimators, y)
        for name in (*FEATURES, "classes_"):
            self.__dict__.pop(name, None)
        for name in FEATURES:
            if hasattr(estimators[0], name):
                setattr(self, name, getattr(estimators[0], name))
        if outputs.classes is not None:
            self.classes_ = outputs.classes
        self.estimators_ = estimators
        self.estimators_samples_ = [job.train for job in jobs]
        self._outputs = outputs
        return self

    def _check(self, n: int) -> int:
        """Check the parameters, and return the number of rows for each net."""
        problems = Problems()
        with problems.collect():
            check_lanes(self.lanes, self.max_lanes)
        checks = {"n_estimators": positive, "bootstrap": flag, "random_state": random_state}
        for name, check in checks.items():
            if valid := check(getattr(self, name)):
                problems.add_parameter(name, valid, getattr(self, name))
        whole = is_integer(self.max_samples)
        if not is_number(self.max_samples) or not 0 < self.max_samples <= (n if whole else 1.0):
            problems.add_parameter(
                "max_samples",
                f"an integer from 1 to {n} or a fraction between 0.0 and 1.0",
                self.max_samples,
            )
        problems.raise_any()
        return int(self.max_samples if whole else max(1, round(self.max_samples * n)))

    def _make_job(self, rng: np.random.RandomState, n: int, rows: int) -> Job:
        estimator = clone(_net_or_default(self.estimator))
        names = sorted(estimator.get_params())
        seeds = [name for name in names if name.rpartition("__")[2] == "random_state"]
        estimator.set_params(**{name: rng.randint(2**31 - 1) for name in seeds})
        index = rng.randint(n, size=rows) if self.bootstrap else rng.permutation(n)[:rows]
        return Job(estimator, np.sort(index))

    def _mean(self) -> MeanPrediction:
        check_is_fitted(self)
        return MeanPrediction(self.estimators_, self._outputs)

    def _by_shape(self, predict: Callable[[Any], Any], X: Features) -> Any:
        """Return predictions for X, whose rows may have several shapes if the nets take them."""
        net = self.estimators_[0]
        if not isinstance(net, NeuralNet):
            return predict(X)
        return call_by_shape(predict, X, net._fitted().network)

    def predict(self, X: Features) -> Any:
        """Predict the labels with the highest mean probability, or the mean of the nets' numbers.

        Nets that compute scores rather than probabilities vote on the labels.

        Parameters
        ----------
        X
            Samples, in the form that `fit` accepts.

        Returns
        -------
        array of shape (n,) or (n, ...), or list of array
            As `NeuralNet.predict` returns them. Indicators of several labels are one where the mean
            probability is above one half.
        """
        return self._by_shape(self._mean().predict, X)

    @available_if(_has_probabilities)
    def predict_proba(self, X: Features) -> Any:
        """Predict probabilities, averaged over the nets; only for classifiers.

        Parameters
        ----------
        X
            Samples, in the form that `fit` accepts.

        Returns
        -------
        float array of shape (n, n_classes), or list of array
            As `NeuralNet.predict_proba` returns them: columns are in the order of `classes_`, and
            several outputs have a list. Classes that a net has not seen in training count with
            probability zero.
        """
        return self._by_shape(self._mean().probabilities, X)

    @available_if(_has_probabilities)
    def predict_log_proba(self, X: Features) -> Any:
        """Predict logarithms of the averaged probabilities; only for classifiers.

        Parameters
        ----------
        X
            Samples, in the form that `fit` accepts.

        Returns
        -------
        float array of shape (n, n_classes), or list of array
            As in `predict_proba`; ``-inf`` for a probability of zero.
        """
        return self._by_shape(self._mean().log_probabilities, X)

    def score(
        self, X: Features, y: Targets | None = None, sample_weight: ArrayLike | None = None
    ) -> float:
        """Return the accuracy, or the coefficient of determination for regression.

        Parameters
        ----------
        X, y
            Samples, in the form that `fit` accepts, and their true targets. Autoencoders are scored
            by how well they reconstruct X.
        sample_weight : array-like of shape (n,), optional
            Sample weights.

        Returns
        -------
        float
            As `NeuralNet.score` computes it: the mean of the outputs if there are several, and for
            several labels per row the fraction of rows whose labels are all correct.
        """
        outputs, net = self._mean().outputs, self.estimators_[0]
        if isinstance(net, NeuralNet) and reconstructs(
            y, net.regression, net.outputs, net.autoencoder
        ):
            y = own_target(X, net._fitted().read_rows)
        return score_outputs(outputs, y, self.predict(X), sample_weight)

    def __sklearn_tags__(self) -> Any:
        tags, base = super().__sklearn_tags__(), get_tags(_net_or_default(self.estimator))
        for name in ("estimator_type", "classifier_tags", "regressor_tags"):
            setattr(tags, name, getattr(base, name))
        tags.input_tags, tags.target_tags = base.input_tags, base.target_tags
        return tags
