"""The validation set that is passed to `fit`."""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ..ops.device_choice import device_count
from ..targets.forms import check_lengths
from ..targets.outputs import Outputs
from .dataset import Dataset
from .inputs import check_rows, reading_options
from .iterators import as_test_iterator, has_transform
from .named_inputs import by_input
from .ragged_targets import check_sizes, read_targets
from .reading_groups import read_groups
from .reconstruction import as_target
from .rows import Inputs, Rows
from .shape_groups import group_rows


def read_validation_set(
    valid: tuple[Any, Any],
    estimator: Any,
    params: Mapping[str, Any],
    *,
    outputs: Outputs,
    inputs: Inputs,
    unscaled: Collection[int],
    reconstructs: bool,
) -> Dataset:
    """Read the validation set that was passed to `fit`.

    Parameters
    ----------
    valid : (X_val, y_val)
    estimator : object
        Validates `X_val`.
    params : mapping of str to object
        Parameters of the net.
    outputs : Outputs
        Targets in the shapes of the output layers.
    inputs : Inputs
        What the network's input layers take.
    unscaled : collection of int
        Outputs whose numbers stay in the units of y.
    reconstructs : bool
        Whether `X_val` is the target.

    Raises
    ------
    ValueError
        If a part is missing, or does not suit the network.
    """
    X, y = valid
    if X is None or (y is None and not reconstructs):
        missing = "X_val" if X is None else "y_val"
        raise ValueError(f"{missing} is missing; X_val and y_val must be given together")
    devices = device_count(params["devices"])
    iterator = as_test_iterator(params["batch_iterator_test"], devices)
    free = inputs.resize is not None
    expected = None if free or has_transform(iterator) else inputs.rows()
    reading = reading_options(params)
    probe = copy.copy(estimator) if free else estimator
    with _named():
        X = by_input(X, list(inputs.shapes))
        groups = group_rows(X) if free else []
        rows: Rows = (
            read_groups(groups, probe, **reading)
            if groups
            else check_rows(probe, X, reset=free, expected=expected, **reading)
        )
        if free and not has_transform(iterator):
            outputs = outputs.resized(list(inputs.fitting(rows.shapes).outputs.values()))
    try:
        y = as_target(rows) if reconstructs else y
        any_shape = any(loss.own for loss in outputs.losses)
        rows, y = read_targets(rows, y, outputs.names, any_shape=any_shape)
        check_lengths(len(rows), y, outputs.names)
        encoded = outputs.encode(y, unscaled=unscaled)
        check_sizes(rows, y, encoded, outputs, inputs, iterator)
    except (ValueError, TypeError) as error:
        raise ValueError(f"validation set: {error}") from error
    return Dataset(rows, encoded, None, iterator)


def arrange_validation_set(
    valid: Dataset, inputs: Inputs, *, given: bool, train_transformed: bool
) -> Dataset:
    """Return the validation set in the shapes of the network; errors say which set they concern.

    Parameters
    ----------
    valid : Dataset
    inputs : Inputs
    given : bool
        Whether it was passed to `fit`.
    train_transformed : bool
        Whether the iterator of the training rows has a transform.
    """
    try:
        return valid.arranged(inputs)
    except ValueError as error:
        if not train_transformed and not given:
            raise
        if not train_transformed:
            raise ValueError(f"X_val: {error}") from error
        raise ValueError(
            f"validation set: {error}; batch_iterator_train has a transform, so "
            "batch_iterator_test needs one that returns rows of the same shape"
        ) from error


@contextmanager
def _named() -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise ValueError(f"X_val: {error}") from error
