"""Successive halving in which the best candidates continue their training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.experimental import enable_halving_search_cv
from sklearn.model_selection import HalvingGridSearchCV

from ..errors import InvalidParameterError
from ..utils.cache_keys import structural_key
from .base import BatchedSearch
from .jobs import Job

__all__ = ["BatchedHalvingSearch"]


class BatchedHalvingSearch(BatchedSearch, HalvingGridSearchCV):
    """Successive halving over epochs, in which the best candidates continue their training.

    All candidates are trained for a few epochs, the best of them for more, and so on (Jamieson and
    Talwalkar 2016). Candidates keep their weights and the state of their update rule between
    rounds, so no epoch is trained twice; their scores are those of training for all epochs at once.
    Nets with handlers that restore weights or change the rate, such as `EarlyStopping`, train
    afresh in each round.

    Parameters
    ----------
    estimator : NeuralNet, or Pipeline that ends in one
        The estimator to search over.
    param_grid : dict or list of dict
        Values to try for each parameter, as in scikit-learn.
    factor : float, default=3
        From round to round, the number of candidates is divided and the number of epochs is
        multiplied by this factor.
    resource : str, default='max_epochs'
        The parameter that grows; ``'clf__max_epochs'`` for a net that is the step ``'clf'`` of a
        pipeline. With resources other than the epochs, each round trains afresh.
    max_resources : int or 'auto', default='auto'
        Number of epochs in the last round; by default the estimator's.
    min_resources : int, 'exhaust' or 'smallest', default='exhaust'
        Number of epochs in the first round. ``'exhaust'`` chooses it so that the last round gets as
        many as possible of `max_resources`.
    aggressive_elimination, cv, scoring, refit, error_score, return_train_score, random_state, \
n_jobs, verbose
        As in `sklearn.model_selection.HalvingGridSearchCV`.
    lanes, max_lanes
        As in `BatchedGridSearchCV`. The nets of all candidates of a round stay in memory.

    Attributes
    ----------
    n_resources_, n_candidates_, n_iterations_, cv_results_, best_estimator_, best_params_, ...
        As in scikit-learn.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skconv import NeuralNet
    >>> from skconv.model_selection import BatchedHalvingSearch
    >>> X, y = load_iris(return_X_y=True)
    >>> net = NeuralNet(max_epochs=18, random_state=0)
    >>> search = BatchedHalvingSearch(net, {'update_learning_rate': [1e-4, 1e-3, 0.1]}, cv=3)
    >>> search.fit(X, y).n_resources_
    [6, 18]
    >>> search.best_params_['update_learning_rate']
    0.1
    """

    factor: float
    max_resources: int | str

    def __init__(
        self,
        estimator: Any,
        param_grid: Any,
        *,
        factor: float = 3,
        resource: str = "max_epochs",
        max_resources: int | str = "auto",
        min_resources: int | str = "exhaust",
        aggressive_elimination: bool = False,
        cv: Any = 5,
        scoring: Any = None,
        refit: bool = True,
        error_score: Any = np.nan,
        return_train_score: bool = True,
        random_state: Any = None,
        n_jobs: int | None = None,
        verbose: int = 0,
        lanes: str = "auto",
        max_lanes: int | None = None,
    ) -> None:
        super().__init__(
            estimator,
            param_grid,
            factor=factor,
            resource=resource,
            max_resources=max_resources,
            min_resources=min_resources,
            aggressive_elimination=aggressive_elimination,
            cv=cv,
            scoring=scoring,
            refit=refit,
            error_score=error_score,
            return_train_score=return_train_score,
            random_state=random_state,
            n_jobs=n_jobs,
            verbose=verbose,
        )
        self.lanes = lanes
        self.max_lanes = max_lanes

    def _check_input_parameters(self, X: Any, y: Any, split_params: Any) -> None:
        if self.factor <= 1:
            raise InvalidParameterError(f"factor must be a number > 1, got {self.factor!r}")
        given, known = self.max_resources, self.estimator.get_params()
        if given == "auto" and self.resource in known:
            self.max_resources = known[self.resource]
        try:
            super()._check_input_parameters(X, y, split_params)
        finally:
            self.max_resources = given

    def _run_search(self, evaluate_candidates: Any, *, callback_ctx: Any = None) -> None:
        self._jobs: dict[Any, Job] = {}
        try:
            super()._run_search(evaluate_candidates, callback_ctx=callback_ctx)
        finally:
            del self._jobs

    def _make_job(self, estimator: Any, params: Mapping[str, Any], split: int, train: Any) -> Job:
        job = self._jobs.pop(self._key(params, split), None)
        if job is None or not job.trained_for(self.n_resources_[-2]):
            return super()._make_job(estimator, params, split, train)
        job.estimator.set_params(**{self.resource: params[self.resource]})
        return Job(job.estimator, np.asarray(train), continues=True)

    def _on_finished(self, params: Mapping[str, Any], split: int, job: Job) -> None:
        if self.resource.rpartition("__")[2] == "max_epochs":
            self._jobs[self._key(params, split)] = job

    def _key(self, params: Mapping[str, Any], split: int) -> Any:
        """Return what identifies a candidate and split in all rounds."""
        return structural_key({k: v for k, v in params.items() if k != self.resource}), split
