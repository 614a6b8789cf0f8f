"""Seconds of epochs, taken the same way from everybody."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import Any


class Clock:
    """Seconds from the end of one epoch to the end of the next.

    Each library counts other things into its own ``dur``: some leave out the scores, some the
    callbacks, and what a device has yet to do. From one end to the next nothing can hide. The first
    epoch holds what is done once, such as compiling, and stands apart.
    """

    def __init__(self) -> None:
        self._ticks = [time.perf_counter()]

    def tick(self, *_: Any, **__: Any) -> None:
        """Note the end of an epoch; fits the callbacks of all libraries."""
        self._ticks.append(time.perf_counter())

    @property
    def first(self) -> float:
        """Seconds from the start to the end of the first epoch."""
        return self._ticks[1] - self._ticks[0]

    @property
    def warm(self) -> list[float]:
        """Seconds of each epoch but the first."""
        ends = self._ticks[1:]
        return [after - before for before, after in pairwise(ends)]
