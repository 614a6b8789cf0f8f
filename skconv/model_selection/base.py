"""A search of scikit-learn's that trains its candidates and folds together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any, Self

import joblib
import numpy as np
from sklearn.base import clone
from sklearn.utils.parallel import Parallel, delayed

from ..utils.memo import Memo
from .jobs import FitBatch, Job, check_lanes


class FittedStandIn:
    """A trained estimator in the place of one that a search is about to fit.

    Parameters
    ----------
    job : Job
    """

    def __init__(self, job: Job) -> None:
        self._job = job

    def set_params(self, **params: Any) -> Any:
        """Return the estimator, which has the parameters; its `fit` tells what became of it."""
        estimator, outcome = self._job.estimator, self._job.outcome

        def fit(*args: Any, **kwargs: Any) -> Any:
            del vars(estimator)["fit"]
            if outcome.error is not None:
                raise outcome.error
            return estimator

        vars(estimator)["fit"] = fit
        return estimator


def clone_with(estimator: Any, params: Mapping[str, Any]) -> Any:
    """Copy an estimator, with other parameters."""
    return clone(estimator).set_params(**clone(params, safe=False))


class CandidateTrainer:
    """Train what a search is about to fit, and lend it.

    It takes the place of the search's splitter, and of what its estimator does when it is cloned.

    Parameters
    ----------
    search : BatchedSearch
    estimator : estimator
    """

    def __init__(self, search: BatchedSearch, estimator: Any) -> None:
        self._search = search
        self._estimator = estimator
        self._parallel = Parallel(n_jobs=search.n_jobs)
        self._workers = joblib.effective_n_jobs(search.n_jobs)
        self._memo = Memo()
        self._next: Iterator[Job] | None = None
        self.params: Mapping[str, Any] = {}
        self.seconds: list[float] = []
        self.original = clone(estimator)
        vars(self.original)["__sklearn_clone__"] = self._clone
        self._asked = False

    def _clone(self) -> Any:
        if self._next is not None:
            return FittedStandIn(next(self._next))
        if not self._asked:
            self._asked = True
            return self.original
        return clone(self._estimator)

    def evaluate(self, function: Any, candidates: Iterable[Any], cv: Any, **more: Any) -> Any:
        """Call scikit-learn's function that evaluates candidates, and lend it what it asks for."""
        self._candidates, self._cv = list(candidates), cv
        try:
            return function(self._candidates, self, **more)
        finally:
            self._next = None

    def split(self, X: Any, y: Any = None, **groups: Any) -> list[Any]:
        """Split as the search's own splitter does; this is where jobs are planned."""
        splits = list(self._cv.split(X, y, **groups))
        search = self._search
        task = FitBatch(X, y, self.params, search.lanes, search.max_lanes)
        pairs = product(self._candidates, enumerate(splits))
        self._next = self._trained(task, [(params, i, train) for params, (i, (train, _)) in pairs])
        return splits

    def _trained(self, task: FitBatch, planned: Sequence[tuple[Any, int, Any]]) -> Iterator[Job]:
        """Train as many jobs at a time as there is room for, and yield them one by one."""
        start = 0
        while start < len(planned):
            params, _, train = planned[start]
            width = task.width(Job(clone_with(self._estimator, params), train), self._memo)
            jobs = [self._search._job(self._estimator, *p) for p in planned[start : start + width]]
            if self._search.verbose and start + width < len(planned):
                print(f"Training {len(jobs)} of {len(planned)} fits at a time")
            jobs = list(self._run(task, jobs))
            start += len(jobs)
            while jobs:  # what is scored is let go
                job = jobs.pop(0)
                params, split, _ = planned[start - len(jobs) - 1]
                self.seconds.append(job.outcome.seconds)
                self._search._note(params, split, job)
                yield job

    def _run(self, task: FitBatch, jobs: Sequence[Job]) -> Iterable[Job]:
        if self._workers == 1:
            return task.run(jobs, self._memo)
        shares = [jobs[i :: self._workers] for i in range(min(self._workers, len(jobs)))]
        done = self._parallel(delayed(task.run)(share) for share in shares)
        return [done[i % len(shares)][i // len(shares)] for i in range(len(jobs))]


class BatchedSearch:
    """Train together what a search of scikit-learn's evaluates; it stands before its class."""

    lanes: str
    max_lanes: int | None
    n_jobs: int | None
    verbose: int

    def fit(self, X: Any, y: Any = None, **params: Any) -> Self:
        """Search, and train the best candidate on all rows.

        Parameters
        ----------
        X : array-like, DataFrame or sparse matrix
            Rows as `NeuralNet.fit` takes them, or the first step of a pipeline.
        y : array-like of shape (n,) or (n, outputs)
        **params
            As scikit-learn hands them to the estimator, the splitter and the scorer: those with a
            value for each row are split as the rows are.

        Returns
        -------
        self
        """
        check_lanes(self.lanes, self.max_lanes)
        given = self.estimator
        self._lender = CandidateTrainer(self, given)
        self.estimator = self._lender.original
        try:
            with joblib.parallel_config(backend="sequential"):
                return super().fit(X, y, **params)
        finally:
            self.estimator = given
            del self._lender

    def _job(self, estimator: Any, params: Mapping[str, Any], split: int, train: Any) -> Job:
        """Plan to train a candidate on a split."""
        return Job(clone_with(estimator, params), np.asarray(train))

    def _note(self, params: Mapping[str, Any], split: int, job: Job) -> None:
        """Take notice of what became of a candidate on a split."""

    def _run_search(self, evaluate_candidates: Any, *, callback_ctx: Any = None) -> None:
        def evaluate(candidates: Any, cv: Any = None, **more: Any) -> Any:
            cv = cv or self._checked_cv_orig
            return self._lender.evaluate(evaluate_candidates, candidates, cv, **more)

        context = {} if callback_ctx is None else {"callback_ctx": callback_ctx}
        super()._run_search(evaluate, **context)

    def _get_routed_params_for_fit(self, params: Any) -> Any:
        routed = super()._get_routed_params_for_fit(params)
        self._lender.params = routed.estimator.fit
        return routed

    def _format_results(
        self, candidate_params: Any, n_splits: int, out: Any, more_results: Any = None
    ) -> Any:
        for one, seconds in zip(out, self._lender.seconds, strict=True):
            one["fit_time"] = seconds
        return super()._format_results(candidate_params, n_splits, out, more_results)
