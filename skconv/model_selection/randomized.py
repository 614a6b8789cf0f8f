"""Randomized search that trains all candidates and folds together."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.model_selection import RandomizedSearchCV

from .base import BatchedSearch

__all__ = ["BatchedRandomizedSearchCV"]


class BatchedRandomizedSearchCV(BatchedSearch, RandomizedSearchCV):
    """Randomized search that trains all candidates and folds together.

    Each candidate gets the same scores as in `sklearn.model_selection.RandomizedSearchCV`, in less
    time.

    Parameters
    ----------
    estimator : NeuralNet, or Pipeline that ends in one
        The estimator to search over.
    param_distributions : dict or list of dict
        Values to sample for each parameter, as in scikit-learn: lists, or distributions with a
        method ``rvs``.
    n_iter : int, default=10
        Number of candidates.
    scoring, n_jobs, refit, cv, verbose, pre_dispatch, random_state, error_score, return_train_score
        As in `sklearn.model_selection.RandomizedSearchCV`.
    lanes, max_lanes
        As in `BatchedGridSearchCV`.

    Attributes
    ----------
    cv_results_, best_estimator_, best_score_, best_params_, best_index_, scorer_, n_splits_
        As in scikit-learn, except that ``mean_fit_time`` is the mean of the fits' shares of the
        total time.

    Examples
    --------
    >>> from scipy.stats import loguniform
    >>> from sklearn.datasets import load_iris
    >>> from skconv import NeuralNet
    >>> from skconv.model_selection import BatchedRandomizedSearchCV
    >>> X, y = load_iris(return_X_y=True)
    >>> rates = {'update_learning_rate': loguniform(0.05, 0.5)}
    >>> net = NeuralNet(max_epochs=20, random_state=0)
    >>> search = BatchedRandomizedSearchCV(net, rates, n_iter=2, cv=3, random_state=0)
    >>> bool(search.fit(X, y).best_score_ > 0.8)
    True
    """

    def __init__(
        self,
        estimator: Any,
        param_distributions: Any,
        *,
        n_iter: int = 10,
        scoring: Any = None,
        n_jobs: int | None = None,
        refit: Any = True,
        cv: Any = None,
        verbose: int = 0,
        pre_dispatch: Any = "2*n_jobs",
        random_state: Any = None,
        error_score: Any = np.nan,
        return_train_score: bool = False,
        lanes: str = "auto",
        max_lanes: int | None = None,
    ) -> None:
        super().__init__(
            estimator,
            param_distributions,
            n_iter=n_iter,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            random_state=random_state,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.lanes = lanes
        self.max_lanes = max_lanes
