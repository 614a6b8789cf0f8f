"""Read rows of several shapes, group by group."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from .inputs import check_rows
from .ragged_rows import RaggedRows
from .shape_groups import Group


def read_groups(
    groups: Sequence[Group], estimator: Any, refusal: str = "", **reading: Any
) -> RaggedRows:
    """Validate the rows of each group, as `check_rows` does.

    Parameters
    ----------
    groups : sequence of Group
    estimator : object
        Not modified.
    refusal : str
        Error for a net that does not take rows of several shapes.
    **reading
        As for `check_rows`.

    Raises
    ------
    ValueError
        If the rows of a group are not valid; with a note of their shape.
    """
    rows = []
    for group in groups:
        try:
            rows.append(check_rows(copy.copy(estimator), group.X, reset=True, **reading))
        except ValueError as error:
            n, first = len(group.positions), group.positions[0]
            error.add_note(f"in the {n} rows of X of one shape, from row {first}")
            raise
    return RaggedRows.of(rows, [group.positions for group in groups], refusal)
