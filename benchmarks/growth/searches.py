"""Searches with growing numbers of candidates."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from ..recipe import TINY_EPOCHS, TINY_UNITS
from .curve import Point

FOLDS = 3


def batched(n: int) -> Point:
    """Search `n` candidates by nets that are trained together."""
    from skconv.model_selection import BatchedGridSearchCV

    return time_search(BatchedGridSearchCV, n)


def one_by_one(n: int) -> Point:
    """Search `n` candidates by scikit-learn."""
    from sklearn.model_selection import GridSearchCV

    return time_search(GridSearchCV, n)


def time_search(kind: Any, n: int) -> Point:
    """Search `n` learning rates for a tiny net on iris."""
    from sklearn.datasets import load_iris
    from sklearn.preprocessing import StandardScaler

    from .. import nets

    X, y = load_iris(return_X_y=True)
    X = StandardScaler().fit_transform(X).astype(np.float32)
    net = nets.hidden(TINY_UNITS, max_epochs=TINY_EPOCHS, train_split=None, random_state=0)
    grid = {"update_learning_rate": np.geomspace(1, 0.001, n).tolist()}
    search = kind(net, grid, cv=FOLDS, refit=False)
    began = time.perf_counter()
    search.fit(X, y)
    seconds = time.perf_counter() - began
    accuracy = float(search.best_score_)
    return Point({kind.__name__: seconds}, {f"best accuracy, {kind.__name__}": accuracy})
