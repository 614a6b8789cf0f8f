"""Processes that trials start, send signals to, and hear from."""

from __future__ import annotations

import multiprocessing
import os
import signal
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import jax

Report = Callable[[Any], None]
"""Sends a value to the trial; what was sent arrives even if the process is killed."""


class Child:
    """A process forked from one that has not used JAX.

    Parameters
    ----------
    function : callable
        Called with a `Report` and the arguments. An exception is reported as text.
    *arguments : object
    """

    def __init__(self, function: Callable[..., None], *arguments: Any) -> None:
        context = multiprocessing.get_context("fork")
        self._reports, reports = context.Pipe(duplex=False)
        self.process = context.Process(target=_run, args=(function, arguments, reports))
        self.process.start()
        reports.close()

    def receive(self) -> Any:
        """Return the next report, None once the process has ended without another."""
        try:
            return self._reports.recv()
        except EOFError:
            return None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, if the process has not ended."""
        assert self.process.pid is not None
        if self.process.is_alive():
            os.kill(self.process.pid, number)

    def end(self) -> tuple[list[Any], int]:
        """Wait for the end; return the reports that are left, and the exit status."""
        left = list(iter(self.receive, None))
        self.process.join()
        self._reports.close()
        assert self.process.exitcode is not None
        return left, self.process.exitcode


def run_in_two(function: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]) -> Iterable[Any]:
    """Yield what a function returns for each of some arguments; two processes share them."""
    with ProcessPoolExecutor(2, multiprocessing.get_context("fork")) as processes:
        yield from processes.map(function, *zip(*arguments, strict=True))


def temporary_files(folder: Path) -> list[Path]:
    """Return the hidden files of a folder, which writers rename when they are complete."""
    return [path for path in folder.iterdir() if path.name.startswith(".")]


def _run(function: Callable[..., None], arguments: tuple[Any, ...], reports: Any) -> None:
    """Call the function without output, with the programs that other children have compiled."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    programs = os.path.join(tempfile.gettempdir(), "skconv-programs")
    jax.config.update("jax_compilation_cache_dir", programs)
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
    warnings.simplefilter("ignore")
    try:
        function(reports.send, *arguments)
    except Exception:
        reports.send(traceback.format_exc())
