"""The forms of targets and predictions of several outputs, as users pass and get them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.utils import check_consistent_length

from ..errors import Problems, did_you_mean
from ..utils.row_containers import has_names
from .by_output import Names, listed


def split_targets(y: Any, names: Names) -> tuple[Any, ...]:
    """Split y, or predictions, into those of each output.

    Parameters
    ----------
    y : array-like, or for several outputs one of

        - a dict by output, or a DataFrame with a column for each output, in their order if no
          column has a string as its name;
        - a tuple or list of arrays in the order of the outputs;
        - an array of shape (n, n_outputs), with columns in the order of the outputs.

        A single output that has a name takes a dict, too.
    names : tuple of str or None

    Returns
    -------
    tuple of array-like

    Raises
    ------
    ValueError
        If an output lacks targets, or targets lack an output.
    """
    is_dict = has_names(y)
    if len(names) == 1 and not is_dict:
        return (y,)
    if names == (None,):
        raise ValueError(
            "y must be an array for a net with a single output, got a dict of "
            f"{', '.join(map(repr, y))}; or name the output layers in outputs"
        )
    if is_dict or (hasattr(y, "columns") and any(isinstance(name, str) for name in y.columns)):
        _check_names(list(y if is_dict else y.columns), names)
        return tuple(y[name] for name in names)
    if isinstance(y, list | tuple) and len(y) == len(names):
        return tuple(y)
    table = np.asarray(y) if hasattr(y, "dtype") or hasattr(y, "iloc") else np.array(y, object)
    if table.ndim != 2 or table.shape[1] != len(names):
        shape = getattr(y, "shape", table.shape)
        given = f"{len(y)} entries" if isinstance(y, list | tuple) else f"shape {shape}"
        raise ValueError(
            f"y must be a dict of arrays, a list of {len(names)} arrays or an array with "
            f"{len(names)} columns for the outputs {listed(names)}, got {given}"
        )
    return tuple(_column(table, i) for i in range(len(names)))


def by_position(values: Sequence[Any]) -> Any:
    """Return the only value of a sequence, or a list of several, as scikit-learn returns them."""
    return values[0] if len(values) == 1 else list(values)


def join_predictions(parts: Sequence[np.ndarray], numbers: Sequence[bool]) -> Any:
    """Join the predictions of the outputs as scikit-learn does.

    Parameters
    ----------
    parts : sequence of array
        The predictions of each output.
    numbers : sequence of bool
        Whether an output predicts numbers rather than labels.

    Returns
    -------
    array, or list of array
        The predictions of a single output. For several, an array of shape (n, n_outputs) if all
        predict one label or all predict one number per row, and a list otherwise. Columns whose
        labels have no common dtype, such as text and integers, are objects.

    Examples
    --------
    >>> digit, parity = np.array([3, 8]), np.array(['odd', 'even'])
    >>> join_predictions([digit, parity], [False, False])
    array([[3, 'odd'],
           [8, 'even']], dtype=object)
    >>> join_predictions([digit, np.array([0.5, 1.5])], [False, True])
    [array([3, 8]), array([0.5, 1.5])]
    """
    if len(parts) == 1 or len(set(numbers)) > 1 or any(part.ndim > 1 for part in parts):
        return by_position(parts)
    kinds = {part.dtype.kind for part in parts}
    same = len(kinds) == 1 or kinds <= set("iuf")  # else, a common dtype would change the labels
    table = np.empty((len(parts[0]), len(parts)), np.result_type(*parts) if same else object)
    for i, part in enumerate(parts):
        table[:, i] = part
    return table


def check_lengths(n: int, y: Any, names: Names) -> None:
    """Raise `ValueError` unless each output has targets for `n` rows."""
    check_consistent_length(np.empty(n), *split_targets(y, names))


def _check_names(given: list[Any], names: Names) -> None:
    problems = Problems()
    for name in given:
        if name not in names:
            hint = did_you_mean(name, map(str, names))
            problems.add(f"y must have names of outputs as keys, got {name!r}.{hint}")
    for name in names:
        if name not in given:
            problems.add(f"y must have targets for the output {name!r}")
    problems.raise_any()


def _column(table: np.ndarray, i: int) -> np.ndarray:
    """Return a column, in a dtype of its own if the table holds objects of one kind."""
    if table.dtype != object:
        return table[:, i]
    values = table[:, i].tolist()
    text = {isinstance(value, str) for value in values}
    return np.array(values) if len(text) == 1 else table[:, i]  # numbers would become text
