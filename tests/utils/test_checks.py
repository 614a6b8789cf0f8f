import functools
import inspect

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from skconv.nonlinearities import LeakyRectify
from skconv.utils import checks
from skconv.utils.checks import as_list, fits_float32, is_integer, is_number, takes_number

POSITIVE = "a positive integer"


@pytest.mark.parametrize(
    ("check", "good", "bad", "valid"),
    [
        (checks.number, [0, -1.5, np.float32(2)], [np.nan, np.inf, True, "1"], "a finite number"),
        (checks.between(0.0, 1.0), [0, 1, 0.5], [-0.1, 2, None], "a number between 0.0 and 1.0"),
        (checks.between(0.0, np.inf), [0, 1e9], [-1, np.inf], "a finite number >= 0.0"),
        (checks.between(-np.inf, 9.0), [-1e9, 9], [9.5], "a finite number <= 9.0"),
        (checks.between(-np.inf, np.inf), [-1e9], [np.nan, "a"], "a finite number"),
        (checks.positive, [1, np.int64(3)], [0, 1.0, True, None], POSITIVE),
        (checks.positive_or_none, [1, None], [0, 0.5], f"{POSITIVE} or None"),
        (checks.positive_each, [1, (2, 3)], [0, (), (1, 0)], f"{POSITIVE}, or one per axis"),
        (
            checks.natural_each,
            [0, (0, 3)],
            [-1, (), (1.0,)],
            "a non-negative integer, or one per axis",
        ),
        (checks.flag, [True, np.False_], [0, 1, None], "True or False"),
        (checks.one_of("a", "b"), ["a", "b"], ["c", None, ["a"]], "one of 'a', 'b'"),
        (checks.one_of("a"), ["a"], ["b"], "'a'"),
        (checks.optional_callable, [None, abs], ["abs"], "a function, or None for the identity"),
        (checks.required_callable, [abs], [None, 3], "a function"),
        (checks.required_callable, [], [LeakyRectify], "a function (write LeakyRectify())"),
    ],
)
def test_checks_of_fields(check, good, bad, valid):
    assert [check(value) for value in good] == [None] * len(good)
    assert [check(value) for value in bad] == [valid] * len(bad)


@pytest.mark.parametrize(
    "value", [1, 0.5, np.float32(1), np.int8(1), np.array(0.5), jnp.asarray(2.0), np.float16(3)]
)
def test_single_numbers_of_any_library(value):
    assert is_number(value)


@pytest.mark.parametrize(
    "value", [True, np.True_, np.array(True), "1", None, [1.0], np.zeros(1), 1j, abs]
)
def test_other_things_are_not_numbers(value):
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


@pytest.mark.parametrize("value", [0, -3, np.uint8(2)])
def test_integers_of_any_library(value):
    assert is_integer(value)


@pytest.mark.parametrize("value", [True, np.True_, 1.0, "1", None, np.ones(1, int)])
def test_other_things_are_no_integers(value):
    assert not is_integer(value)


def test_integers_within_bounds():
    assert is_integer(1, low=1)
    assert not is_integer(0, low=1)
    assert is_integer(np.int64(3), high=3)
    assert not is_integer(4, high=3)


@pytest.mark.parametrize(
    ("values", "fits"),
    [
        (1, True),
        ([0.5, 3e38], True),
        (np.zeros((2, 0)), True),
        (jnp.ones(2), True),
        (1e39, False),
        ([0.0, np.nan], False),
        (np.inf, False),
        ("text", False),
        (None, False),
        (object(), False),
    ],
)
def test_values_that_fit_float32(values, fits):
    assert fits_float32(values) is fits


@pytest.mark.parametrize(
    ("value", "listed"), [(None, []), (max, [max]), ([max, min], [max, min]), ((max,), [max])]
)
def test_none_one_or_several_become_a_list(value, listed):
    assert as_list(value) == listed


def test_a_list_is_copied():
    given = [max]
    assert as_list(given) is not given


@pytest.mark.parametrize(
    ("check", "valid", "invalid", "phrase"),
    [
        (checks.fraction, [0, 0.999, np.float32(0.5)], [1, -0.1, np.nan, True], "< 1.0"),
        (checks.above_zero, [1e-9, 3], [0, -1, np.inf, np.nan, False, "1"], "a finite number > 0"),
        (checks.seed, [None, 0, 2**32 - 1], [-1, 2**32, 1.0, True], "4294967295 or None"),
        (
            checks.random_state,
            [None, 3, np.random, np.random.RandomState(0)],
            [-1, "a", np.random.default_rng(0)],
            "a RandomState or None",
        ),
    ],
)
def test_ranges(check, valid, invalid, phrase):
    assert [check(value) for value in valid] == [None] * len(valid)
    assert all(phrase in check(value) for value in invalid)


def test_declared_checks_are_those_of_the_function_within_a_partial():
    @checks.bounded(delta=checks.above_zero)
    def loss(predictions, targets, delta=1.0): ...

    bound = functools.partial(functools.partial(loss, delta=2.0))
    assert checks.checks_of(bound) == checks.checks_of(loss) == {"delta": checks.above_zero}
    assert checks.checks_of(max) == {}


@pytest.mark.parametrize(("value", "kept"), [(0.5, 0.5), (1e39, np.inf), (np.nan, np.nan)])
def test_numbers_as_programs_receive_them(value, kept):
    found = checks.in_float32(value)
    assert found.dtype == np.float32
    np.testing.assert_equal(float(found), kept)
