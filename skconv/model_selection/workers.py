"""Workers that run the jobs of a search: this process, or those of a backend of joblib."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Protocol

import joblib
from joblib.parallel import get_active_backend
from sklearn.utils.parallel import Parallel, delayed

from ..utils.memo import Memo
from .dask_workers import DaskWorkers, uses_dask
from .jobs import FitBatch, Job
from .shares import cut_shares


class Workers(Protocol):
    """Whatever runs the jobs of a search."""

    def at_a_time(self, width: int) -> int:
        """Return how many jobs may run at the same time if `width` of them fit into memory."""

    def run(self, batch: FitBatch, jobs: Sequence[Job], memo: Memo) -> Sequence[Job]:
        """Run jobs, and return them in the same order.

        Parameters
        ----------
        batch : FitBatch
        jobs : sequence of Job
        memo : Memo
            Results that the jobs of a search share if they are run in this process.
        """


class ThisProcess:
    """Runs jobs in this process."""

    def at_a_time(self, width: int) -> int:
        """Return the number of jobs that fit into memory."""
        return width

    def run(self, batch: FitBatch, jobs: Sequence[Job], memo: Memo) -> Sequence[Job]:
        """Run jobs, as `Workers.run` does."""
        return batch.run(jobs, memo)


class JoblibWorkers:
    """Processes of a backend of joblib, such as ``'loky'``.

    Parameters
    ----------
    n_jobs : int or None
    """

    def __init__(self, n_jobs: int | None) -> None:
        self._parallel = Parallel(n_jobs=n_jobs)
        self._count = joblib.effective_n_jobs(n_jobs)

    def at_a_time(self, width: int) -> int:
        """Return the number of jobs that fit into memory, at least one for each process."""
        return max(width, self._count)

    def run(self, batch: FitBatch, jobs: Sequence[Job], memo: Memo) -> Sequence[Job]:
        """Run jobs, as `Workers.run` does."""
        shares = cut_shares(jobs, batch.X, self._count)
        results = self._parallel(delayed(batch.run)([jobs[i] for i in share]) for share in shares)
        done = dict(zip(chain(*shares), chain(*results), strict=True))
        return [done[i] for i in range(len(jobs))]


def workers_for(n_jobs: int | None) -> Workers:
    """Return the workers of the backend set by `joblib.parallel_config`.

    Parameters
    ----------
    n_jobs : int or None
        As in scikit-learn.
    """
    backend, _ = get_active_backend()
    if uses_dask(backend):
        return DaskWorkers(backend)
    return ThisProcess() if joblib.effective_n_jobs(n_jobs) == 1 else JoblibWorkers(n_jobs)
