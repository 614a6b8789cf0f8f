import inspect

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from skconv.utils.checks import is_number, takes_number


@pytest.mark.parametrize(
    "value", [1, 0.5, np.float32(1), np.int8(1), np.array(0.5), jnp.asarray(2.0), np.float16(3)]
)
def test_single_numbers_of_any_library(value):
    assert is_number(value)


@pytest.mark.parametrize(
    "value", [True, np.True_, np.array(True), "1", None, [1.0], np.zeros(1), 1j, abs]
)
def test_all_else_is_no_number(value):
    assert not is_number(value)


def test_random_keys_are_no_numbers():
    assert not is_number(jax.random.key(0))


@pytest.mark.parametrize(
    ("factory", "name", "number"),
    [
        (optax.adam, "learning_rate", True),
        (optax.adam, "b1", True),
        (optax.adam, "mu_dtype", False),
        (optax.adam, "nesterov", False),
        (optax.sgd, "momentum", True),
        (optax.adafactor, "min_dim_size_to_factor", False),
        (optax.lbfgs, "memory_size", False),
    ],
)
def test_arguments_of_optax_that_stand_for_numbers(factory, name, number):
    assert takes_number(inspect.signature(factory).parameters[name]) is number
