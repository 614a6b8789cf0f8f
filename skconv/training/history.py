"""Rows of the training history, with nolearn's keys."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
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
"""Keys of a row, besides scores; regression has no accuracy."""


def valid_key(what: str, output: str) -> str:
    """Return the key for the validation ``'loss'`` or ``'accuracy'`` of one of several outputs."""
    return f"valid_{what}_{output}"


def number_columns(train: Iterable[str], valid: Iterable[str] | None) -> list[str]:
    """Return the names of the numbers in a row, by the names that `append_row` gets.

    Parameters
    ----------
    train, valid : iterable of str
        Names in any order; `valid` is None without a validation set.

    Returns
    -------
    list of str
        Without ``epoch``, which counts rows.

    Examples
    --------
    >>> number_columns(['loss', 'top5'], ['loss', 'accuracy'])
    ['train_loss', 'valid_loss', 'valid_accuracy', 'dur', 'top5']
    """
    names = ["train_loss"]
    if valid is not None:
        valid = list(valid)
        names += ["valid_loss", *(["valid_accuracy"] if "accuracy" in valid else [])]
    scores = [name for name in (*train, *(valid or ())) if name not in ("loss", "accuracy")]
    return [*names, "dur", *scores]


def append_row(
    history: list[Row],
    train: Mapping[str, float],
    valid: Mapping[str, float],
    dur: float,
    custom: Mapping[str, float] | None = None,
) -> Row:
    """Append the row of an epoch to the history, and return it.

    Parameters
    ----------
    history : list of dict
        Changed in place.
    train : mapping
        ``'loss'`` and any scores on the training set.
    valid : mapping
        ``'loss'``, any scores and, unless all outputs predict numbers, ``'accuracy'`` on the
        validation set; NaN for loss and accuracy without a validation set.
    dur : float
        Duration of the epoch in seconds.
    custom : mapping, optional
        Scores of any name, even ``'accuracy'``.

    Returns
    -------
    dict
        ``epoch, train_loss, train_loss_best, valid_loss, valid_loss_best, valid_accuracy, dur``
        and the scores under their names. The row has no
        `valid_accuracy` if no output predicts labels.

    Examples
    --------
    >>> history = []
    >>> row = append_row(history, {'loss': 0.5}, {'loss': 0.75}, 0.1)
    >>> row['epoch'], row['train_loss_best'], row['valid_loss']
    (1, True, 0.75)
    """
    row = {
        "epoch": len(history) + 1,
        "train_loss": train["loss"],
        "train_loss_best": _is_best(history, "train_loss", train["loss"]),
        "valid_loss": valid["loss"],
        "valid_loss_best": _is_best(history, "valid_loss", valid["loss"]),
    }
    if "accuracy" in valid:
        row["valid_accuracy"] = valid["accuracy"]
    row["dur"] = dur
    row.update({name: score for name, score in train.items() if name != "loss"})
    row.update({name: score for name, score in valid.items() if name not in ("loss", "accuracy")})
    row.update(custom or {})
    history.append(row)
    return row


def _is_best(history: list[Row], key: str, loss: float) -> bool:
    return all(not loss >= row[key] for row in reversed(history)) and not math.isnan(loss)


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
