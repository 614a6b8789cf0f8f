"""Folds for labels of which some are missing."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.model_selection import check_cv

from ..data.splitting import strata
from ..estimator.neural_net import NeuralNet
from ..targets.holes import fill_holes
from .containers import last_step


def folds_of_known(cv: Any, y: Any, estimator: Any) -> Any:
    """Return folds stratified by the labels that are not missing, where scikit-learn makes none.

    Parameters
    ----------
    cv : int, splitter, iterable or None
    y : array-like of shape (n,) or (n, ...)
    estimator : estimator
        A net with an `ignore_label`, or a pipeline that ends in one; others get `cv` as it is.

    Returns
    -------
    list of (array, array), or `cv`
        `cv` as it is unless it is a number of folds, and y has missing labels.

    Examples
    --------
    >>> net = NeuralNet(ignore_label=np.nan)
    >>> y = ['a', 'a', None, None, 'b', 'b']
    >>> [test.tolist() for _, test in folds_of_known(2, y, net)]
    [[0, 2, 4], [1, 3, 5]]
    """
    net = last_step(estimator)
    if not isinstance(net, NeuralNet) or net.ignore_label is None or not is_classifier(net):
        return cv
    if hasattr(cv, "split") or not (cv is None or np.isscalar(cv)):
        return cv
    filled, holes = fill_holes(y, np.nan)
    if holes is None or holes.ndim != 1 or holes.all():
        return cv
    codes = np.unique(np.asarray(filled), return_inverse=True)[1]
    codes = strata(np.where(holes, -1, codes))
    return list(check_cv(cv, codes, classifier=True).split(np.empty((len(codes), 1)), codes))
