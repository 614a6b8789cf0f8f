import inspect
import re

import numpy as np
import optax
import pytest

from skconv import updates
from skconv.errors import InvalidParameterError
from skconv.updates.ranges import COUNTS, NUMBERS, number_check
from skconv.updates.update_rule import resolve_update

OF_ARRAYS = ("norm_constraint", "total_norm_constraint")

RULES = [getattr(updates, name) for name in updates.__all__ if name not in OF_ARRAYS]

RATE = "a finite number >= 0.0 or a schedule"
SHARE = "a number >= 0.0 and < 1.0 or a schedule"

INVALID = [
    (updates.adam, "learning_rate", -0.1, RATE),
    (updates.adam, "learning_rate", np.nan, RATE),
    (updates.adam, "learning_rate", np.float32(np.inf), RATE),
    (updates.adam, "learning_rate", 1e39, RATE),  # infinite in float32
    (updates.adam, "learning_rate", True, RATE),
    (updates.adam, "learning_rate", np.False_, RATE),
    (updates.adam, "learning_rate", None, RATE),
    (updates.adam, "learning_rate", [0.1], RATE),
    (updates.adam, "learning_rate", "0.1", RATE),
    (updates.lbfgs, "learning_rate", -1.0, "a finite number >= 0.0, a schedule or None"),
    (updates.muon, "adam_learning_rate", True, "a finite number >= 0.0, a schedule or None"),
    (updates.nesterov_momentum, "momentum", 1.5, SHARE),
    (updates.nesterov_momentum, "momentum", 1, SHARE),
    (updates.nesterov_momentum, "momentum", -0.1, SHARE),
    (updates.momentum, "momentum", 1 - 1e-9, SHARE),  # one in float32
    (updates.rmsprop, "rho", 1.0, SHARE),
    (updates.adam, "beta1", 1.1, SHARE),
    (updates.adam, "beta2", np.nan, SHARE),
    (updates.adam, "epsilon", -1e-8, RATE),
    (updates.adamw, "weight_decay", -1e-4, RATE),
    (updates.hessian_free, "damping", 0.0, "a finite number > 0.0 or a schedule"),
    (updates.hessian_free, "cg_decay", 1.5, "a number between 0.0 and 1.0 or a schedule"),
    (updates.hessian_free, "cg_iterations", 0, "a positive integer"),
    (updates.lbfgs, "memory_size", 2.5, "a positive integer"),
    (updates.muon, "ns_steps", True, "a positive integer"),
    (optax.adam, "learning_rate", -1, RATE),
    (optax.adam, "b1", 1.0, SHARE),
    (optax.adam, "nesterov", "yes", "True or False"),
    (optax.sgd, "momentum", 2, "a number >= 0.0 and < 1.0, a schedule or None"),
    (optax.rmsprop, "decay", -0.5, SHARE),
    (optax.noisy_sgd, "eta", np.nan, "a number or a schedule"),
]


@pytest.mark.parametrize(("factory", "name", "value", "valid"), INVALID)
def test_numbers_outside_their_range_are_refused(factory, name, value, valid):
    given = {"learning_rate": 0.1, name: value}
    message = f"update_{name} must be {valid}, got {value!r}"
    with pytest.raises(InvalidParameterError, match=f"^{re.escape(message)}$"):
        resolve_update(factory, given)


def test_all_are_told_at_once():
    given = {"learning_rate": -1, "momentum": 2}
    with pytest.raises(InvalidParameterError, match=r"(?s)2 problems.*learning_rate.*momentum"):
        resolve_update(updates.momentum, given)


@pytest.mark.parametrize(
    ("factory", "given"),
    [
        (updates.adam, {"learning_rate": 0, "beta1": 0, "epsilon": 0.0}),
        (updates.momentum, {"learning_rate": np.float64(10), "momentum": np.float32(0.99)}),
        (optax.sgd, {"learning_rate": 0.1, "momentum": None}),
        (optax.optimistic_gradient_descent, {"learning_rate": 0.1, "beta": 1.5}),
        (updates.lbfgs, {"learning_rate": None, "memory_size": np.int64(3)}),
    ],
)
def test_numbers_in_their_range_are_taken(factory, given):
    _, values = resolve_update(factory, given)
    assert values.items() >= {k: v for k, v in given.items() if v and k != "memory_size"}.items()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_each_number_of_our_rules_has_a_range_and_its_default_is_inside(rule):
    for name, parameter in inspect.signature(rule).parameters.items():
        if isinstance(parameter.default, float):
            assert NUMBERS[name](parameter.default) is None
        elif isinstance(parameter.default, int):
            assert name in COUNTS


def test_a_default_outside_the_range_means_another_hyperparameter():
    beta = inspect.signature(optax.optimistic_gradient_descent).parameters["beta"]
    assert number_check("beta", beta)(1.5) is None
    assert number_check("beta", beta)(np.nan) == "a number"
