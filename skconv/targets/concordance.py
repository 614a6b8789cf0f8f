"""Harrell's concordance index of predicted risks."""

from __future__ import annotations

from typing import Any

import numpy as np

BLOCK = 2**22
"""Number of pairs that are compared at once."""


def concordance_index(
    times: np.ndarray, events: np.ndarray, risks: np.ndarray, sample_weight: Any = None
) -> float:
    """Return the fraction of pairs whose risks are in the order of their times (Harrell 1996).

    A pair is comparable if the row with the shorter time had the event, or if the times are equal
    and only one row had it, which then comes first. Equal risks count one half.

    Parameters
    ----------
    times : array of shape (n,)
    events : bool array of shape (n,)
    risks : array of shape (n,)
        Predictions; higher for rows whose event comes earlier.
    sample_weight : array-like of shape (n,), optional
        A pair has the product of the weights of its rows.

    Returns
    -------
    float
        One for the right order, 0.5 for a random one, and NaN without comparable pairs.

    Examples
    --------
    >>> times, events = np.array([1.0, 2.0, 3.0]), np.array([True, True, False])
    >>> concordance_index(times, events, np.array([3.0, 2.0, 1.0]))
    1.0
    """
    weights = np.ones(len(times)) if sample_weight is None else np.asarray(sample_weight, float)
    first = np.flatnonzero(events)
    right = total = 0.0
    step = max(1, BLOCK // max(1, len(times)))
    for start in range(0, len(first), step):
        rows = first[start : start + step, None]
        later = (times > times[rows]) | ((times == times[rows]) & ~events)
        pairs = later * weights * weights[rows]
        order = np.sign(risks[rows] - risks)
        right += float((pairs * (1 + order)).sum()) / 2
        total += float(pairs.sum())
    return right / total if total else float("nan")
