import jax
import jax.numpy as jnp
import numpy as np
import pytest

from skconv.objectives import cox_loss
from skconv.objectives.cox import cumulative_logsumexp

RNG = np.random.default_rng(0)
N = 60
TIMES = RNG.integers(0, 12, N).astype(float)  # with many ties
EVENTS = RNG.integers(0, 2, N)
LOG_RISK = RNG.normal(size=N)
TARGETS = np.column_stack([TIMES, EVENTS])


@pytest.fixture(autouse=True)
def float64():
    with jax.enable_x64(True):
        yield


def breslow(log_risk, times, events, weights):
    """Return the losses of the partial likelihood with Breslow's treatment of ties, row by row."""
    losses = []
    for h, time, event in zip(log_risk, times, events, strict=True):
        at_risk = sum(
            w * np.exp(other)
            for other, later, w in zip(log_risk, times, weights, strict=True)
            if later >= time
        )
        losses.append(event * (np.log(at_risk) - h))
    return np.array(losses)


@pytest.mark.parametrize("shape", [(N,), (N, 1)])
def test_it_is_the_partial_likelihood_of_breslow(shape):
    losses = cox_loss(jnp.asarray(LOG_RISK.reshape(shape)), jnp.asarray(TARGETS))
    expected = breslow(LOG_RISK, TIMES, EVENTS, np.ones(N))
    assert losses.shape == (N,)
    np.testing.assert_allclose(losses, expected, rtol=1e-6)


def test_weights_multiply_the_risks():
    weights = RNG.uniform(0.5, 2, N)
    losses = cox_loss(jnp.asarray(LOG_RISK), jnp.asarray(TARGETS), jnp.asarray(weights))
    np.testing.assert_allclose(losses, breslow(LOG_RISK, TIMES, EVENTS, weights), rtol=1e-6)


def test_rows_of_weight_zero_are_never_at_risk():
    """They would be, as their times come last, and their losses have finite gradients."""
    log_risk = np.append(LOG_RISK, [50.0, 60.0])
    targets = np.vstack([TARGETS, [[100.0, 1.0], [100.0, 0.0]]])
    weights = jnp.asarray(np.append(np.ones(N), [0.0, 0.0]))

    def total(log_risk):
        return (weights * cox_loss(log_risk, jnp.asarray(targets), weights)).sum()

    value, slope = jax.value_and_grad(total)(jnp.asarray(log_risk))
    plain = jax.value_and_grad(lambda h: cox_loss(h, jnp.asarray(TARGETS)).sum())
    expected, expected_slope = plain(jnp.asarray(LOG_RISK))
    assert float(value) == pytest.approx(float(expected), rel=1e-12)
    np.testing.assert_allclose(slope[:N], expected_slope, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(slope[N:], 0)


def test_large_risks_do_not_overflow():
    losses = cox_loss(jnp.asarray(LOG_RISK + 1000), jnp.asarray(TARGETS))
    expected = breslow(LOG_RISK, TIMES, EVENTS, np.ones(N))
    np.testing.assert_allclose(losses, expected, rtol=1e-6, atol=1e-9)


def test_the_gradient_is_that_of_the_formula():
    direction = RNG.normal(size=N)
    _, slope = jax.jvp(
        lambda h: cox_loss(h, jnp.asarray(TARGETS)).sum(),
        (jnp.asarray(LOG_RISK),),
        (jnp.asarray(direction),),
    )
    ends = [
        breslow(LOG_RISK + step * direction, TIMES, EVENTS, np.ones(N)).sum()
        for step in (1e-5, -1e-5)
    ]
    assert float(slope) == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-6)


@pytest.mark.parametrize("n", [1, 2, 3, 10, 60, 1000])
def test_sums_accumulate_from_block_to_block(n):
    values = RNG.normal(scale=30, size=n)
    found = cumulative_logsumexp(jnp.asarray(values))
    np.testing.assert_allclose(found, np.logaddexp.accumulate(values), rtol=1e-12)
