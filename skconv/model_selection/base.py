"""The part that the searches share: candidates and folds are trained together, then scored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any, Self

import joblib
import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.model_selection import check_cv

from ..data.inputs import Features, Targets
from ..ops.dealt_batches import dealing_batches
from ..ops.platform import device, devices
from ..preprocessing import SliceDict
from ..preprocessing.dataset_parts import split_dataset
from ..utils.memo import Memo
from ..utils.pickling import PickledByValue
from ..utils.versions import Versioned
from .containers import weights_with_rows, with_rows
from .fitting import check_lanes
from .folds import folds_of_known
from .jobs import FitBatch, Job, check_several
from .sklearn_hooks import BaseSearchCV
from .workers import workers_for


class FittedStandIn:
    """A trained estimator, in place of a clone that scikit-learn is about to fit.

    Parameters
    ----------
    job : Job
        The finished job.
    """

    def __init__(self, job: Job) -> None:
        self._job = job

    def set_params(self, **params: Any) -> Any:
        """Return the trained estimator; its next `fit` only raises the error of the job, if any."""
        estimator, error = self._job.estimator, self._job.error

        def fit(*args: Any, **kwargs: Any) -> Any:
            del vars(estimator)["fit"]
            if error is not None:
                raise error
            return estimator

        vars(estimator)["fit"] = fit
        return estimator


def clone_with(estimator: Any, params: Mapping[str, Any]) -> Any:
    """Return a clone of an estimator with other parameters."""
    return clone(estimator).set_params(**clone(params, safe=False))


class CandidateTrainer:
    """Trains the candidates of a search in advance, and hands them to scikit-learn.

    scikit-learn splits the data, clones the estimator for each candidate and split, sets its
    parameters, and fits and scores it. The trainer acts as the splitter, to learn the splits, and
    is called when the estimator is cloned, to return trained candidates instead of clones.

    Parameters
    ----------
    search : BatchedSearch
    estimator : estimator
        The search's own.
    make_job : callable
        ``(estimator, params, split, train) -> Job``, called for each candidate and split.
    on_finished : callable
        ``(params, split, job)``, called for each job once it is finished.
    """

    def __init__(
        self,
        search: BatchedSearch,
        estimator: Any,
        make_job: Callable[[Any, Mapping[str, Any], int, Any], Job],
        on_finished: Callable[[Mapping[str, Any], int, Job], None],
    ) -> None:
        self._search = search
        self._estimator = estimator
        self._make_job = make_job
        self._on_finished = on_finished
        self._workers = workers_for(search.n_jobs)
        self._memo = Memo()
        self._finished: Iterator[Job] | None = None
        self.params: Mapping[str, Any] = {}
        self.seconds: list[float] = []
        self.original = clone(estimator)
        self.original.__dict__["__sklearn_clone__"] = self._clone
        self._cloned = False

    def _clone(self) -> Any:
        """Return what scikit-learn gets as a clone of `original`.

        First `original` itself, which it clones for each candidate and split; then stand-ins while
        it evaluates candidates, and plain clones otherwise.
        """
        if self._finished is not None:
            return FittedStandIn(next(self._finished))
        if not self._cloned:
            self._cloned = True
            return self.original
        return clone(self._estimator)

    def release(self) -> None:
        """Let `original`, which scorers of scikit-learn keep, be cloned as any other net."""
        vars(self.original).pop("__sklearn_clone__", None)

    def evaluate(self, function: Any, candidates: Iterable[Any], cv: Any, **options: Any) -> Any:
        """Call scikit-learn's function that evaluates candidates, with the trainer as splitter."""
        self._candidates, self._cv = list(candidates), cv
        try:
            with dealing_batches(devices()):  # scikit-learn scores one net after the other
                return function(self._candidates, self, **options)
        finally:
            self._finished = None

    def split(self, X: Any, y: Any = None, **groups: Any) -> list[Any]:
        """Return the splits of the search's own splitter, and plan the jobs on them."""
        search = self._search
        cv = self._cv or check_cv(search.cv, y, classifier=is_classifier(search.estimator))
        splits = list(cv.split(X, y, **groups))
        batch = FitBatch(X, y, self.params, search.lanes, search.max_lanes)
        pairs = product(self._candidates, enumerate(splits))
        planned = [(params, i, train) for params, (i, (train, _)) in pairs]
        self._finished = self._train(batch, planned)
        if getattr(search, "return_train_score", False):
            return splits
        nothing = np.arange(0)  # scikit-learn would copy the training rows of each fit in vain
        return [(nothing, test) for _, test in splits]

    def _train(self, batch: FitBatch, planned: Sequence[tuple[Any, int, Any]]) -> Iterator[Job]:
        """Run as many jobs at a time as fit into memory, and yield them one by one."""
        start = 0
        while start < len(planned):
            params, _, train = planned[start]
            width = batch.width(Job(clone_with(self._estimator, params), train), self._memo)
            width = self._workers.at_a_time(width)
            jobs = [self._make_job(self._estimator, *p) for p in planned[start : start + width]]
            if self._search.verbose and start + width < len(planned):
                print(f"Training {len(jobs)} of {len(planned)} fits at a time")
            with dealing_batches([device()]):
                jobs = list(self._workers.run(batch, jobs, self._memo))
            start += len(jobs)
            while jobs:  # so that scored estimators are not kept alive
                job = jobs.pop(0)
                params, split, _ = planned[start - len(jobs) - 1]
                self.seconds.append(job.seconds)
                self._on_finished(params, split, job)
                yield job


