"""Targets and predictions of an output, row by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..targets.checks import check_labels
from ..targets.classes import Classes
from ..targets.distributions import SoftClasses
from ..targets.holes import fill_holes
from ..targets.numbers import Numbers
from ..targets.ragged import is_ragged
from ..targets.target import Target

Rows = np.ndarray | Sequence[np.ndarray]


@dataclass(frozen=True)
class Comparison:
    """Targets and predictions of the same shapes.

    Parameters
    ----------
    true, predicted : array of shape (n, ...), or sequence of n arrays if rows differ in shape
    counts : the same, of bool
        Whether a target counts: it is not ignored, and its prediction is finite.
    """

    true: Rows
    predicted: Rows
    counts: Rows

    def flat(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the targets and predictions that count, of shape (m,)."""
        rows = list(zip(self.true, self.predicted, self.counts, strict=True))
        if isinstance(self.counts, np.ndarray):
            return np.asarray(self.true)[self.counts], np.asarray(self.predicted)[self.counts]
        return (
            np.concatenate([true[counts] for true, _, counts in rows]),
            np.concatenate([predicted[counts] for _, predicted, counts in rows]),
        )


def compare(target: Target, true: Any, predicted: Any) -> Comparison | None:
    """Bring targets and predictions into the same shapes; None if they are not comparable.

    Parameters
    ----------
    target : Classes, Labels or Numbers
    true, predicted : array with as many rows
        Arrays of objects if rows differ in shape.

    Examples
    --------
    >>> compare(Classes(np.array(['a', 'b'])), ['a', 'b'], np.array(['a', 'a'])).flat()
    (array(['a', 'b'], dtype='<U1'), array(['a', 'a'], dtype='<U1'))
    """
    if is_ragged(predicted):
        rows = [_compare(target, *pair) for pair in zip(true, predicted, strict=True)]
        known = [row for row in rows if row is not None]
        if len(known) < len(rows):
            return None
        parts: Any = zip(*known, strict=True)
        return Comparison(*map(list, parts))
    whole = _compare(target, true, predicted)
    return None if whole is None else Comparison(whole[0], whole[1], whole[2])


def _compare(
    target: Target, true: Any, predicted: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    default = 0 if target.classes is None else target.classes[0]
    true, holes = fill_holes(true, target.ignored, default)
    if isinstance(target, SoftClasses) and np.ndim(true) > 1:
        true = target.labels(true)
        holes = None if holes is None else np.asarray(holes.any(axis=1))
    predicted = np.asarray(predicted)
    if isinstance(target, Numbers):
        true = np.asarray(true)
        if not target.predicts or true.dtype.names or true.size != predicted.size:
            return None
        true, predicted = true.astype(np.float64), predicted.astype(np.float64)
        counts = np.isfinite(predicted)
    else:
        true, counts = np.asarray(check_labels(true)), np.ones(predicted.shape, bool)
        if true.size != predicted.size:
            raise ValueError(f"y must have shape {predicted.shape}, got {true.shape}")
    if holes is not None:
        counts &= ~holes.reshape(predicted.shape)
    if isinstance(target, Classes):
        known, given = target.classes.dtype.kind, true.dtype.kind
        if (known in "US") != (given in "US") and "O" not in (known, given):
            raise ValueError(f"y must have labels like {target.classes[0]!r}, got {true.flat[0]!r}")
    return true.reshape(predicted.shape), predicted, counts
