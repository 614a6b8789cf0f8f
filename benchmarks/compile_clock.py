"""What a first fit takes longer than a second one, which runs the same programs."""

from __future__ import annotations

import time
from collections.abc import Callable

import jax

from .case import Sample

XLA = "/jax/core/compile/backend_compile_duration"
"""JAX's event for each program that XLA compiles."""


def time_compiling(fit: Callable[[], dict[str, float]]) -> Sample:
    """Fit twice, and return the difference in seconds, which is tracing and compiling.

    Parameters
    ----------
    fit : callable
        Fits a new net and returns its scores. No net like it has been fitted in this process.

    Returns
    -------
    Sample
        The scores are those of the fit, the CPU time of the difference, and XLA's own time.
    """
    xla: list[float] = []

    def listen(event: str, seconds: float, **_: object) -> None:
        if event == XLA:
            xla.append(seconds)

    jax.monitoring.register_event_duration_secs_listener(listen)
    (first, first_cpu, _), (warm, warm_cpu, scores) = _timed(fit), _timed(fit)
    own = {"CPU time, s": first_cpu - warm_cpu, "in XLA, s": sum(xla), "warm fit, s": warm}
    return Sample([first - warm], None, own | scores)


def _timed(fit: Callable[[], dict[str, float]]) -> tuple[float, float, dict[str, float]]:
    began, began_cpu = time.perf_counter(), time.process_time()
    scores = fit()
    return time.perf_counter() - began, time.process_time() - began_cpu, scores
