"""Targets of rows of several shapes: read them, and compare them with the outputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import Problems
from ..targets.by_output import Names
from ..targets.classes import Classes
from ..targets.forms import split_targets
from ..targets.kept import Kept
from ..targets.outputs import Outputs
from ..targets.ragged_array import RaggedArray, read_rows
from ..targets.weighted_targets import take_targets
from .chunks import first_batch
from .iterators import BatchIterator, has_transform
from .ragged_rows import RaggedRows, groups_of
from .rows import Inputs, Rows


def read_targets(rows: Rows, y: Any, names: Names, *, any_shape: bool) -> tuple[Rows, Any]:
    """Group rows by the shapes of X and of their targets.

    Parameters
    ----------
    rows : Rows
    y
        As accepted by `split_targets`.
    names : tuple of str or None
        The outputs; None for a single one.
    any_shape : bool
        Whether targets may have several shapes although the rows of X have one, as for a loss of
        the user's own.

    Returns
    -------
    rows : Rows
        `RaggedRows` whose groups have targets of one shape each, or the rows as given.
    y
        As given, or with a `RaggedArray` for each output whose targets have several shapes, in the
        groups of the rows.
    """
    given = split_targets(y, names)
    parts = [read_rows(part) for part in given]
    ragged = [part for part in parts if isinstance(part, RaggedArray)]
    if ragged and not (any_shape or isinstance(rows, RaggedRows)):
        raise ValueError(_refusal(ragged[0]))
    if ragged and {len(part) for part in ragged} == {len(rows)}:
        rows = _regroup(rows, ragged)
        own = [positions for positions, _ in groups_of(rows)]
        parts = [part.grouped(own) if isinstance(part, RaggedArray) else part for part in parts]
    if all(part is old for part, old in zip(parts, given, strict=True)):
        return rows, y
    return rows, parts[0] if len(names) == 1 else dict(zip(names, parts, strict=True))


def _refusal(y: RaggedArray) -> str:
    """Return the error on targets of several shapes for rows of X of one shape."""
    first, second = (int(positions[0]) for positions in y.positions[:2])
    return (
        f"y must have rows of one shape, as X has, got {y.groups[0].shape[1:]} in row {first} and "
        f"{y.groups[1].shape[1:]} in row {second}; for sets of labels use "
        "sklearn.preprocessing.MultiLabelBinarizer, and pad sequences of labels to one length"
    )


def _regroup(rows: Rows, arrays: Sequence[RaggedArray]) -> RaggedRows:
    """Return rows in groups in each of which the rows of these arrays, too, have one shape."""
    numbers = np.stack([array.group_numbers() for array in arrays], axis=1)
    groups, places = [], []
    for positions, group in groups_of(rows):
        found, own = np.unique(numbers[positions], axis=0, return_inverse=True)
        for number in range(len(found)):
            index = np.flatnonzero(own.ravel() == number)
            groups.append(group if len(found) == 1 else group.subset(index))
            places.append(positions[index])
    refusal = rows.refusal if isinstance(rows, RaggedRows) else ""
    return RaggedRows.of(groups, places, refusal)


def shapes_of_largest(rows: Rows, y: Any, names: Names) -> dict[int, tuple[int, ...]]:
    """Return the shape of the targets of the largest rows, by index of the output.

    Outputs whose targets have one shape are left out.
    """
    if not isinstance(rows, RaggedRows):
        return {}
    parts = enumerate(split_targets(y, names))
    first = rows.largest()[:1]
    return {i: part[first].shape[1:] for i, part in parts if isinstance(part, RaggedArray)}


def check_sizes(
    rows: Rows, y: Any, encoded: Any, outputs: Outputs, inputs: Inputs, iterator: BatchIterator
) -> None:
    """Check that targets of several shapes have the positions of the outputs for their rows.

    Parameters
    ----------
    rows : Rows
    y, encoded
        Targets as `read_targets` returns them, and encoded.
    outputs : Outputs
        Matched with the outputs for one of the shapes.
    inputs : Inputs
    iterator : BatchIterator
        Its transform decides which shapes enter the network.

    Raises
    ------
    ValueError
        Naming the first row of the wrong size for each output.
    """
    parts = split_targets(y, outputs.names)
    if not any(isinstance(part, RaggedArray) for part in parts):
        return
    wrong: dict[int, str] = {}
    for number, (positions, group) in enumerate(groups_of(rows)):
        shapes = group.shapes
        if has_transform(iterator):
            X, _ = first_batch(group, take_targets(encoded, positions), iterator)
            shapes = {name: array.shape[1:] for name, array in X.items()}
        fitting = outputs.resized(list(inputs.fitting(shapes).outputs.values()))
        for i, (target, part) in enumerate(zip(fitting.targets, parts, strict=True)):
            if i in wrong or not isinstance(part, RaggedArray) or isinstance(target, Kept):
                continue
            given, wanted = part.groups[number].shape[1:], _positions(target)
            if given != wanted:
                wrong[i] = _misfit(target, positions[0], wanted, given, group)
    problems = Problems()
    for i, message in wrong.items():
        name = outputs.names[i]
        problems.add(message if name is None else f"output {name!r}: {message}")
    problems.raise_any()


def _positions(target: Any) -> tuple[int, ...]:
    """Return the shape of a row of y."""
    return target.positions if isinstance(target, Classes) else target.shape


def _misfit(
    target: Any, row: int, wanted: tuple[int, ...], given: tuple[int, ...], group: Rows
) -> str:
    each = "class" if isinstance(target, Classes) else "number"
    shapes = " and ".join(str(shape) for shape in group.shapes.values())
    return (
        f"y[{row}] must have shape {wanted}, a {each} for each position of the output for X[{row}] "
        f"of shape {shapes}, got {given}"
    )
