"""Targets that carry a weight each, on their way from the data to the programs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class WeightedTargets:
    """Encoded targets with a weight for each; they are selected, padded and placed together.

    Parameters
    ----------
    values : array of shape (n, ...), or tuple of arrays
        Encoded targets, by output if there are several.
    weights : tuple of array of shape (n, ...)
        Weights of the targets of each output, relative to the weight of their row.
    """

    values: Any
    weights: Any


def unpack_targets(y: Any) -> tuple[Any, Any]:
    """Return targets and their weights; None for targets without weights.

    Examples
    --------
    >>> unpack_targets(WeightedTargets([0, 1], ([1.0, 0.5],)))
    ([0, 1], ([1.0, 0.5],))
    >>> unpack_targets([0, 1])
    ([0, 1], None)
    """
    return (y.values, y.weights) if isinstance(y, WeightedTargets) else (y, None)


def take_targets(y: Any, index: Any) -> Any:
    """Return the targets at some positions, with their weights, for any number of outputs.

    Parameters
    ----------
    y : array, tuple of array, WeightedTargets or None
    index : int, or int array

    Examples
    --------
    >>> import numpy as np
    >>> take_targets((np.arange(5), np.arange(5) % 2), np.array([3, 2]))
    (array([3, 2]), array([1, 0]))
    """
    return jax.tree.map(lambda array: array[index], y)
