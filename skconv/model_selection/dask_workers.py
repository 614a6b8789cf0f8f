"""Workers of a dask cluster, which get the data of a search once and may be lost on the way."""

from __future__ import annotations

import pickle
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import cloudpickle
import numpy as np

from ..utils.memo import Memo
from .jobs import FitBatch, Job
from .shares import cut_shares

SHARES = 2
"""Shares for each worker, so that one that is done early takes one of another's."""

MAX_LOSSES = 3
"""Number of times that the data are sent again after all workers that had them were lost."""

WAIT = 300.0
"""Seconds to wait for a worker when all are lost, unless Dask's configuration has a number.

It is enough for a cluster's queue to start one again, and as long as a scheduler of Dask waits for
a worker that is silent.
"""

_running = threading.Lock()
"""Held while a share runs: it takes all cores, and two at once would compile the same programs."""


def uses_dask(backend: Any) -> bool:
    """Return whether a backend of joblib is that of dask."""
    return type(backend).__name__ == "DaskDistributedBackend"


class DataOnWorker:
    """The data of a search in one process, where all shares use what one has computed from them.

    Parameters
    ----------
    batch : FitBatch
    """

    def __init__(self, batch: FitBatch) -> None:
        self._batch = batch
        self._memo = Memo()

    def __reduce__(self) -> tuple[Any, ...]:
        return DataOnWorker, (self._batch,)

    def run(self, jobs: Sequence[Job], folds: Sequence[np.ndarray]) -> list[Job]:
        """Run jobs, each on the fold of the same place, and return them without their rows."""
        complete = [replace(job, train=fold) for job, fold in zip(jobs, folds, strict=True)]
        with _running:
            self._batch.run(complete, self._memo)
        return [_without_rows(job) for job in complete]


def _without_rows(job: Job) -> Job:
    return replace(job, train=np.empty(0, int))


def _run_share(data: DataOnWorker, pickled: bytes, *folds: np.ndarray) -> list[Job]:
    return data.run(pickle.loads(pickled), folds)


class DaskWorkers:
    """Workers of a dask cluster.

    Dask runs the shares of a lost worker on others. Data that only lost workers had are sent again,
    once there is another worker.

    Parameters
    ----------
    backend : DaskDistributedBackend
        As made by `joblib.parallel_config`.
    """

    def __init__(self, backend: Any) -> None:
        backend.effective_n_jobs(-1)  # waits for the first worker
        self._backend = backend
        self._client = backend.client
        self._sent: dict[tuple[int, ...], tuple[Any, Any]] = {}

    def at_a_time(self, width: int) -> int:
        """Return how many jobs fit into the memory of all machines, at least one for each share."""
        from distributed.comm import get_address_host

        machines = {get_address_host(address) for address in self._client.nthreads()}
        return max(width * len(machines), self._shares)

    @property
    def _shares(self) -> int:
        return SHARES * max(1, len(self._client.nthreads()))

    def run(self, batch: FitBatch, jobs: Sequence[Job], memo: Memo) -> Sequence[Job]:
        """Run jobs, as `Workers.run` does."""
        from distributed import KilledWorker, as_completed

        done: dict[int, Job] = {}
        running: dict[Any, list[int]] = {}
        losses: Counter[int] = Counter()

        def submit(share: list[int]) -> Any:
            future = self._submit(batch, [jobs[i] for i in share])
            running[future] = share
            return future

        shares = cut_shares(jobs, batch.X, self._shares)
        with self._backend.retrieval_context():
            try:
                completed = as_completed([submit(share) for share in shares])
                for future in completed:
                    share = running.pop(future)
                    if future.cancelled() and losses[share[0]] < MAX_LOSSES:
                        losses[share[0]] += 1
                        completed.add(submit(share))
                        continue
                    try:
                        done |= zip(share, future.result(), strict=True)
                    except KilledWorker as killed:
                        done |= {i: _failed(jobs[i], killed) for i in share}
            except KeyboardInterrupt as interrupt:
                self._client.cancel(list(running))
                error = InterruptedError("training was interrupted before its last epoch")
                error.__cause__ = interrupt
                done |= {i: _failed(job, error) for i, job in enumerate(jobs) if i not in done}
        return [replace(done[i], train=job.train) for i, job in enumerate(jobs)]

    def _submit(self, batch: FitBatch, jobs: Sequence[Job]) -> Any:
        """Submit a share, and return its future."""
        data = self._send(DataOnWorker(batch), batch.X, batch.y, *batch.params.values())
        folds = [self._send(job.train, job.train) for job in jobs]
        # what a worker cannot import is then an error of the share, and does not end the worker
        pickled = cloudpickle.dumps([_without_rows(job) for job in jobs])
        options = self._backend.submit_kwargs
        return self._client.submit(_run_share, data, pickled, *folds, pure=False, **options)

    def _send(self, value: Any, *objects: Any) -> Any:
        """Return the future of a value that all workers have, which stands for some objects."""
        key = tuple(map(id, objects))
        future = self._sent[key][1] if key in self._sent else None
        if future is None or future.status != "finished":
            self._wait_for_worker()
            future = self._client.scatter([value], broadcast=True, hash=False)[0]
            self._sent[key] = objects, future
        return future

    def _wait_for_worker(self) -> None:
        """Wait until there is a worker, which an adaptive cluster starts when it has a task."""
        import dask
        from dask.utils import parse_timedelta
        from distributed import scheduler

        if self._client.nthreads():
            return
        configured = dask.config.get("distributed.scheduler.no-workers-timeout", None)
        seconds = WAIT if configured is None else parse_timedelta(configured)
        names = "NoWorkerError", "NoValidWorkerError"  # not in all versions of distributed
        own = tuple(getattr(scheduler, name) for name in names if hasattr(scheduler, name))
        probe = self._client.submit(int, pure=False, **self._backend.submit_kwargs)
        try:
            probe.result(timeout=seconds)
        except (TimeoutError, *own) as error:
            raise TimeoutError(
                f"all workers of the Dask cluster are lost, and no other joined it within "
                f"{seconds:g} s. Start workers, look for the cause in their logs, such as a lack "
                "of memory, and run the search again; to wait longer, write "
                "dask.config.set({'distributed.scheduler.no-workers-timeout': '1 hour'})"
            ) from error


def _failed(job: Job, error: Exception) -> Job:
    return replace(job, finished=True, error=error)
