"""Epoch times, measured in the same way for all libraries."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import Any


class Clock:
    """Times from the end of one epoch to the end of the next.

    Libraries measure their own epoch times differently: some exclude scores, callbacks, or work
    that is still pending on the device. Measuring from end to end includes everything. The first
    epoch, which includes one-time work such as compiling, is kept apart.
    """

    def __init__(self) -> None:
        self._ticks = [time.perf_counter()]

    def tick(self, *_: Any, **__: Any) -> None:
        """Record the end of an epoch; usable as a callback in all libraries."""
        self._ticks.append(time.perf_counter())

    @property
    def first(self) -> float:
        """Seconds until the end of the first epoch."""
        return self._ticks[1] - self._ticks[0]

    @property
    def warm(self) -> list[float]:
        """Seconds of each epoch after the first."""
        ends = self._ticks[1:]
        return [after - before for before, after in pairwise(ends)]
