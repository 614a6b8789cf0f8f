"""Rows of the training history, with nolearn's keys."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

Row = dict[str, Any]

KEYS = (
    "epoch",
    "train_loss",
    "train_loss_best",
    "valid_loss",
    "valid_loss_best",
    "valid_accuracy",
    "dur",
)
"""What every row has, besides scores."""


def valid_key(what: str, output: str) -> str:
    """Key of an output's own ``'loss'`` or ``'accuracy'``, where there are several outputs."""
    return f"valid_{what}_{output}"


def append_row(
    history: list[Row],
    train: Mapping[str, float],
    valid: Mapping[str, float] | None,
    dur: float,
) -> Row:
    """Append the row of an epoch.

    Parameters
    ----------
    history : list of dict
        Rows so far; the new one is appended.
    train : mapping
        ``'loss'`` and any scores of the training rows.
    valid : mapping or None
        ``'loss'``, ``'accuracy'`` and any scores of the validation rows; None without such rows,
        and then their numbers are NaN.
    dur : float
        Seconds that the epoch took.

    Returns
    -------
    dict
        ``epoch, train_loss, train_loss_best, valid_loss, valid_loss_best, valid_accuracy, dur``
        and the scores under their names.

    Examples
    --------
    >>> history = []
    >>> row = append_row(history, {'loss': 0.5}, None, 0.1)
    >>> row['epoch'], row['train_loss_best'], row['valid_loss']
    (1, True, nan)
    """
    valid = valid if valid is not None else {"loss": math.nan, "accuracy": math.nan}
    row = {
        "epoch": len(history) + 1,
        "train_loss": train["loss"],
        "train_loss_best": _is_best(history, "train_loss", train["loss"]),
        "valid_loss": valid["loss"],
        "valid_loss_best": _is_best(history, "valid_loss", valid["loss"]),
        "valid_accuracy": valid["accuracy"],
        "dur": dur,
    }
    row.update({name: score for name, score in train.items() if name != "loss"})
    row.update({name: score for name, score in valid.items() if name not in ("loss", "accuracy")})
    history.append(row)
    return row


def _is_best(history: list[Row], key: str, loss: float) -> bool:
    return all(not loss >= row[key] for row in history) and not math.isnan(loss)


def numbers(row: Row) -> dict[str, float]:
    """Pick the numbers that trackers can draw: without the epoch, flags and what is not finite.

    Parameters
    ----------
    row : dict
        A row of the history.

    Returns
    -------
    dict of str to float
    """
    return {
        key: float(value)
        for key, value in row.items()
        if key != "epoch" and not isinstance(value, bool) and math.isfinite(value)
    }


def monitored(row: Row, key: str = "valid_loss") -> float:
    """Read the loss to watch: the validation loss, or the training loss where there is none.

    Parameters
    ----------
    row : dict
        A row of the history.
    key : str
        What to read; ``'valid_loss'`` falls back to ``'train_loss'`` without validation rows.

    Returns
    -------
    float
    """
    value = row[key]
    if key == "valid_loss" and math.isnan(value):
        return row["train_loss"]
    return value
