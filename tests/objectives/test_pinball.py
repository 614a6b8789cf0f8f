import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.metrics import d2_pinball_score, mean_pinball_loss

from skconv.objectives import absolute_error, pinball_loss
from skconv.objectives.pinball import Quantiles
from skconv.utils.checks import checks_of
from skconv.utils.loss_contracts import contract_of

RNG = np.random.default_rng(0)
TARGETS = RNG.normal(size=(30, 2))
PREDICTIONS = RNG.normal(size=(30, 2, 3))
LEVELS = (0.1, 0.5, 0.95)


@pytest.fixture(autouse=True)
def float64():
    with jax.enable_x64(True):
        yield


def test_it_is_the_pinball_loss_of_scikit_learn():
    losses = pinball_loss(jnp.asarray(PREDICTIONS), jnp.asarray(TARGETS), quantiles=LEVELS)
    assert losses.shape == (30, 2)
    expected = [
        mean_pinball_loss(TARGETS, PREDICTIONS[..., i], alpha=level, multioutput="raw_values")
        for i, level in enumerate(LEVELS)
    ]
    np.testing.assert_allclose(losses.mean(axis=0), np.mean(expected, axis=0), rtol=1e-6)


@pytest.mark.parametrize("level", [0.05, 0.5, 0.9])
def test_a_number_needs_no_axis(level):
    predictions, targets = jnp.asarray(PREDICTIONS[..., 0]), jnp.asarray(TARGETS)
    losses = pinball_loss(predictions, targets, quantiles=level)
    expected = mean_pinball_loss(TARGETS, PREDICTIONS[..., 0], alpha=level)
    assert float(losses.mean()) == pytest.approx(expected, rel=1e-6)
    np.testing.assert_array_equal(pinball_loss(predictions[..., None], targets, level), losses)


def test_the_median_has_half_the_absolute_error():
    predictions, targets = jnp.asarray(PREDICTIONS[..., 0]), jnp.asarray(TARGETS)
    expected = absolute_error(predictions, targets) / 2
    np.testing.assert_allclose(pinball_loss(predictions, targets), expected, rtol=1e-12)


def test_gradients_are_the_levels():
    slopes = jax.grad(lambda p: pinball_loss(p, jnp.zeros(1), quantiles=LEVELS).sum())
    below, above = slopes(jnp.full((1, 3), -1.0)), slopes(jnp.full((1, 3), 1.0))
    np.testing.assert_allclose(below, [-np.array(LEVELS) / 3], rtol=1e-12)
    np.testing.assert_allclose(above, [(1 - np.array(LEVELS)) / 3], rtol=1e-12)


@pytest.mark.parametrize("value", [0.0, 1.0, -0.1, (0.1, 1.5), (), "half", [[0.1, 0.2]], True])
def test_levels_lie_between_zero_and_one(value):
    valid = "a number between 0 and 1, exclusive, or a sequence of them"
    assert checks_of(pinball_loss)["quantiles"](value) == valid


def test_the_contract_follows_from_the_levels():
    assert contract_of(pinball_loss).form == Quantiles((0.5,), single=True)
    one = jax.tree_util.Partial(pinball_loss, quantiles=[0.5])
    assert contract_of(one).form == Quantiles((0.5,))


def test_the_score_is_the_mean_of_those_of_the_quantiles():
    weights = RNG.uniform(size=30)
    found = Quantiles(LEVELS).score(TARGETS, PREDICTIONS, weights)
    expected = [
        d2_pinball_score(TARGETS, PREDICTIONS[..., i], alpha=level, sample_weight=weights)
        for i, level in enumerate(LEVELS)
    ]
    assert found == pytest.approx(np.mean(expected), rel=1e-12)
    single = Quantiles((0.1,), single=True).score(TARGETS, PREDICTIONS[..., 0], weights)
    assert single == pytest.approx(expected[0], rel=1e-12)


def test_each_quantile_is_scaled_back_like_the_targets():
    shift, factor = Quantiles(LEVELS).affine(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    np.testing.assert_array_equal(shift, [[1, 1, 1], [2, 2, 2]])
    np.testing.assert_array_equal(factor, [[3, 3, 3], [4, 4, 4]])
