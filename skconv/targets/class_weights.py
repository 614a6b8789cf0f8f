"""Weights of targets by their class."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from sklearn.utils.class_weight import compute_class_weight

from ..errors import InvalidParameterError
from .holes import is_known

ClassWeight = Literal["balanced"] | Mapping[Any, float] | None
"""Weights of classes, as scikit-learn takes them."""


def weights_by_class(
    encoded: np.ndarray, class_weight: ClassWeight, *, units: np.ndarray, classes: np.ndarray
) -> np.ndarray:
    """Return the weight of each target by its class; ``'balanced'`` counts these targets.

    Parameters
    ----------
    encoded : array of shape (n, ...)
        Indices of units; ignored ones are -1 or NaN.
    class_weight : {'balanced'}, mapping from label to float, or None
    units : array of shape (units,)
        The label of each unit.
    classes : array of shape (k,)
        The labels among them that need a weight.

    Returns
    -------
    float32 array of shape (number of targets,)
        Ignored targets have weight one.

    Raises
    ------
    ValueError
        For labels that y lacks while others have no weight, and if no target has a positive weight.

    Examples
    --------
    >>> labels = np.array(['no', 'yes'])
    >>> weights_by_class(np.array([0, 0, 1]), 'balanced', units=labels, classes=labels).tolist()
    [0.75, 0.75, 1.5]
    """
    known = is_known(encoded).ravel()
    index = encoded.ravel()[known].astype(int)
    balanced = isinstance(class_weight, str)
    if isinstance(class_weight, Mapping):
        _check_labels(class_weight, units.tolist(), classes.tolist())
    present = np.unique(index) if balanced else np.arange(len(units))
    try:
        weights = compute_class_weight(class_weight, classes=units[present], y=units[index])
    except ValueError as error:
        raise ValueError(f"class_weight: {error}") from error
    by_class = np.ones(len(units), np.float32)
    by_class[present] = weights
    if not by_class[index].any():
        raise InvalidParameterError(
            f"class_weight must give some training sample a positive weight, got {class_weight!r}"
        )
    weights = np.ones(len(known), np.float32)
    weights[known] = by_class[index]
    return weights


def _check_labels(class_weight: Mapping[Any, float], known: list[Any], labels: list[Any]) -> None:
    """Warn of weights for labels that y lacks; raise if the weights of its labels are missing."""
    unknown = [label for label in class_weight if label not in known]
    if not unknown:
        return
    missing = [label for label in labels if label not in class_weight]
    if missing:
        raise InvalidParameterError(
            f"class_weight must have labels of y as keys, got {unknown}; "
            f"labels without a weight: {missing}"
        )
    warnings.warn(
        f"class_weight has weights for labels that y lacks: {unknown}", UserWarning, stacklevel=2
    )
