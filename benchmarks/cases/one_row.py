"""Case: a prediction for one row of a table."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import data
from ..case import Case, Contender, Measure, Sample, Setting
from ..machine import torch_device
from ..recipe import TABLE_EPOCHS, TABLE_RATE, TABLE_UNITS

CALLS = 100
"""Calls per value."""

VALUES = 5
"""Values per round."""


def _calls(predict: Callable[[np.ndarray], Any], split: data.Split) -> Measure:
    """Measure microseconds per call, and the accuracy on the training set."""
    row = split.X_train[:1]
    accuracy = float(np.mean(np.asarray(predict(split.X_train)) == split.y_train))
    for _ in range(CALLS):
        predict(row)

    def measure(_: int) -> Sample:
        values = []
        for _ in range(VALUES):
            began = time.perf_counter()
            for _ in range(CALLS):
                predict(row)
            values.append((time.perf_counter() - began) / CALLS * 1e6)
        return Sample(values, None, {"accuracy": accuracy})

    return measure


def _ours(setting: Setting) -> Measure:
    from .. import nets

    split = data.iris(setting)
    net = nets.tabular(max_epochs=TABLE_EPOCHS, random_state=0)
    return _calls(net.fit(split.X_train, split.y_train).predict, split)


def _sklearn(setting: Setting) -> Measure:
    return _calls(_perceptron(split := data.iris(setting)).predict, split)


def _perceptron(split: data.Split) -> Any:
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    net = MLPClassifier(
        (TABLE_UNITS,), learning_rate_init=TABLE_RATE, max_iter=TABLE_EPOCHS, random_state=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return net.fit(split.X_train, split.y_train)


def _skorch(setting: Setting) -> Measure:
    import torch

    from ..peers import skorch_nets

    torch.manual_seed(0)
    split = data.iris(setting)
    net = skorch_nets.tabular(torch_device(setting.platform), max_epochs=TABLE_EPOCHS)
    return _calls(net.fit(split.X_train, split.y_train).predict, split)


def _jitted(setting: Setting, *, validated: bool = False) -> Measure:
    """Predict by a jitted function with the weights of scikit-learn's net."""
    import jax
    import jax.numpy as jnp
    from sklearn.utils.validation import check_is_fitted, validate_data

    split = data.iris(setting)
    net = _perceptron(split)
    weights = jax.tree.map(jnp.asarray, (net.coefs_, net.intercepts_))

    @jax.jit
    def classify(weights: Any, X: jax.Array) -> jax.Array:
        (W1, W2), (b1, b2) = weights
        return (jax.nn.relu(X @ W1 + b1) @ W2 + b2).argmax(1)

    def predict(X: np.ndarray) -> np.ndarray:
        if validated:
            check_is_fitted(net)
            X = validate_data(net, X, reset=False)
        return net.classes_[np.asarray(classify(weights, X))]

    return _calls(predict, split)


def _validated(setting: Setting) -> Measure:
    return _jitted(setting, validated=True)


ONE_ROW = Case(
    "one_row",
    "Table of 150 rows: predict for one row",
    (
        Contender("skconv", _ours, ours=True),
        Contender("scikit-learn MLPClassifier", _sklearn, 1.3),
        Contender("skorch", _skorch, None, ("torch", "skorch")),
        Contender("a jitted JAX call", _jitted),
        Contender("the same after scikit-learn's validation", _validated, 1.5),
    ),
    unit="us",
    rounds=5,
)
