"""Grid search that trains all candidates and folds together."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.model_selection import GridSearchCV

from .base import BatchedSearch

__all__ = ["BatchedGridSearchCV"]


class BatchedGridSearchCV(BatchedSearch, GridSearchCV):
    """Search a grid of parameters, with all candidates and folds trained together.

    Each candidate gets the scores that `sklearn.model_selection.GridSearchCV` gives it; what
    differs is the time.

    Parameters
    ----------
    estimator : NeuralNet, or Pipeline that ends in one
        Other estimators are fitted one after the other.
    param_grid : dict or list of dict
        As scikit-learn's. Candidates that differ in numbers alone, such as learning rates,
        penalties, dropout, strengths of augmentation or seeds, share one program.
    scoring, n_jobs, refit, cv, verbose, pre_dispatch, error_score, return_train_score
        As scikit-learn's. With `n_jobs` of 2 or more, fits are spread over processes, or over the
        workers of the backend that `joblib.parallel_config` names.
    lanes : {'auto', 'loop', 'unroll', 'vmap'}
        How nets of one architecture are trained: one after the other with one program, on a CPU
        in as many threads as there are cores; four in one program, each with its own operations;
        or all of them by operations on all nets at once. ``'auto'`` takes ``'vmap'`` on an
        accelerator and for very small nets, ``'loop'`` otherwise.
    max_lanes : int, optional
        Nets to train at the same time; by default as many as a quarter of the memory has room
        for.

    Attributes
    ----------
    cv_results_, best_estimator_, best_score_, best_params_, best_index_, scorer_, n_splits_
        As scikit-learn's; ``mean_fit_time`` is each fit's share of the time.

    Notes
    -----
    The steps of a pipeline before the net are fitted once for each fold and each choice of their
    parameters. After Ctrl-C the fits that were not through get `error_score`.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skconv import NeuralNet
    >>> from skconv.model_selection import BatchedGridSearchCV
    >>> X, y = load_iris(return_X_y=True)
    >>> net = NeuralNet(max_epochs=20, random_state=0)
    >>> search = BatchedGridSearchCV(net, {'update_learning_rate': [0.001, 0.1]}, cv=3)
    >>> search.fit(X, y).best_params_
    {'update_learning_rate': 0.1}
    """

    def __init__(
        self,
        estimator: Any,
        param_grid: Any,
        *,
        scoring: Any = None,
        n_jobs: int | None = None,
        refit: Any = True,
        cv: Any = None,
        verbose: int = 0,
        pre_dispatch: Any = "2*n_jobs",
        error_score: Any = np.nan,
        return_train_score: bool = False,
        lanes: str = "auto",
        max_lanes: int | None = None,
    ) -> None:
        super().__init__(
            estimator,
            param_grid,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.lanes = lanes
        self.max_lanes = max_lanes
