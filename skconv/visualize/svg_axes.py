"""Scales and ticks of charts in SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple


class Axis(NamedTuple):
    """Linear map from the values `low` to `high` to the pixels `start` to `stop`."""

    low: float
    high: float
    start: float
    stop: float

    def __call__(self, value: float) -> float:
        """Return the pixel of a value."""
        span = self.high - self.low or 1.0
        return self.start + (value - self.low) / span * (self.stop - self.start)


def ticks(low: float, high: float, most: int, least: float = 0.0) -> list[float]:
    """Return round numbers in a range, spaced by 1, 2 or 5 times a power of ten.

    Parameters
    ----------
    low, high : float
    most : int
        Largest number of intervals.
    least : float
        Smallest spacing.

    Examples
    --------
    >>> ticks(0.0, 10.0, 5)
    [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
    """
    span = high - low or 1.0
    power = 10.0 ** math.floor(math.log10(span / most))
    step = max(next(m * power for m in (1, 2, 5, 10) if m * power * most >= span), least)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [i * step for i in range(first, last + 1)]


def labels(values: Sequence[float]) -> list[str]:
    """Return numbers as text, with as many digits as tell them apart.

    Examples
    --------
    >>> labels([0.5, 1.0]), labels([0.83271, 0.83272])
    (['0.5', '1'], ['0.83271', '0.83272'])
    """
    found = [f"{value:.4g}" for value in values]
    for digits in range(5, 16):
        if len(set(found)) == len(found):
            break
        found = [f"{value:.{digits}g}" for value in values]
    return found
