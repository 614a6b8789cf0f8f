import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from skconv.objectives import gaussian_nll
from skconv.objectives.gaussian import MeanAndLogVariance

RNG = np.random.default_rng(0)
MEAN, LOG_VARIANCE, TARGETS = RNG.normal(size=(3, 20, 2))
PREDICTIONS = np.stack([MEAN, LOG_VARIANCE], axis=-1)


@pytest.fixture(autouse=True)
def float64():
    with jax.enable_x64(True):
        yield


@pytest.mark.parametrize("eps", [0.0, 1e-6, 0.3])
def test_it_is_the_negative_log_density_of_scipy(eps):
    losses = gaussian_nll(jnp.asarray(PREDICTIONS), jnp.asarray(TARGETS), eps=eps)
    assert losses.shape == (20, 2)
    std = np.sqrt(np.exp(LOG_VARIANCE) + eps)
    np.testing.assert_allclose(losses, -stats.norm.logpdf(TARGETS, MEAN, std), rtol=1e-6)
    np.testing.assert_allclose(MeanAndLogVariance(eps).spread(PREDICTIONS), std, rtol=1e-12)


def test_flat_predictions_have_mean_and_log_variance_of_each_target():
    flat = gaussian_nll(jnp.asarray(PREDICTIONS.reshape(20, 4)), jnp.asarray(TARGETS))
    np.testing.assert_array_equal(flat, gaussian_nll(jnp.asarray(PREDICTIONS), TARGETS))


def test_tiny_variances_have_finite_losses_and_gradients():
    slope = jax.grad(lambda p: gaussian_nll(p, jnp.zeros(1)).sum())
    predictions = jnp.array([[1.0, -1000.0]])
    assert float(gaussian_nll(predictions, jnp.zeros(1))[0]) == pytest.approx(
        -stats.norm.logpdf(1.0, 0.0, 1e-3), rel=1e-6
    )
    assert np.isfinite(slope(predictions)).all()


def test_log_variances_are_shifted_by_the_scale_of_the_targets():
    """The density of scaled targets is that of the targets with the scaled-back parameters."""
    mean, scale = np.array([3.0, -1.0]), np.array([2.0, 0.5])
    shift, factor = MeanAndLogVariance(0.0).affine(mean, scale)
    in_units = PREDICTIONS * factor + shift
    found = gaussian_nll(jnp.asarray(in_units), jnp.asarray(TARGETS * scale + mean), eps=0.0)
    expected = -stats.norm.logpdf(TARGETS, MEAN, np.exp(LOG_VARIANCE / 2)) + np.log(scale)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
