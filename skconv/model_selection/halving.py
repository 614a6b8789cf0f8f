"""Successive halving whose survivors train on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.experimental import enable_halving_search_cv
from sklearn.model_selection import HalvingGridSearchCV

from ..utils.cache_keys import structural_key
from .base import BatchedSearch
from .jobs import Job

__all__ = ["BatchedHalvingSearch"]


class BatchedHalvingSearch(BatchedSearch, HalvingGridSearchCV):
    """Train all candidates for a few epochs, the best of them on for more, and so forth.

    Survivors keep their weights and the state of their update rule, so that an epoch is never
    trained twice, and each has the scores that training for as many epochs at once gives
    (Jamieson and Talwalkar 2016).

    Parameters
    ----------
    estimator : NeuralNet, or Pipeline that ends in one
    param_grid : dict or list of dict
        As scikit-learn's.
    factor : float
        One candidate of so many survives a round, and gets so many times the epochs.
    resource : str
        The parameter that grows; for the net ``'clf'`` of a pipeline ``'clf__max_epochs'``. Any
        other than the epochs of the net starts afresh in each round.
    max_resources : int or 'auto'
        Epochs of the last round; by default the estimator's.
    min_resources : int, 'exhaust' or 'smallest'
        Epochs of the first round. With 'exhaust' the last round gets `max_resources`.
    aggressive_elimination, cv, scoring, refit, error_score, return_train_score, random_state, \
n_jobs, verbose
        As those of `sklearn.model_selection.HalvingGridSearchCV`.
    lanes, max_lanes
        As those of `BatchedGridSearchCV`. All survivors stay in memory.

    Attributes
    ----------
    n_resources_, n_candidates_, n_iterations_, cv_results_, best_estimator_, best_params_, ...
        As scikit-learn's.

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
        given, known = self.max_resources, self.estimator.get_params()
        if given == "auto" and self.resource in known:
            self.max_resources = known[self.resource]
        try:
            super()._check_input_parameters(X, y, split_params)
        finally:
            self.max_resources = given

    def _run_search(self, evaluate_candidates: Any, *, callback_ctx: Any = None) -> None:
        self._survivors: dict[Any, Job] = {}
        try:
            super()._run_search(evaluate_candidates, callback_ctx=callback_ctx)
        finally:
            del self._survivors

    def _job(self, estimator: Any, params: Mapping[str, Any], split: int, train: Any) -> Job:
        job = self._survivors.pop(self._key(params, split), None)
        if job is None or not job.trained_for(self.n_resources_[-2]):
            return super()._job(estimator, params, split, train)
        job.estimator.set_params(**{self.resource: params[self.resource]})
        return Job(job.estimator, np.asarray(train), continues=True)

    def _note(self, params: Mapping[str, Any], split: int, job: Job) -> None:
        if self.resource.rpartition("__")[2] == "max_epochs":
            self._survivors[self._key(params, split)] = job

    def _key(self, params: Mapping[str, Any], split: int) -> Any:
        return structural_key({k: v for k, v in params.items() if k != self.resource}), split
