"""The trials by name, each run in a process of its own."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

from .architectures import architectures
from .faults import faults
from .figures import Figures
from .full_disk import full_disk
from .fuzz import fuzz
from .interrupts import interrupts
from .kills import kills
from .net_files import net_files
from .pickles import pickles
from .sigterm import sigterm
from .threads import threads


class Trial(NamedTuple):
    """A trial, and how large it is.

    Parameters
    ----------
    run : callable
        Called with the count, such as a number of files, and a seed for `numpy.random`.
    count : int
    reduced : int
        The count of the tests.
    long : bool
        Whether the trial is run only if it is named.
    """

    run: Callable[[int, int], Figures]
    count: int
    reduced: int
    long: bool = False


TRIALS = {
    "architectures": Trial(architectures, count=300, reduced=2),
    "faults": Trial(faults, count=1000, reduced=3, long=True),
    "sigterm": Trial(sigterm, count=40, reduced=1),
    "full-disk": Trial(full_disk, count=550, reduced=22),
    "fuzz": Trial(fuzz, count=10_000, reduced=400),
    "interrupts": Trial(interrupts, count=500, reduced=12),
    "kills": Trial(kills, count=200, reduced=2),
    "net-files": Trial(net_files, count=10_000, reduced=80),
    "pickles": Trial(pickles, count=10_000, reduced=200),
    "threads": Trial(threads, count=400, reduced=20),
}


def run(name: str, count: int, seed: int) -> tuple[Figures, float]:
    """Run a trial in a new process; return the figures and the seconds that it took.

    The process is forked, so that skconv is imported once. Neither this process nor a trial that
    forks others may use JAX itself.
    """
    began = time.perf_counter()
    with ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as processes:
        figures = processes.submit(TRIALS[name].run, count, seed).result()
    return figures, time.perf_counter() - began
