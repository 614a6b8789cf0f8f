"""Times until an event, some of them censored, as targets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .checks import check_numbers
from .concordance import concordance_index
from .numbers import Numbers
from .row_shapes import row_shape

FORMS = (
    "an array of shape (n, 2) with times and events, a structured array with a field of bools "
    "(the event) and a field of times, or a DataFrame with two such columns"
)


@dataclass(frozen=True)
class Survival(Numbers):
    """Times and events, of which the output predicts the logarithm of the risk.

    Encoded targets have shape (n, 2): the time, and one for an event or zero for a censored row.
    """

    shape: tuple[int, ...] = (2,)
    output_shape: tuple[int, ...] = (2,)

    standardizes = False

    @property
    def num_units(self) -> int:
        """Number of units that the output needs."""
        return 1

    def match(self, shape: tuple[int | None, ...], axis: int = 1) -> Survival:
        """Adapt the targets to the output's shape; raises `ValueError` if it does not fit."""
        if row_shape(shape) == (1,):
            return self
        raise ValueError(
            f"the output must have 1 unit, the logarithm of the risk, got shape {shape}"
        )

    def arrange(self, y: Any) -> np.ndarray:
        """Return times and events as float64 of shape (n, 2)."""
        times, events = read_survival(y)
        return np.column_stack([times, events])

    def decode(self, output: np.ndarray) -> np.ndarray:
        """Return the logarithm of the risk, of shape (n,)."""
        return output.reshape(len(output)).astype(self.dtype)

    def can_average(self, encoded: np.ndarray) -> bool:
        """Return False, as a row has an event or has none."""
        return False

    def likely_output(self, encoded: np.ndarray) -> np.ndarray:
        """Return an output of a network that predicts the targets well."""
        return -encoded[:, :1]

    def scorer(self, y: Any, predictions: np.ndarray, sample_weight: Any = None) -> float:
        """Return the concordance index of predicted risks."""
        return concordance_index(*read_survival(y), predictions, sample_weight)


def read_survival(y: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the times and the events in y.

    Parameters
    ----------
    y : array of shape (n, 2), structured array of shape (n,), or DataFrame

    Returns
    -------
    times : float64 array of shape (n,)
    events : bool array of shape (n,)

    Raises
    ------
    ValueError
        If y has another form, if times are negative or not finite, or if events are not 0 and 1.

    Examples
    --------
    >>> y = np.array([(True, 2.5), (False, 4.0)], dtype=[('event', bool), ('time', float)])
    >>> times, events = read_survival(y)
    >>> times.tolist(), events.tolist()
    ([2.5, 4.0], [True, False])
    """
    times, events = map(check_numbers, _columns(y))
    if (times < 0).any():
        raise ValueError(
            f"y must have times >= 0 in its first column for cox_loss, got {times.min():g}"
        )
    wrong = (events != 0) & (events != 1)
    if wrong.any():
        swapped = np.isin(times, (0, 1)).all()
        hint = "; columns are time and event, in this order" if swapped else ""
        raise ValueError(
            f"y must have events of 0 and 1 in its second column for cox_loss, got "
            f"{events[wrong][0]:g}{hint}"
        )
    return times.astype(np.float64), events.astype(bool)


def _columns(y: Any) -> tuple[Any, Any]:
    """Return the columns of times and events as numbers."""
    if hasattr(y, "columns"):
        columns = [np.asarray(y[name]) for name in y.columns]
        return _time_first(columns, named=False)
    given = np.asarray(y)
    if given.dtype.names is not None:
        return _time_first([given[name] for name in given.dtype.names], named=True)
    if given.ndim != 2 or given.shape[1] != 2:
        raise ValueError(f"y must be {FORMS}, for cox_loss, got shape {given.shape}")
    return given[:, 0], given[:, 1]


def _time_first(columns: list[np.ndarray], *, named: bool) -> tuple[Any, Any]:
    """Return the column of times, and that of events, which are bools; by default the second."""
    flags = [i for i, column in enumerate(columns) if column.dtype.kind == "b"]
    known = len(flags) == 1 or (not flags and not named)
    if len(columns) != 2 or not known or any(column.ndim != 1 for column in columns):
        dtypes = ", ".join(str(column.dtype) for column in columns)
        raise ValueError(f"y must be {FORMS}, for cox_loss, got columns of dtypes {dtypes}")
    event = flags[0] if flags else 1
    return columns[1 - event], columns[event].astype(float)
