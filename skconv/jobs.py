"""Estimators to be fitted on some rows each, whose nets are trained together."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import _check_method_params

from .conducting import MAX_LANES, Outcome, conduct, lanes_that_fit
from .estimator import NeuralNet
from .inputs import Picked
from .keys import structural_key
from .shelf import Shelf
from .together import Call, putting_off


@dataclass
class Job:
    """An estimator to be fitted on some rows.

    Parameters
    ----------
    estimator : estimator
    train : int array
        Rows to train on.
    goes_on : bool
        Whether it is trained already, and needs only the epochs that are left.
    outcome : Outcome or None
        What became of it.
    """

    estimator: Any
    train: np.ndarray
    goes_on: bool = False
    outcome: Outcome | None = None

    def trained_for(self, epochs: int) -> bool:
        """Tell whether it went through just so many epochs."""
        net = _net(self.estimator)
        done = self.outcome is not None and self.outcome.fault is None and net is not None
        return done and net._model.epoch == epochs


@dataclass(frozen=True, eq=False)
class Task:
    """What all jobs have in common.

    Parameters
    ----------
    X, y : array-like
    params : dict
        Further arguments of `fit`, those with a value for each row included.
    lanes : str
    max_lanes : int or None
    """

    X: Any
    y: Any
    params: Mapping[str, Any]
    lanes: str
    max_lanes: int | None

    def begin(self, job: Job, shelf: Shelf) -> Call | None:
        """Fit all but the net, and return the call of its `fit`; None where all is done."""
        fold = shelf.once("fold", [job.train], partial(_Fold, self, job.train))
        estimator, began = job.estimator, time.perf_counter()
        net = _net(estimator)
        job.outcome = Outcome()
        try:
            if net is None:
                estimator.fit(fold.rows(), fold.y, **fold.params)
                return None
            if net is estimator and not isinstance(self.X, list | tuple):
                return _waiting(net, Picked(self.X, job.train), fold, job.goes_on)
            with _Memory(estimator, shelf):
                return _waiting(estimator, fold.rows(), fold, job.goes_on)
        except Exception as fault:
            job.outcome.fault = fault
            return None
        finally:
            job.outcome.seconds = time.perf_counter() - began

    def run(self, jobs: Sequence[Job], shelf: Shelf | None = None) -> Sequence[Job]:
        """Train, and return the jobs with their outcomes."""
        shelf = shelf or Shelf()
        calls = [self.begin(job, shelf) for job in jobs]
        waiting = [(job, call) for job, call in zip(jobs, calls, strict=True) if call]
        width = self.max_lanes or MAX_LANES
        made = conduct([call for _, call in waiting], shelf, self.lanes, width)
        for (job, _), outcome in zip(waiting, made, strict=True):
            job.outcome = Outcome(outcome.fault, outcome.seconds + job.outcome.seconds)
        return jobs

    def width(self, job: Job, shelf: Shelf) -> int:
        """How many jobs may be trained at the same time."""
        if self.max_lanes is not None:
            return self.max_lanes
        call = self.begin(job, shelf)
        return 1 if call is None else lanes_that_fit(call, shelf)


class _Fold:
    """The rows of a split, as `fit` takes them."""

    def __init__(self, task: Task, train: np.ndarray) -> None:
        self._task = task
        self._train = train
        self.y = None if task.y is None else _safe_indexing(task.y, train)
        self.params = _check_method_params(task.X, params=dict(task.params), indices=train)
        self._X: Any = None

    def rows(self) -> Any:
        """A copy of the rows, made where it is needed."""
        if self._X is None:
            self._X = _safe_indexing(self._task.X, self._train)
        return self._X


def _net(estimator: Any) -> NeuralNet | None:
    """The net that an estimator ends in, unless callbacks want to see it fitted on its own."""
    if hasattr(estimator, "_skl_callbacks"):
        return None
    if isinstance(estimator, Pipeline) and estimator.steps:
        return _net(estimator.steps[-1][1])
    return estimator if isinstance(estimator, NeuralNet) else None


def _waiting(estimator: Any, X: Any, fold: _Fold, goes_on: bool) -> Call:
    """Fit an estimator up to its net."""
    with putting_off() as calls:
        estimator.fit(X, fold.y, **fold.params)
    (call,) = calls
    if not goes_on:
        return call
    return call._replace(goes_on=True, epochs=call.epochs - call.net._model.epoch)


class _Memory:
    """Let a pipeline take the steps that were fitted to the same rows before, as its `memory`."""

    def __init__(self, estimator: Any, shelf: Shelf) -> None:
        self._pipeline = estimator if getattr(estimator, "memory", self) is None else None
        self._shelf = shelf

    def __enter__(self) -> None:
        if self._pipeline is not None:
            self._pipeline.memory = self

    def __exit__(self, *exception: Any) -> None:
        if self._pipeline is not None:
            self._pipeline.memory = None

    def cache(self, function: Callable[..., Any], ignore: Sequence[str] = ()) -> Any:
        """What scikit-learn asks of a memory."""

        def remembered(transformer: Any, X: Any, y: Any, *args: Any, **kwargs: Any) -> Any:
            key = "step", structural_key((transformer, kwargs.get("params")))
            make = partial(function, transformer, X, y, *args, **kwargs)
            return self._shelf.once(key, [X, y], make)

        return remembered
