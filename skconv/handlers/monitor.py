"""Base class of handlers that watch a column of the history."""

from __future__ import annotations

import math
import re
import warnings
from typing import Any, NamedTuple, cast

from ..errors import did_you_mean
from ..training.history import KEYS, Row
from .base import Columns, Direction, Handler

MODES = ("auto", "min", "max")

SMALLER = {
    *("loss", "losses", "logloss", "error", "err", "errors", "cost", "misclassification", "false"),
    *("mse", "rmse", "mae", "msle", "rmsle", "mape", "smape", "medae", "deviance", "residual"),
    *("nll", "bce", "crossentropy", "brier", "hinge", "hamming", "perplexity", "ppl", "penalty"),
    *("wer", "cer", "eer", "fpr", "fnr", "divergence", "distance", "regret", "miss"),
}
"""Words in names of quantities that are better if smaller."""

LARGER = {
    *("accuracy", "acc", "auc", "auroc", "auprc", "roc", "f1", "f2", "fbeta", "precision"),
    *("recall", "sensitivity", "specificity", "tpr", "tnr", "ppv", "npv", "kappa", "matthews"),
    *("mcc", "r2", "explained", "likelihood", "corrcoef", "corr", "correlation", "pearson"),
    *("spearman", "similarity", "iou", "miou", "dice", "jaccard", "ap", "map", "mrr", "ndcg"),
    *("psnr", "ssim", "bleu", "gain", "reward", "top1", "top3", "top5"),
}
"""Words in names of quantities that are better if larger."""

PREFIXES = ("train", "valid", "validation", "val", "test")


class Watched(NamedTuple):
    """A column of the history, and whether its smaller or larger values are better."""

    column: str
    direction: Direction


def direction_of(name: str) -> Direction | None:
    """Return whether smaller or larger values of a quantity are better, judged by its name.

    Parameters
    ----------
    name : str
        Name of a column of the history, a score or a function. The scorers of scikit-learn are all
        better if larger.

    Returns
    -------
    {'min', 'max'} or None
        None if the name does not say it.

    Examples
    --------
    >>> direction_of('valid_loss'), direction_of('f1_macro'), direction_of('neg_log_loss')
    ('min', 'max', 'max')
    >>> direction_of('dice_loss'), direction_of('mean_absolute_error'), direction_of('grad_norm')
    ('min', 'min', None)
    """
    from sklearn.metrics import get_scorer_names

    if name.startswith(("train_loss", "valid_loss")):
        return "min"
    if name.startswith("valid_accuracy") or name in get_scorer_names():
        return "max"
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)
    for text in (spaced, name):
        words = re.findall(r"[a-z]+[0-9]*", text.lower())
        found = _direction_of_words([word for word in words if word not in PREFIXES])
        if found is not None:
            return found
    return None


def _direction_of_words(words: list[str]) -> Direction | None:
    """Judge by the last word that says it, as in ``dice_loss``; a negation turns it around."""
    if "d2" in words:
        return "max"
    telling = [word for word in words if word in SMALLER or word in LARGER]
    if telling:
        larger = telling[-1] in LARGER
    elif "score" in words:
        larger = True
    else:
        return None
    negated = words[0] in ("neg", "negative") or "minus" in words
    return "max" if larger != negated else "min"


class MonitoringHandler(Handler):
    """Base class of handlers that watch a column of the history.

    Subclasses have the parameters `monitor` and `mode`, or define `_monitored`.

    Attributes
    ----------
    watched : Watched or None
        The column and its direction; None before training.
    """

    monitor: Any
    mode: Any

    def reset(self) -> None:
        """Forget the column of the previous training."""
        self.watched: Watched | None = None

    def _monitored(self) -> tuple[str, str, str]:
        """Return the parameter that names the column, the name, and the mode."""
        return "monitor", self.monitor, self.mode

    def check(self, net: Any, columns: Columns) -> None:
        """Find the column, and whether its smaller or larger values are better."""
        super().check(net, columns)
        self.watched = self._find(columns)

    def _find(self, columns: Columns) -> Watched:
        argument, name, mode = self._monitored()
        handler = type(self).__name__
        if name == "valid_loss" and name not in columns:
            name = "train_loss"
        if name not in columns:
            hint = did_you_mean(name, columns)
            if "valid_loss" not in columns:
                hint += " Losses and scores of validation need a validation set."
            elif hint.startswith(" Valid names") and name not in KEYS:
                hint += f" For a column of your own, pass custom_scores=[({name!r}, function)]."
            raise ValueError(
                f"{handler}: {argument} must be a column of the history, got {name!r}.{hint}"
            )
        direction = columns[name] if mode == "auto" else cast("Direction", mode)
        if direction is None:
            raise ValueError(
                f"{handler}: mode must be 'min' or 'max' for {argument}={name!r}, whose name does "
                "not say which values are better, got 'auto'"
            )
        return Watched(name, direction)

    def read(self, row: Row) -> float:
        """Return the monitored value of a row; warns if it is NaN."""
        if self.watched is None:
            columns = {key: direction_of(key) for key in row if row[key] == row[key]}
            self.watched = self._find(columns)
        value = row[self.watched.column]
        if math.isnan(value):
            warnings.warn(
                f"{type(self).__name__}: {self.watched.column} is NaN, which never counts as an "
                "improvement",
                stacklevel=2,
            )
        return value

    def is_better(self, value: float, best: float | None, margin: float = 0.0) -> bool:
        """Return whether a value is better than the best so far by more than a margin.

        Parameters
        ----------
        value : float
            NaN is never better.
        best : float or None
            None if there was no value yet.
        margin : float
        """
        if math.isnan(value) or best is None:
            return not math.isnan(value)
        assert self.watched is not None
        gain = best - value if self.watched.direction == "min" else value - best
        return gain > margin
