import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special
from sklearn.metrics import log_loss, mean_squared_error

from skconv import objectives
from skconv.nonlinearities import linear, sigmoid, softmax, tanh
from skconv.objectives import (
    binary_crossentropy,
    categorical_crossentropy,
    from_logits,
    objective,
    squared_error,
    weighted_mean,
)

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(scale=2, size=(20, 4)).astype(np.float32)
CLASSES = np.arange(20, dtype=np.int32) % 4
LABELS = RNG.integers(0, 2, (20, 4)).astype(np.float32)
WEIGHTS = RNG.uniform(0, 2, 20).astype(np.float32)


def soft_targets():
    return special.softmax(RNG.normal(size=(20, 4)), axis=1).astype(np.float32)


def test_categorical_crossentropy_is_the_log_loss_of_scikit_learn():
    p = special.softmax(LOGITS, axis=1)
    losses = categorical_crossentropy(jnp.asarray(p), jnp.asarray(CLASSES))
    assert losses.shape == (20,)
    expected = log_loss(CLASSES, p.astype(np.float64) / p.sum(1, keepdims=True, dtype=np.float64))
    assert float(losses.mean()) == pytest.approx(expected, rel=1e-5)


def test_rows_of_probabilities_weigh_the_logarithms():
    p, targets = special.softmax(LOGITS, axis=1), soft_targets()
    losses = categorical_crossentropy(jnp.asarray(p), jnp.asarray(targets))
    np.testing.assert_allclose(losses, -(targets * np.log(p)).sum(axis=1), rtol=1e-5)


def test_one_hot_targets_give_the_loss_of_their_classes():
    p = jnp.asarray(special.softmax(LOGITS, axis=1))
    one_hot = jax.nn.one_hot(CLASSES, 4)
    np.testing.assert_allclose(
        categorical_crossentropy(p, one_hot), categorical_crossentropy(p, CLASSES), rtol=1e-6
    )


def test_categorical_crossentropy_takes_further_axes():
    p = special.softmax(LOGITS, axis=1).reshape(5, 4, 4)
    losses = categorical_crossentropy(jnp.asarray(p), jnp.asarray(CLASSES.reshape(5, 4)))
    flat = -np.log(p.reshape(20, 4)[np.arange(20), CLASSES])
    np.testing.assert_allclose(losses, flat.reshape(5, 4), rtol=1e-5)


def test_binary_crossentropy_is_the_log_loss_of_each_label():
    p = special.expit(LOGITS)
    losses = binary_crossentropy(jnp.asarray(p), jnp.asarray(LABELS))
    assert losses.shape == (20, 4)
    for label in range(4):
        expected = log_loss(LABELS[:, label], p[:, label].astype(np.float64))
        assert float(losses[:, label].mean()) == pytest.approx(expected, rel=1e-5)


def test_binary_crossentropy_takes_probabilities_as_targets():
    p, targets = special.expit(LOGITS), soft_targets()
    expected = special.xlogy(targets, p) + special.xlog1py(1 - targets, -p)
    losses = binary_crossentropy(jnp.asarray(p), jnp.asarray(targets))
    np.testing.assert_allclose(losses, -expected, rtol=1e-4)


def test_squared_error_is_the_mean_squared_error_of_scikit_learn():
    losses = squared_error(jnp.asarray(LOGITS), jnp.asarray(LABELS))
    assert losses.shape == LOGITS.shape
    assert float(losses.mean()) == pytest.approx(mean_squared_error(LABELS, LOGITS), rel=1e-5)


PAIRS = [
    (categorical_crossentropy, softmax, CLASSES),
    (categorical_crossentropy, softmax, soft_targets()),
    (binary_crossentropy, sigmoid, LABELS),
    (binary_crossentropy, sigmoid, soft_targets()),
]


