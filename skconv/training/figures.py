"""Names of the sums from which the numbers of an epoch are computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

WEIGHT = "weight"
"""Name of the sum of the weights of all rows."""

MARK = "\0"
"""Separates the name of a number from that of its parts; no score can have it in its name."""

AVERAGED = ("accuracy",)
"""Numbers that are the mean of their parts; others are the sum."""


def part_name(name: str, i: int) -> str:
    """Return the name of a part of a number that has a weight of its own."""
    return f"{name}{MARK}{i}"


def weight_name(part: str) -> str:
    """Return the name of the sum of the weights of a part."""
    return f"{part}{MARK}{WEIGHT}"


def names_of_parts(counts: Mapping[str, int]) -> list[str]:
    """Return the names of the sums for numbers with that many parts.

    Examples
    --------
    >>> [name.split(MARK) for name in names_of_parts({'loss': 1})]
    [['loss', '0'], ['loss', '0', 'weight']]
    """
    parts = [part_name(name, i) for name, count in counts.items() for i in range(count)]
    return [name for part in parts for name in (part, weight_name(part))]


def is_number(name: str) -> bool:
    """Return whether a sum gives a number of its own, rather than a part or a weight."""
    return name != WEIGHT and MARK not in name


def means_of_sums(totals: np.ndarray, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Divide sums by their weights.

    Parameters
    ----------
    totals : float64 array of shape (epochs, sums)
    names : sequence of str
        Names of the sums. To a number that is divided by the weight of all rows, its parts are
        added, each divided by its own weight.

    Returns
    -------
    dict of str to array of shape (epochs,)
        NaN for a number of which no part has a weight.

    Examples
    --------
    >>> names = ['weight', 'penalty', *names_of_parts({'penalty': 1})]
    >>> means_of_sums(np.array([[4.0, 2.0, 3.0, 2.0]]), names)
    {'penalty': array([2.])}
    """
    column = {name: totals[:, i] for i, name in enumerate(names)}
    return {name: _mean(name, column) for name in names if is_number(name)}


def _mean(name: str, column: Mapping[str, np.ndarray]) -> np.ndarray:
    mean = _divided(column[name], column[WEIGHT])
    parts: list[str] = []
    while (part := part_name(name, len(parts))) in column:
        parts.append(part)
    if not parts:
        return mean
    weights = np.array([column[weight_name(part)] for part in parts])
    total = _divided(np.array([column[part] for part in parts]), weights).sum(axis=0)
    counted = (weights > 0).sum(axis=0)
    if name in AVERAGED:
        total = total / np.maximum(counted, 1)
    return np.where(counted > 0, mean + total, np.nan)


def _divided(sums: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return sums / np.maximum(weights, np.finfo(np.float32).tiny)
