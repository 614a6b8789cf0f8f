"""The net inside a fitted pipeline or search, with the data as it reaches the net."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.compose import TransformedTargetRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV
from sklearn.model_selection._search import BaseSearchCV
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

NETS = (
    "a NeuralNet, or a Pipeline, search, TransformedTargetRegressor or FrozenEstimator that has one"
)

THRESHOLDS = (FixedThresholdClassifier, TunedThresholdClassifierCV)

SEVERAL = ("estimators_", "calibrated_classifiers_")
"""Attributes of estimators that have several nets."""


def unwrap(net: Any) -> Any:
    """Return the net inside a pipeline or search, and any other object unchanged.

    Parameters
    ----------
    net : NeuralNet, Pipeline, search, TransformedTargetRegressor, FrozenEstimator or object

    Returns
    -------
    NeuralNet or object

    Raises
    ------
    NotFittedError
        If a search or a TransformedTargetRegressor is not fitted.
    ValueError
        If an estimator has no net, or several.
    """
    *_, found = nested_estimators(net)
    return found


def unwrap_with_rows(net: Any, X: Any) -> tuple[Any, Any]:
    """Return the net inside a pipeline or search, and X after the steps before the net.

    Parameters
    ----------
    net : NeuralNet, Pipeline, search, TransformedTargetRegressor, FrozenEstimator or object
    X : array-like
        Samples as the pipeline takes them.

    Returns
    -------
    net, X
    """
    found = unwrap(net)
    if found is not net:
        check_is_fitted(found)
    for estimator in nested_estimators(net):
        if isinstance(estimator, Pipeline):
            for _, step in estimator.steps[:-1]:
                X = step.transform(X) if hasattr(step, "transform") else X
    return found, X


def unwrap_targets(net: Any, y: Any) -> Any:
    """Return targets as the net inside a TransformedTargetRegressor is trained on them."""
    for estimator in nested_estimators(net):
        if isinstance(estimator, TransformedTargetRegressor):
            y = np.asarray(y, np.float64)
            y = estimator.transformer_.transform(y.reshape(len(y), -1))
    return y


def nested_estimators(net: Any) -> Iterator[Any]:
    """Yield an estimator, the one inside it, and so on, down to the net."""
    yield net
    if not isinstance(net, BaseEstimator) or hasattr(type(net), "get_all_layers"):
        return
    kind = type(net).__name__
    if isinstance(net, Pipeline):
        inner = net.steps[-1][1]
    elif isinstance(net, FrozenEstimator):
        inner = net.estimator
    elif isinstance(net, BaseSearchCV) or hasattr(net, "best_estimator_"):
        check_is_fitted(net)
        if not hasattr(net, "best_estimator_"):
            raise ValueError(
                f"net must be fitted with refit=True, got {kind} without best_estimator_"
            )
        inner = net.best_estimator_
    elif isinstance(net, TransformedTargetRegressor):
        check_is_fitted(net)
        inner = net.regressor_
    elif isinstance(net, THRESHOLDS):
        check_is_fitted(net)
        inner = net.estimator_
    else:
        for name in SEVERAL:
            if hasattr(net, name):
                raise ValueError(
                    f"net must be {NETS}, got {kind}, which has several; give one of its {name}"
                )
        raise ValueError(f"net must be {NETS}, got {net!r}")
    if not isinstance(inner, BaseEstimator):
        raise ValueError(f"net must be {NETS}, got {kind} that ends in {inner!r}")
    yield from nested_estimators(inner)
