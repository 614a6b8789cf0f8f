import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import mean_squared_error

from skconv.objectives import objective, squared_error
from skconv.objectives.objective import weighted_mean

from .cases import LABELS, LOGITS, RNG

WEIGHTS = RNG.uniform(0, 2, 20).astype(np.float32)


def weighted(**penalties):
    params = [jnp.asarray([[1.0, -2.0]]), jnp.asarray([3.0])]
    return objective(
        jnp.asarray(LOGITS),
        jnp.asarray(LABELS),
        jnp.asarray(WEIGHTS),
        params,
        loss_function=squared_error,
        **penalties,
    )


def test_the_objective_is_the_weighted_mean_over_rows():
    expected = mean_squared_error(LABELS, LOGITS, sample_weight=WEIGHTS)
    assert float(weighted()) == pytest.approx(expected, rel=1e-5)


def test_penalties_add_absolute_values_and_squares_of_the_parameters():
    plain = float(weighted())
    assert float(weighted(l1=0.5)) == pytest.approx(plain + 0.5 * 6, rel=1e-5)
    assert float(weighted(l2=0.5)) == pytest.approx(plain + 0.5 * 14, rel=1e-5)
    assert float(weighted(l1=0.1, l2=0.2)) == pytest.approx(plain + 0.6 + 2.8, rel=1e-5)
    assert float(weighted(l1=0.0, l2=0.0)) == plain


def test_penalties_may_be_traced():
    penalized = jax.jit(lambda l2: weighted(l2=l2))
    assert float(penalized(jnp.float32(0.5))) == pytest.approx(float(weighted(l2=0.5)), rel=1e-5)


def test_gradients_of_the_objective_are_those_of_its_formula():
    """By predictions and by both parameters, along a direction, against central differences."""
    given = [np.float64(LOGITS), np.array([[1.0, -2.0]]), np.array([3.0])]
    directions = [RNG.normal(size=value.shape) for value in given]

    def formula(predictions, *params):
        rows = ((predictions - LABELS) ** 2).mean(axis=1)
        penalties = sum(0.1 * np.abs(p).sum() + 0.2 * (p**2).sum() for p in params)
        return np.average(rows, weights=np.float64(WEIGHTS)) + penalties

    def penalized(predictions, *params):
        labels, weights = np.float64(LABELS), np.float64(WEIGHTS)
        penalties = {"loss_function": squared_error, "l1": 0.1, "l2": 0.2}
        return objective(predictions, labels, weights, list(params), **penalties)

    with jax.enable_x64(True):
        value, slopes = jax.value_and_grad(penalized, argnums=(0, 1, 2))(*map(jnp.asarray, given))
    assert float(value) == pytest.approx(formula(*given), rel=1e-12)
    for i, (slope, direction) in enumerate(zip(slopes, directions, strict=True)):
        ends = [
            formula(*given[:i], given[i] + step * direction, *given[i + 1 :])
            for step in (1e-5, -1e-5)
        ]
        expected = (ends[0] - ends[1]) / 2e-5
        assert (np.asarray(slope) * direction).sum() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("shape", [(20,), (20, 1), (20, 2, 3)])
def test_rows_of_any_shape_count_alike(shape):
    predictions = jnp.asarray(RNG.normal(size=shape), jnp.float32)
    targets = jnp.zeros(shape)
    value = objective(predictions, targets, jnp.ones(20), [], loss_function=squared_error)
    assert float(value) == pytest.approx(float(jnp.square(predictions).mean()), rel=1e-5)


def test_rows_of_weight_zero_leave_no_trace_in_value_or_gradient():
    weights = jnp.asarray(WEIGHTS).at[5:].set(0)
    loss = functools.partial(objective, params=[], loss_function=squared_error)
    value, slope = jax.value_and_grad(loss)(jnp.asarray(LOGITS), jnp.asarray(LABELS), weights)
    expected = mean_squared_error(LABELS[:5], LOGITS[:5], sample_weight=WEIGHTS[:5])
    assert float(value) == pytest.approx(expected, rel=1e-5)
    assert np.all(slope[5:] == 0)
    assert np.all(slope[:5] != 0)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.floats(-9, 9), st.floats(0.125, 9)), min_size=4, max_size=4))
def test_the_weighted_mean_is_that_of_numpy(pairs):
    rows, weights = np.asarray(pairs, np.float32).T
    found = float(weighted_mean(jnp.asarray(rows), jnp.asarray(weights)))
    assert found == pytest.approx(np.average(rows, weights=weights), abs=1e-4)


def test_the_weighted_mean_of_no_weight_is_zero():
    assert float(weighted_mean(jnp.ones(3), jnp.zeros(3))) == 0
    assert np.all(jax.grad(weighted_mean)(jnp.ones(3), jnp.zeros(3)) == 0)
