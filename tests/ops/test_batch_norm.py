import jax
import jax.numpy as jnp
import numpy as np
import pytest

from skconv.ops import batch_norm

KERNELS = [batch_norm.two_passes, batch_norm.one_pass]


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_mean_of_a_thousand_deviations_costs_little_precision(kernel):
    """In float32, whose squares of a million are known to 0.06."""
    x = np.random.default_rng(0).normal([1000, -1000, 0], 1, (4096, 3)).astype(np.float32)
    found = jax.jit(kernel, static_argnums=4)(x, None, None, np.float32(0), (0,))
    exact = x.astype(float)
    np.testing.assert_allclose(found.mean, exact.mean(0), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(found.inv_std, 1 / exact.std(0), rtol=1e-5)
    expected = (exact - exact.mean(0)) / exact.std(0)
    np.testing.assert_allclose(found.x, expected, atol=2e-4)


@pytest.mark.parametrize("kernel", KERNELS)
def test_constant_values_become_zero_and_their_gradients_are_finite(kernel):
    def total(x):
        return kernel(x, None, None, jnp.float32(1e-4), (0, 1)).x.sum()

    values, gradients = jax.value_and_grad(total)(jnp.full((3, 4, 2), 0.1))
    assert values == pytest.approx(0, abs=1e-4)
    np.testing.assert_allclose(gradients, 0, atol=1e-3)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("used", [True, False])
def test_fixed_statistics_replace_those_of_the_batch(kernel, used):
    x = np.random.default_rng(0).normal(5, 2, (64, 3)).astype(np.float32)
    mean, inv_std = np.float32([1, 2, 3]), np.float32([1, 0.5, 2])
    fixed = batch_norm.Fixed(np.array(used), mean, inv_std)
    found = kernel(x, None, None, np.float32(0), (0,), fixed)
    expected = (x - mean) * inv_std if used else (x - x.mean(0)) / x.std(0)
    np.testing.assert_allclose(found.x, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found.mean, x.mean(0), rtol=1e-5)
