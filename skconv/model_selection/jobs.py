"""Jobs: estimators to be fitted to some rows each, whose nets are trained together."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from ..data.inputs import RowSubset
from ..errors import Problems
from ..estimator.deferred import DeferredFit, deferring
from ..estimator.neural_net import NeuralNet
from ..handlers import Handler
from ..training.events import EVENTS
from ..utils.cache_keys import structural_key
from ..utils.checks import as_list
from ..utils.memo import Memo
from .containers import last_step
from .fitting import MAX_LANES, fit_jobs, lanes_in_memory
from .sklearn_hooks import _check_method_params, _safe_indexing

VALID = ("X_val", "y_val")
"""Arguments of `fit` that are not split, even if they have as many rows as X."""


@dataclass
class Job:
    """An estimator to be fitted to some rows, and how that ended.

    Parameters
    ----------
    estimator : estimator
        Fitted in place.
    train : int array, or bool array of shape (n,)
        Indices of the rows; a mask becomes indices.
    continues : bool
        Whether the estimator is fitted and needs only the remaining epochs.
    finished : bool
        Whether the job has been run.
    error : Exception or None
        Error raised by the fit.
    seconds : float
        Time of the fit; its share of the time if it was trained together with others.
    """

    estimator: Any
    train: np.ndarray
    continues: bool = False
    finished: bool = False
    error: Exception | None = None
    seconds: float = 0.0

    def __post_init__(self) -> None:
        if self.train.dtype == bool:
            self.train = np.flatnonzero(self.train)

    def trained_for(self, epochs: int) -> bool:
        """Return whether the job ended after this number of epochs in a state to continue from.

        It does not after an error, nor if a handler changed the weights or the rate at the end.
        """
        net = _net(self.estimator)
        if net is None or not self.finished or self.error is not None:
            return False
        handlers = [handler for name in EVENTS for handler in as_list(getattr(net, name))]
        if not all(getattr(handler, "resumes", True) for handler in handlers):
            return False
        return net._fitted().model.epoch == epochs


def check_several(estimator: Any) -> None:
    """Raise `ValueError` if a net has handlers of which copies cannot serve several trainings.

    Parameters
    ----------
    estimator : estimator
        Net or pipeline; others are not checked.
    """
    net = last_step(estimator)
    if isinstance(net, NeuralNet):
        handlers = [handler for name in EVENTS for handler in as_list(getattr(net, name))]
        problems = Problems()
        distinct = {id(handler): handler for handler in handlers if isinstance(handler, Handler)}
        problems.call_each(lambda handler: handler.check_several(), distinct.values())
        problems.raise_any()


@dataclass(frozen=True, eq=False)
class FitBatch:
    """Jobs on the same data, with the data and options that they share.

    Parameters
    ----------
    X, y : array-like
    params : dict
        Further arguments of `fit`; those with a value for each row are split as the rows are, but a
        validation set is not.
    lanes : {'auto', 'loop', 'unroll', 'vmap'}
    max_lanes : int or None
    """

    X: Any
    y: Any
    params: Mapping[str, Any]
    lanes: str
    max_lanes: int | None

    def run(self, jobs: Sequence[Job], memo: Memo | None = None) -> Sequence[Job]:
        """Run jobs, training their nets together, and return them."""
        memo = memo or Memo()
        calls = [self._begin(job, memo) for job in jobs]
        deferred = [(job, call) for job, call in zip(jobs, calls, strict=True) if call]
        width = self.max_lanes or MAX_LANES
        outcomes = fit_jobs([call for _, call in deferred], memo, self.lanes, width)
        for (job, _), outcome in zip(deferred, outcomes, strict=True):
            job.error = outcome.error
            job.seconds += outcome.seconds
        return jobs

    def width(self, job: Job, memo: Memo) -> int:
        """Return how many jobs like this one may be run at the same time."""
        if self.max_lanes is not None:
            return self.max_lanes
        call = self._begin(job, memo)
        return 1 if call is None else lanes_in_memory(call, memo)

    def _begin(self, job: Job, memo: Memo) -> DeferredFit | None:
        """Fit everything but the net, and return the net's deferred fit; None if all is done."""
        fold = memo.get("fold", [job.train], partial(_Fold, self, job.train))
        estimator, start = job.estimator, time.perf_counter()
        net = _net(estimator)
        job.finished, job.error = True, None
        try:
            if net is None:
                estimator.fit(fold.rows(), fold.y, **fold.params)
                return None
            if net is estimator and not isinstance(self.X, list | tuple):
                return _defer_fit(net, RowSubset(self.X, job.train), fold, job.continues)
            with _SharedSteps(estimator, memo):
                return _defer_fit(estimator, fold.rows(), fold, job.continues)
        except Exception as error:
            job.error = error
            return None
        finally:
            job.seconds = time.perf_counter() - start


class _Fold:
    """The training rows of a split, as arguments of `fit`."""

    def __init__(self, batch: FitBatch, train: np.ndarray) -> None:
        self._batch = batch
        self._train = train
        self.y = None if batch.y is None else _safe_indexing(batch.y, train)
        whole = {name: v for name, v in batch.params.items() if name.rpartition("__")[2] in VALID}
        split = {name: v for name, v in batch.params.items() if name not in whole}
        self.params = whole | _check_method_params(batch.X, params=split, indices=train)
        self._X: Any = None

    def rows(self) -> Any:
        """Return a copy of the rows, made on the first call."""
        if self._X is None:
            self._X = _safe_indexing(self._batch.X, self._train)
        return self._X


def _net(estimator: Any) -> NeuralNet | None:
    """Return the net at the end of an estimator, unless callbacks need to follow its own fit."""
    if hasattr(estimator, "_skl_callbacks"):
        return None
    if isinstance(estimator, Pipeline) and estimator.steps:
        return _net(estimator.steps[-1][1])
    return estimator if isinstance(estimator, NeuralNet) else None


def _defer_fit(estimator: Any, X: Any, fold: _Fold, continues: bool) -> DeferredFit:
    """Fit the steps before the net, and return the net's deferred fit."""
    with deferring(_net(estimator)) as calls:
        estimator.fit(X, fold.y, **fold.params)
    (call,) = calls
    if not continues:
        return call
    return call._replace(continues=True, epochs=call.epochs - call.net._fitted().model.epoch)


class _SharedSteps:
    """Context in which a pipeline reuses steps fitted to the same rows, through its `memory`.

    A `memory` that the user has set is kept.
    """

    def __init__(self, estimator: Any, memo: Memo) -> None:
        self._pipeline = estimator if getattr(estimator, "memory", self) is None else None
        self._memo = memo

    def __enter__(self) -> None:
        if self._pipeline is not None:
            self._pipeline.memory = self

    def __exit__(self, *exception: Any) -> None:
        if self._pipeline is not None:
            self._pipeline.memory = None

    def cache(self, function: Callable[..., Any], ignore: Sequence[str] = ()) -> Any:
        """Return the function with cached results, as `joblib.Memory.cache` does."""

        def cached(transformer: Any, X: Any, y: Any, *args: Any, **kwargs: Any) -> Any:
            key = "step", structural_key((transformer, kwargs.get("params")))
            make = partial(function, transformer, X, y, *args, **kwargs)
            return self._memo.get(key, [X, y], make)

        return cached
