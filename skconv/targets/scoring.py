"""Score predictions: the accuracy of labels, and the coefficient of determination of numbers."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.exceptions import UndefinedMetricWarning

from .by_output import for_each
from .checks import check_labels
from .classes import Classes
from .distributions import SoftClasses
from .holes import fill_holes
from .labels import Labels
from .numbers import Numbers
from .outputs import Outputs
from .ragged import flatten_positions, is_ragged
from .ragged_array import RaggedArray, read_rows
from .sample_weights import check_weights
from .target import Target


def score_outputs(outputs: Outputs, y: Any, predictions: Any, sample_weight: Any = None) -> float:
    """Return the mean of the outputs' scores: accuracy, or R^2 for numbers.

    Ignored targets, and those without weight, count nothing; outputs without any other are left
    out.

    Parameters
    ----------
    outputs : Outputs
    y, predictions
        In any form that `fit` takes.
    sample_weight : array-like of shape (n,) or of the shape of y, optional
        By output if there are several.

    Returns
    -------
    float
        NaN if no target counts.

    Warns
    -----
    UndefinedMetricWarning
        If no target counts.
    """
    true, predicted = tuple(map(read_rows, outputs.split(y))), outputs.split(predictions)
    weights: tuple[Any, ...] = (None,) * len(true)
    if sample_weight is not None:
        given = check_weights(sample_weight, len(predicted[0]), outputs.names, true)
        weights = (given.rows,) * len(true) if given.targets is None else given.targets
    scores = for_each(outputs.names, _score, outputs.targets, true, predicted, weights)
    defined = [score for score in scores if not np.isnan(score)]
    return float(np.mean(defined)) if defined else _undefined()


def _undefined() -> float:
    warnings.warn(
        "the score is not defined, because no target in y counts: all are ignored (ignore_label) "
        "or have weight zero",
        UndefinedMetricWarning,
        stacklevel=2,
    )
    return np.nan


def _score(target: Target, y: Any, predictions: Any, weights: Any) -> float:
    """Return the score of one output; NaN if no target counts."""
    if is_ragged(predictions) or isinstance(y, RaggedArray):
        y, predictions, weights = flatten_positions(y, predictions, weights)
    default = 0 if target.classes is None else target.classes[0]
    y, holes = fill_holes(y, target.ignored, default)
    if isinstance(target, SoftClasses) and np.ndim(y) > 1:
        y = target.labels(y)
        holes = holes if holes is None else np.asarray(holes.any(axis=1))
    if isinstance(target, Numbers):
        return _score_numbers(target, y, np.asarray(predictions), weights, holes)
    true, predicted = check_labels(y), np.asarray(predictions)
    if isinstance(target, Classes) and target.positions:
        if true.shape != predicted.shape:
            raise ValueError(f"y must have shape {predicted.shape}, got {true.shape}")
        own = _by_target(weights, holes, true.shape).ravel()
        true, predicted, weights, holes = true.ravel(), predicted.ravel(), own, own == 0
    if holes is None and (weights is None or np.ndim(weights) == 1):
        return _accuracy(true, predicted, weights)
    true = true.reshape(predicted.shape)
    own = _by_target(weights, holes, true.shape)
    if isinstance(target, Labels):  # a row is right if all its labels that count are
        true = np.where(own > 0, true, predicted)
        own = own.sum(axis=1) / np.maximum((own > 0).sum(axis=1), 1)
    counts = own > 0
    if not counts.any():
        return np.nan
    return _accuracy(true[counts], predicted[counts], own[counts])


def _accuracy(true: Any, predicted: np.ndarray, weights: Any) -> float:
    """Return the accuracy as scikit-learn does, whose checks take longer than a small prediction.

    Labels of one kind have passed them already, as `predict` returns those of `fit`.
    """
    checked = isinstance(true, np.ndarray) and true.ndim == 1 and true.shape == predicted.shape
    kinds = {np.asarray(labels).dtype.kind for labels in (true, predicted)}
    if checked and weights is None and len(true) and len(kinds) == 1 and kinds <= set("biuU"):
        return float(np.mean(true == predicted))
    from sklearn.metrics import accuracy_score

    return float(accuracy_score(true, predicted, sample_weight=weights))


def _score_numbers(
    target: Numbers, y: Any, predicted: np.ndarray, weights: Any, holes: np.ndarray | None
) -> float:
    """Return the score of numbers; with two axes, the mean over the columns that have one."""

    def score(true: Any, predicted: np.ndarray, weights: Any) -> float:
        own = target.scorer(true, predicted, weights)
        return score_numbers(true, predicted, weights) if own is None else own

    if holes is None and (weights is None or np.ndim(weights) == 1):
        return score(y, predicted, weights)
    true = np.asarray(y)
    own = _by_target(weights, holes, true.shape)
    columns = [(true, predicted, own)]
    if true.ndim == 2:
        columns = [(true[:, i], predicted[:, i], own[:, i]) for i in range(true.shape[1])]
    scores = [score(t[w > 0], p[w > 0], w[w > 0]) for t, p, w in columns if np.count_nonzero(w) > 1]
    return float(np.mean(scores)) if scores else np.nan


def _by_target(weights: Any, holes: np.ndarray | None, shape: tuple[int, ...]) -> np.ndarray:
    """Return the weight of each target, zero where it is ignored."""
    own = np.ones(shape)
    if weights is not None:
        given = np.asarray(weights, np.float64)
        own *= given.reshape(shape if given.size == own.size else (-1, *(1,) * (len(shape) - 1)))
    return own if holes is None else np.where(holes.reshape(shape), 0, own)


def score_numbers(y: Any, predictions: np.ndarray, sample_weight: Any = None) -> float:
    """Return the coefficient of determination.

    Parameters
    ----------
    y : array-like of shape (n,), (n, k) or (n, ...)
        With two axes, the score is the mean over the columns, as in scikit-learn; with more, such
        as images, it is that of all numbers together.
    predictions : array of the same shape
    sample_weight : array-like of shape (n,), optional

    Examples
    --------
    >>> y = np.array([[[1.0], [2.0]], [[3.0], [4.0]]])
    >>> score_numbers(y, y + [[[0.5], [-0.5]]])
    0.8
    """
    from sklearn.metrics import r2_score

    true = np.asarray(y)
    if true.ndim > 2:
        if sample_weight is not None:
            sample_weight = np.repeat(sample_weight, true[0].size)
        true, predictions = true.ravel(), predictions.ravel()
    return float(r2_score(true, predictions, sample_weight=sample_weight))
