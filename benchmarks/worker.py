"""A process per contender.

Separate processes keep the threads, allocators and settings of the libraries apart. The parent asks
them in turn, so that all see the same state of the machine; waiting processes are idle.
"""

from __future__ import annotations

import multiprocessing
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from .case import Sample, Setting

TIMEOUT = 150
"""Timeout of a round in seconds."""


class WorkerError(Exception):
    """Raised if a contender fails; the message is its traceback."""


class Worker:
    """A contender in a new process.

    Parameters
    ----------
    make : callable
        ``(setting) -> Measure``, importable by name.
    setting : Setting
    """

    def __init__(self, make: Callable[..., Any], setting: Setting | None) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, make, setting))
        self._process.start()
        theirs.close()

    def measure(self, seed: int) -> Sample:
        """Run one round.

        Raises
        ------
        WorkerError
            If the round raises, the process dies, or the timeout expires.
        """
        try:
            self._connection.send(seed)
            if not self._connection.poll(TIMEOUT):
                raise WorkerError(f"no answer in {TIMEOUT} seconds")
            answer = self._connection.recv()
        except (EOFError, OSError) as error:
            self._process.join(5)
            raise WorkerError(f"the process ended with code {self._process.exitcode}") from error
        if isinstance(answer, WorkerError):
            raise answer
        return answer

    def close(self) -> None:
        """End the process."""
        self._connection.close()
        self._process.join(2)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def ask(make: Callable[..., Any], setting: Setting | None = None) -> Any:
    """Run something once in a new process, to keep this process small."""
    worker = Worker(make, setting)
    try:
        return worker.measure(0)
    finally:
        worker.close()


def _serve(connection: Connection, make: Callable[..., Any], setting: Setting | None) -> None:
    measure = None
    while True:
        try:
            seed = connection.recv()
        except (EOFError, OSError):
            return
        try:
            measure = measure or make(setting)
            answer = measure(seed)
        except Exception:
            answer = WorkerError(traceback.format_exc())
        connection.send(answer)
