"""Checks of the classes that transforms return: only those that the outputs have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..augment.pipeline import Entry
from ..data.chunks import Chunk
from ..data.dataset import Dataset
from ..errors import TransformError
from ..network.graph import Network
from ..targets.by_output import as_tuple
from ..targets.weighted_targets import unpack_targets
from ..utils.random_keys import make_key
from .arguments import Values
from .augmentation import RowInfo, apply_transform
from .plan import Plan


def problem_of_classes(network: Network, holes: tuple[bool, ...], given: Any, y: Any) -> str | None:
    """Return what is wrong with transformed targets of outputs with classes; None if nothing.

    Parameters
    ----------
    network : Network
    holes : tuple of bool
        Whether targets of each output may be ignored; empty if none may.
    given : array of shape (n, ...), or tuple of arrays
        Encoded targets of all rows. Classes are integers, -1 for ignored ones.
    y : array of shape (batch, ...), or tuple of arrays
        Transformed targets: indices of classes, or probabilities with a further axis.
    """
    for head in network.heads:
        before, after = as_tuple(given)[head.target], as_tuple(y)[head.target]
        if not isinstance(before, np.ndarray) or before.dtype.kind != "i":
            continue
        classes = network.node(head.name).output_shape[head.unit_axis]
        assert classes is not None
        if after.dtype.kind == "i":
            outside = after[(after < 0) | (after >= classes)]
            if holes and holes[head.target]:
                outside = outside[outside != -1]
            if outside.size:
                return f"must return classes from 0 to {classes - 1}, got {outside.flat[0]}"
        elif after.ndim == before.ndim + 1 and after.shape[-1] != classes:
            return f"must return probabilities of {classes} classes, got {after.shape[-1]}"
    return None


def checked_chunks(
    chunks: Iterator[Chunk],
    dataset: Dataset,
    network: Network,
    holes: tuple[bool, ...],
    argument: str,
) -> Iterator[Chunk]:
    """Yield chunks whose rows a `BatchIterator` has transformed, if their classes are right.

    Parameters
    ----------
    chunks : iterator of Chunk
    dataset : Dataset
        The rows before the transform.
    network : Network
    holes : tuple of bool
        As of `problem_of_classes`.
    argument : str
        The parameter that holds the iterator.

    Raises
    ------
    ValueError
        If a class is none of those of an output.
    """
    for chunk in chunks:
        y = jax.tree.map(
            lambda own, steps=chunk.steps: own[:steps].reshape(-1, *own.shape[2:]),
            unpack_targets(chunk.y)[0],
        )
        problem = problem_of_classes(network, holes, dataset.y, y)
        if problem is not None:
            name = type(dataset.iterator).__name__
            raise ValueError(f"{argument}: {name}.transform {problem}")
        yield chunk


def check_augmented_classes(
    plan: Plan, entries: Mapping[int, Entry], X: Any, y: Any, values: Values
) -> None:
    """Check the classes that the transforms of `augment` return for a batch.

    Parameters
    ----------
    plan : Plan
    entries : mapping of int to Entry
        Those that compute classes, by their positions.
    X : dict of array of shape (batch, ...)
    y : array of shape (batch, ...), or tuple of arrays
        Encoded targets.
    values : Values

    Raises
    ------
    TransformError
        If a class is none of those of an output; the message names the transform.
    """
    if not entries:
        return
    given, n = y, len(next(iter(X.values())))
    X = {name: jnp.asarray(x, jnp.float32) for name, x in X.items()}
    y, values = jax.tree.map(jnp.asarray, (y, values))
    info = RowInfo(jnp.int32(0), jnp.arange(n, dtype=jnp.int32))
    for i, entry in entries.items():
        _, y = apply_transform(plan, i, make_key(0), X, y, values, info)
        problem = problem_of_classes(plan.network, plan.holes, given, jax.tree.map(np.asarray, y))
        if problem is not None:
            raise TransformError(f"{entry.label} {problem}")
