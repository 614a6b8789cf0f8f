"""Estimators to be fitted on some rows each, whose nets are trained together."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import _check_method_params

from ..data.inputs import RowSubset
from ..errors import did_you_mean
from ..estimator.deferred import DeferredFit, deferring
from ..estimator.neural_net import NeuralNet
from ..estimator.prepare import prepare
from ..training.lanes import MODES, Lane, run_lanes
from ..utils.cache_keys import structural_key
from ..utils.checks import positive_or_none
from ..utils.memo import Memo

MEMORY = 0.25
"""Part of the memory that the weights of all lanes, and what their steps compute, may have."""

MAX_LANES = 64
"""Lanes at a time, where memory would allow for more, which gain nothing on a CPU."""


@dataclass
class Outcome:
    """What became of a call.

    Parameters
    ----------
    error : Exception or None
    seconds : float
        Its share of the time.
    """

    error: Exception | None = None
    seconds: float = 0.0


def check_lanes(lanes: Any, max_lanes: Any) -> None:
    """Raise `ValueError` for a way to train together that there is not."""
    if lanes not in MODES:
        hint = did_you_mean(str(lanes), MODES)
        raise ValueError(f"lanes={lanes!r} is none of {', '.join(map(repr, MODES))}.{hint}")
    if valid := positive_or_none(max_lanes):
        raise ValueError(f"max_lanes must be {valid}, got {max_lanes!r}")


def fit_jobs(calls: Sequence[DeferredFit], memo: Memo, lanes: str, width: int) -> list[Outcome]:
    """Train nets together; each becomes what its own `fit` would have made of it.

    Parameters
    ----------
    calls : sequence of Call
    memo : Memo
        Where what they have in common is kept.
    lanes : {'auto', 'loop', 'unroll', 'vmap'}
    width : int
        Lanes in one program at the most.

    Returns
    -------
    list of Outcome
        One for each call. After Ctrl-C those that were not through have `KeyboardInterrupt` as
        the cause of their fault.
    """
    outcomes, ready = [Outcome() for _ in calls], []
    for call, outcome in zip(calls, outcomes, strict=True):
        began = time.perf_counter()
        training = ExitStack()
        try:
            made = call.net._training(call.arguments, continues=call.continues, memo=memo)
            loop = training.enter_context(made)
        except Exception as error:
            outcome.error = error
        else:
            lane = Lane(loop, call.epochs)
            ready.append((outcome, training, lane))
        outcome.seconds = time.perf_counter() - began
    with suppress(KeyboardInterrupt):
        run_lanes([lane for *_, lane in ready], lanes, width)
    for outcome, training, lane in ready:
        outcome.error = lane.error
        outcome.seconds += lane.seconds
        try:
            training.__exit__(lane.error and type(lane.error), lane.error, None)
        except Exception as error:
            outcome.error = error
    return outcomes


def lanes_that_fit(call: DeferredFit, memo: Memo) -> int:
    """How many nets like this one memory has room for."""
    net = call.net
    try:
        made = prepare(net, call.arguments, None, memo)
    except Exception:
        return MAX_LANES
    model, size = made.model, made.train.iterator.batch_size
    kept = sum(leaf.nbytes for leaf in jax.tree.leaves((model.params, model.state, model.opt)))
    outputs = sum(math.prod(n or 1 for n in node.output_shape) for node in model.network.nodes)
    lane = 3 * kept + 3 * 4 * size * outputs
    return int(np.clip(MEMORY * _memory() / lane, 1, MAX_LANES))


def _memory() -> int:
    """Bytes that the device has."""
    known = jax.local_devices()[0].memory_stats() or {}
    if "bytes_limit" in known:
        return known["bytes_limit"]
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


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
    continues: bool = False
    outcome: Outcome | None = None

    def trained_for(self, epochs: int) -> bool:
        """Tell whether it went through just so many epochs."""
        net = _net(self.estimator)
        done = self.outcome is not None and self.outcome.error is None and net is not None
        return done and net._fitted().model.epoch == epochs


@dataclass(frozen=True, eq=False)
class FitBatch:
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

    def begin(self, job: Job, memo: Memo) -> DeferredFit | None:
        """Fit all but the net, and return the call of its `fit`; None where all is done."""
        fold = memo.get("fold", [job.train], partial(_Fold, self, job.train))
        estimator, began = job.estimator, time.perf_counter()
        net = _net(estimator)
        job.outcome = Outcome()
        try:
            if net is None:
                estimator.fit(fold.rows(), fold.y, **fold.params)
                return None
            if net is estimator and not isinstance(self.X, list | tuple):
                return _waiting(net, RowSubset(self.X, job.train), fold, job.continues)
            with _Memory(estimator, memo):
                return _waiting(estimator, fold.rows(), fold, job.continues)
        except Exception as error:
            job.outcome.error = error
            return None
        finally:
            job.outcome.seconds = time.perf_counter() - began

    def run(self, jobs: Sequence[Job], memo: Memo | None = None) -> Sequence[Job]:
        """Train, and return the jobs with their outcomes."""
        memo = memo or Memo()
        calls = [self.begin(job, memo) for job in jobs]
        waiting = [(job, call) for job, call in zip(jobs, calls, strict=True) if call]
        width = self.max_lanes or MAX_LANES
        made = fit_jobs([call for _, call in waiting], memo, self.lanes, width)
        for (job, _), outcome in zip(waiting, made, strict=True):
            job.outcome = Outcome(outcome.error, outcome.seconds + job.outcome.seconds)
        return jobs

    def width(self, job: Job, memo: Memo) -> int:
        """How many jobs may be trained at the same time."""
        if self.max_lanes is not None:
            return self.max_lanes
        call = self.begin(job, memo)
        return 1 if call is None else lanes_that_fit(call, memo)


class _Fold:
    """The rows of a split, as `fit` takes them."""

    def __init__(self, task: FitBatch, train: np.ndarray) -> None:
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


def _waiting(estimator: Any, X: Any, fold: _Fold, continues: bool) -> DeferredFit:
    """Fit an estimator up to its net."""
    with deferring() as calls:
        estimator.fit(X, fold.y, **fold.params)
    (call,) = calls
    if not continues:
        return call
    return call._replace(continues=True, epochs=call.epochs - call.net._fitted().model.epoch)


class _Memory:
    """Let a pipeline take the steps that were fitted to the same rows before, as its `memory`."""

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
        """What scikit-learn asks of a memory."""

        def remembered(transformer: Any, X: Any, y: Any, *args: Any, **kwargs: Any) -> Any:
            key = "step", structural_key((transformer, kwargs.get("params")))
            make = partial(function, transformer, X, y, *args, **kwargs)
            return self._memo.get(key, [X, y], make)

        return remembered
