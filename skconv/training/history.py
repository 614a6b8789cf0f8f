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
"""Keys of every row, besides scores."""


def valid_key(what: str, output: str) -> str:
    """Return the key for the validation ``'loss'`` or ``'accuracy'`` of one of several outputs."""
    return f"valid_{what}_{output}"


def append_row(
    history: list[Row],
    train: Mapping[str, float],
    valid: Mapping[str, float] | None,
    dur: float,
) -> Row:
    """Append the row of an epoch to the history, and return it.

    Parameters
    ----------
    history : list of dict
        Changed in place.
    train : mapping
        ``'loss'`` and any scores on the training set.
    valid : mapping or None
        ``'loss'``, ``'accuracy'`` and any scores on the validation set. Without a validation set,
        None; the row then has NaN in their place.
    dur : float
        Duration of the epoch in seconds.

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
    """Return the finite numbers of a row, without the epoch number, for experiment trackers.

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
    """Return the monitored value: by default the validation loss, or else the training loss.

    Parameters
    ----------
    row : dict
        A row of the history.
    key : str
        Key of the value; ``'valid_loss'`` falls back to ``'train_loss'`` without a validation set.

    Returns
    -------
    float
    """
    value = row[key]
    if key == "valid_loss" and math.isnan(value):
        return row["train_loss"]
    return value