class BatchedSearch(PickledByValue, Versioned, BaseSearchCV):
    """Base class of the searches, to be listed before the search class of scikit-learn."""

    estimator: Any
    cv: Any
    lanes: str
    max_lanes: int | None
    n_jobs: int | None
    verbose: int

    def fit(self, X: Features, y: Targets | None = None, **params: Any) -> Self:
        """Run the search, and refit the best candidate on all samples.

        Parameters
        ----------
        X : array-like, DataFrame, sparse matrix, or dict of arrays
            Training samples, in the form that `NeuralNet.fit` or the first step of a pipeline
            accepts.
        y : array-like of shape (n,) or (n, n_outputs), or dict or list of arrays
            Targets, in the form that `NeuralNet.fit` accepts. Folds of dicts and lists are not
            stratified, as those of an array of shape (n, n_outputs) are not. Missing labels may be
            NaN or None if the net has an `ignore_label`; functions of scikit-learn such as
            `cross_val_score` stratify no such labels, and need ``cv=KFold(5, shuffle=True)``.
        **params
            Passed to the estimator, the splitter and the scorer, as scikit-learn does. Those with a
            value for each sample are split along with X.

        Returns
        -------
        self
        """
        check_lanes(self.lanes, self.max_lanes)
        check_several(self.estimator)
        estimator, cv = self.estimator, self.cv
        folds = list(cv) if isinstance(cv, Iterator) else cv
        X, y = with_rows(*split_dataset(X, y), estimator)
        params = weights_with_rows(params, estimator)
        self._trainer = CandidateTrainer(self, estimator, self._make_job, self._on_finished)
        self.estimator = self._trainer.original
        if isinstance(y, SliceDict):
            self.cv = check_cv(folds)  # scikit-learn would look for classes in y as a whole
        else:
            self.cv = folds_of_known(folds, y, self.estimator)
        try:
            with joblib.parallel_config(backend="sequential"):
                return super().fit(X, y, **params)
        finally:
            self.estimator, self.cv = estimator, cv
            self._trainer.release()
            del self._trainer

    def _make_job(self, estimator: Any, params: Mapping[str, Any], split: int, train: Any) -> Job:
        """Return the job of fitting a candidate on a split."""
        return Job(clone_with(estimator, params), np.asarray(train))

    def _on_finished(self, params: Mapping[str, Any], split: int, job: Job) -> None:
        """Handle the finished job of a candidate on a split; nothing by default."""

    def _run_search(self, evaluate_candidates: Any, *, callback_ctx: Any = None) -> None:
        def evaluate(candidates: Any, cv: Any = None, **options: Any) -> Any:
            return self._trainer.evaluate(evaluate_candidates, candidates, cv, **options)

        context = {} if callback_ctx is None else {"callback_ctx": callback_ctx}
        super()._run_search(evaluate, **context)

    def _get_routed_params_for_fit(self, params: Any) -> Any:
        routed = super()._get_routed_params_for_fit(params)
        self._trainer.params = routed.estimator.fit
        return routed

    def _format_results(
        self, candidate_params: Any, n_splits: int, out: Any, more_results: Any = None
    ) -> Any:
        for result, seconds in zip(out, self._trainer.seconds, strict=True):
            result["fit_time"] = seconds
        return super()._format_results(candidate_params, n_splits, out, more_results)