@pytest.mark.parametrize(("loss", "nonlinearity", "targets"), PAIRS)
def test_the_form_from_logits_has_the_values_and_gradients_of_the_plain_form(
    loss, nonlinearity, targets
):
    fused = from_logits(loss, nonlinearity)

    def plain(x, t):
        return loss(nonlinearity(x), t)

    slope, expected = (
        jax.grad(lambda x, form=form: form(x, targets).sum())(jnp.asarray(LOGITS))
        for form in (fused, plain)
    )
    np.testing.assert_allclose(fused(LOGITS, targets), plain(LOGITS, targets), rtol=1e-4)
    np.testing.assert_allclose(slope, expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("size", [50.0, 1e3, 1e6])
def test_the_softmax_form_is_exact_at_extreme_logits(size):
    logits, wrong = jnp.asarray([[size, 0.0, -size]], jnp.float32), jnp.asarray([2])
    fused = from_logits(categorical_crossentropy, softmax)
    assert float(fused(logits, wrong)[0]) == pytest.approx(2 * size, rel=1e-6)
    slope = jax.grad(lambda x: fused(x, wrong).sum())(logits)
    np.testing.assert_allclose(slope, [[1.0, 0.0, -1.0]], atol=1e-6)


@pytest.mark.parametrize("size", [50.0, 1e3, 1e6])
def test_the_sigmoid_form_is_exact_at_extreme_logits(size):
    logits, wrong = jnp.asarray([[size, -size]], jnp.float32), jnp.asarray([[0.0, 1.0]])
    fused = from_logits(binary_crossentropy, sigmoid)
    np.testing.assert_allclose(fused(logits, wrong), [[size, size]], rtol=1e-6)
    slope = jax.grad(lambda x: fused(x, wrong).sum())(logits)
    np.testing.assert_allclose(slope, [[1.0, -1.0]], atol=1e-6)


@pytest.mark.parametrize(("loss", "nonlinearity", "targets"), PAIRS)
def test_certain_predictions_have_finite_losses_and_gradients(loss, nonlinearity, targets):
    def total(p):
        return loss(p, targets).sum()

    for p in jnp.zeros((20, 4)), jnp.ones((20, 4)):
        assert np.isfinite(total(p))
        assert np.isfinite(jax.grad(total)(p)).all()


@pytest.mark.parametrize(
    ("loss", "nonlinearity"),
    [
        (categorical_crossentropy, sigmoid),
        (binary_crossentropy, softmax),
        (squared_error, linear),
        (categorical_crossentropy, tanh),
        (lambda p, t: p, softmax),
    ],
)
def test_other_pairs_have_no_form_from_logits(loss, nonlinearity):
    assert from_logits(loss, nonlinearity) is None


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
    penalised = jax.jit(lambda l2: weighted(l2=l2))
    assert float(penalised(jnp.float32(0.5))) == pytest.approx(float(weighted(l2=0.5)), rel=1e-5)


def test_gradients_of_the_objective_are_those_of_its_formula():
    """By predictions and by both parameters, along a direction, against central differences."""
    given = [np.float64(LOGITS), np.array([[1.0, -2.0]]), np.array([3.0])]
    directions = [RNG.normal(size=value.shape) for value in given]

    def formula(predictions, *params):
        rows = ((predictions - LABELS) ** 2).mean(axis=1)
        penalties = sum(0.1 * np.abs(p).sum() + 0.2 * (p**2).sum() for p in params)
        return np.average(rows, weights=np.float64(WEIGHTS)) + penalties

    def penalised(predictions, *params):
        labels, weights = np.float64(LABELS), np.float64(WEIGHTS)
        penalties = {"loss_function": squared_error, "l1": 0.1, "l2": 0.2}
        return objective(predictions, labels, weights, list(params), **penalties)

    with jax.enable_x64(True):
        value, slopes = jax.value_and_grad(penalised, argnums=(0, 1, 2))(*map(jnp.asarray, given))
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


def test_the_public_losses_are_lasagnes():
    names = {"binary_crossentropy", "categorical_crossentropy", "objective", "squared_error"}
    assert set(objectives.__all__) == names
