"""Fits and predictions of growing nets and data."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from ..clock import Clock
from .curve import Point

FEATURES = 50
UNITS = 100
EPOCHS = 6
SPREAD = 0.5
"""Standard deviation of the centers of the classes; that of the rows around them is one."""

TEST_ROWS = 1000

CLASS_ROWS = 16_384
"""Rows of the fits with many classes."""

DEEP_ROWS = 4000
DEEP_UNITS = 32


def rows(n: int) -> Point:
    """Fit one hidden layer to `n` rows of ten classes."""
    from .. import nets

    return time_fit(nets.hidden(UNITS, **_settings()), n, 10)


def classes(n: int) -> Point:
    """Fit one hidden layer to rows of `n` classes."""
    from .. import nets

    return time_fit(nets.hidden(UNITS, **_settings()), CLASS_ROWS, n)


def layers(n: int) -> Point:
    """Fit `n` hidden layers."""
    from .. import nets

    return time_fit(nets.deep(n, DEEP_UNITS, **_settings()), DEEP_ROWS, 10)


def time_fit(net: Any, n_rows: int, n_classes: int) -> Point:
    """Fit a net, and predict the rows that it was fitted to.

    The accuracy is that on other rows of the same distribution.
    """
    X, y = draw_blobs(n_rows + TEST_ROWS, n_classes)
    X, X_test, y, y_test = X[:n_rows], X[n_rows:], y[:n_rows], y[n_rows:]
    clock = Clock()
    net.set_params(on_epoch_finished=clock.tick).fit(X, y)
    net.predict(X)
    seconds = {
        "the first epoch with compiling": clock.first,
        "an epoch": min(clock.warm),
        "a prediction": min(_predict(net, X) for _ in range(3)),
    }
    accuracy = float(np.mean(net.predict(X_test) == y_test))
    return Point(seconds, {"accuracy": accuracy})


def draw_blobs(n_rows: int, n_classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw rows around a random center for each class; every class is among the first rows."""
    random = np.random.default_rng(0)
    centers = SPREAD * random.standard_normal((n_classes, FEATURES), np.float32)
    y = np.arange(n_rows) % n_classes
    X = random.standard_normal((n_rows, FEATURES), np.float32)
    X += centers[y]
    return X, y


def _settings() -> dict[str, Any]:
    return {"max_epochs": EPOCHS, "train_split": None, "random_state": 0}


def _predict(net: Any, X: np.ndarray) -> float:
    began = time.perf_counter()
    net.predict(X)
    return time.perf_counter() - began
