"""Grid search that trains all candidates and folds together."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.model_selection import GridSearchCV

from .base import BatchedSearch

__all__ = ["BatchedGridSearchCV"]


class BatchedGridSearchCV(BatchedSearch, GridSearchCV):
    """Grid search that trains all candidates and folds together.

    Each candidate gets the same scores as in `sklearn.model_selection.GridSearchCV`, in less time.

    Parameters
    ----------
    estimator : NeuralNet, or Pipeline that ends in one
        The estimator to search over. Estimators without a net are fitted one after the other.
    param_grid : dict or list of dict
        Values to try for each parameter, as in scikit-learn. Candidates that differ only in
        numbers, such as learning rates, penalties, dropout, strengths of augmentation or seeds,
        share one compiled program.
    scoring, n_jobs, refit, cv, verbose, pre_dispatch, error_score, return_train_score
        As in `sklearn.model_selection.GridSearchCV`. With `n_jobs` of 2 or more, fits are
        distributed over processes, or over the workers of the backend set by
        `joblib.parallel_config`. With that of Dask, they run on all workers of the cluster, which
        get the data once and may be lost on the way.
    lanes : {'auto', 'loop', 'unroll', 'vmap'}, default='auto'
        How nets of the same architecture are trained together. ``'loop'`` trains one after the
        other with one program, on a CPU in one thread per core. ``'unroll'`` trains four in one
        program, each with its own operations. ``'vmap'`` trains all at once with batched
        operations. ``'auto'`` is ``'vmap'`` on an accelerator and for very small nets, otherwise
        ``'loop'``. Several devices share the nets: each trains its part of them in this way, with
        ``'loop'`` one at a time; scores are computed on all of them, too. Nets that have `devices`
        of their own are trained one after the other.
    max_lanes : int, default=None
        Maximum number of nets trained at the same time; by default as many as fit into a quarter
        of the memory. On a cluster, the number for each machine; each process trains at least one.

    Attributes
    ----------
    cv_results_, best_estimator_, best_score_, best_params_, best_index_, scorer_, n_splits_
        As in scikit-learn, except that ``mean_fit_time`` is the mean of the fits' shares of the
        total time.

    Notes
    -----
    The steps of a pipeline before the net are fitted once for each fold and each setting of their
    parameters. After Ctrl-C, unfinished fits get the score `error_score`.

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
