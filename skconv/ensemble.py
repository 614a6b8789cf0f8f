"""Ensembles whose nets are trained together."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone, is_classifier
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils import check_random_state, get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import _num_samples, check_is_fitted

from .errors import Problems
from .estimator.neural_net import NeuralNet
from .model_selection.jobs import FitBatch, Job, check_lanes
from .utils.checks import is_integer

__all__ = ["BatchedBagging"]


def _classifies(bagging: BatchedBagging) -> bool:
    return is_classifier(bagging._base())


class BatchedBagging(MetaEstimatorMixin, BaseEstimator):
    """Train several nets together, and average what they predict (Breiman 1996).

    Each has a seed of its own, and rows drawn with replacement unless ``bootstrap=False``.

    Parameters
    ----------
    estimator : NeuralNet, or Pipeline that ends in one, optional
        A classifier or regressor with one output; by default ``NeuralNet()``.
    n_estimators : int
    max_samples : float or int
        Rows for each net, as a fraction of all or as a number.
    bootstrap : bool
        Whether rows are drawn with replacement.
    random_state : int, RandomState or None
        Source of the seeds and of the rows.
    lanes : {'auto', 'loop', 'unroll', 'vmap'}
    max_lanes : int, optional
        As those of `skconv.model_selection.BatchedGridSearchCV`.

    Attributes
    ----------
    estimators_ : list of estimator
        The fitted nets.
    estimators_samples_ : list of int array
        Rows that each was trained on.
    classes_ : array of shape (n_classes,)
        Labels, for classifiers.
    n_features_in_ : int
        Numbers in a row of X.

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
        random_state: Any = None,
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

    def fit(self, X: Any, y: Any, **params: Any) -> Self:
        """Train all nets.

        Parameters
        ----------
        X, y
            As the estimator's `fit` takes them.
        **params
            Further arguments of its `fit`; those with a value for each row go with the rows.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            For parameters out of range, and with what is wrong with the data.
        """
        rows = self._check(_num_samples(X))
        rng = check_random_state(self.random_state)
        jobs = [self._job(rng, _num_samples(X), rows) for _ in range(self.n_estimators)]
        FitBatch(X, y, params, self.lanes, self.max_lanes).run(jobs)
        for job in jobs:
            if job.outcome.error is not None:
                raise job.outcome.error
        self.estimators_ = [job.estimator for job in jobs]
        self.estimators_samples_ = [job.train for job in jobs]
        first = self.estimators_[0]
        self.n_features_in_ = first.n_features_in_
        vars(self).pop("feature_names_in_", None)
        if hasattr(first, "feature_names_in_"):
            self.feature_names_in_ = first.feature_names_in_
        if _classifies(self):
            self.classes_ = np.unique(np.concatenate([one.classes_ for one in self.estimators_]))
        return self

    def _check(self, n: int) -> int:
        """Check the parameters, and tell how many rows each net gets."""
        problems = Problems()
        with problems.collect():
            check_lanes(self.lanes, self.max_lanes)
        if not is_integer(self.n_estimators, low=1):
            problems.add(f"n_estimators={self.n_estimators!r} is no whole number from 1 on")
        whole = is_integer(self.max_samples)
        if isinstance(self.max_samples, bool) or not 0 < self.max_samples <= (n if whole else 1.0):
            problems.add(f"max_samples={self.max_samples!r} is neither in 1 to {n} nor in (0, 1.0]")
        problems.raise_any()
        return int(self.max_samples if whole else max(1, round(self.max_samples * n)))

    def _job(self, rng: np.random.RandomState, n: int, rows: int) -> Job:
        made = clone(self._base())
        names = sorted(made.get_params())
        seeds = [name for name in names if name.rpartition("__")[2] == "random_state"]
        made.set_params(**{name: rng.randint(2**31 - 1) for name in seeds})
        index = rng.randint(n, size=rows) if self.bootstrap else rng.permutation(n)[:rows]
        return Job(made, np.sort(index))

    def _base(self) -> Any:
        return NeuralNet() if self.estimator is None else self.estimator

    def predict(self, X: Any) -> np.ndarray:
        """Predict the label of the highest mean probability, or the mean number.

        Parameters
        ----------
        X
            Rows as in `fit`.

        Returns
        -------
        array of shape (n,) or (n, outputs)
        """
        check_is_fitted(self)
        if _classifies(self):
            return self.classes_[self.predict_proba(X).argmax(axis=1)]
        return np.mean([one.predict(X) for one in self.estimators_], axis=0)

    @available_if(_classifies)
    def predict_proba(self, X: Any) -> np.ndarray:
        """Average the probabilities of all nets.

        Parameters
        ----------
        X
            Rows as in `fit`.

        Returns
        -------
        float array of shape (n, n_classes)
            Columns in the order of `classes_`; a net that has not met a class gives it zero.
        """
        check_is_fitted(self)
        total = 0.0
        for one in self.estimators_:
            found = one.predict_proba(X)
            known = np.zeros((len(found), len(self.classes_)))
            known[:, np.searchsorted(self.classes_, one.classes_)] = found
            total = total + known
        return total / len(self.estimators_)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Compute the accuracy, or for regression the coefficient of determination.

        Parameters
        ----------
        X, y
            Rows as in `fit`, and their true targets.
        sample_weight : array-like of shape (n,), optional

        Returns
        -------
        float
        """
        metric = accuracy_score if _classifies(self) else r2_score
        return float(metric(y, self.predict(X), sample_weight=sample_weight))

    def __sklearn_tags__(self) -> Any:
        tags, base = super().__sklearn_tags__(), get_tags(self._base())
        for name in ("estimator_type", "classifier_tags", "regressor_tags", "target_tags"):
            setattr(tags, name, getattr(base, name))
        return tags
