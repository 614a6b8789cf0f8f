import jax
import jax.numpy as jnp
import numpy as np
import pytest

from skconv.training.batch_targets import BatchTargets, masked_rows, safe_targets

W = np.array([[1.0, 0.5, 0.0], [0.0, 0.0, 0.0], [2.0, 1.0, 3.0]], np.float32)
LOSSES = np.arange(9, dtype=np.float32).reshape(3, 3)


def test_rows_are_means_over_the_targets_that_count():
    rows, weights = masked_rows(jnp.asarray(LOSSES), jnp.asarray(W), grouped="all")
    np.testing.assert_allclose(weights, W.mean(axis=1))
    np.testing.assert_allclose(rows, (LOSSES * W).sum(1) / np.maximum(W.sum(1), 1e-9), rtol=1e-6)


@pytest.mark.parametrize(("grouped", "expected"), [("all", [0, 0, 2.0]), ("any", [0.75, 0, 2.0])])
def test_a_loss_of_several_targets_has_their_weight(grouped, expected):
    rows, weights = masked_rows(jnp.asarray([7.0, 8.0, 9.0]), jnp.asarray(W), grouped=grouped)
    np.testing.assert_allclose(weights, expected)
    np.testing.assert_allclose(rows, [7.0 if expected[0] else 0, 0, 9])


def test_several_losses_of_a_target_share_its_weight():
    quantiles = np.stack([LOSSES, LOSSES + 1], axis=-1)
    rows, weights = masked_rows(jnp.asarray(quantiles), jnp.asarray(W), grouped="all")
    np.testing.assert_allclose(weights, W.mean(axis=1))
    expected = ((LOSSES + 0.5) * W).sum(1) / np.maximum(W.sum(1), 1e-9)
    np.testing.assert_allclose(rows, expected, rtol=1e-6)


def test_losses_are_finite_at_ignored_targets():
    targets = jnp.array([[2.0, jnp.nan], [jnp.nan, 3.0]])
    safe = safe_targets(targets)
    assert safe.tolist() == [[2, 3], [3, 3]]
    gradient = jax.grad(lambda p: jnp.square(p - jnp.log(safe)).sum())(jnp.zeros((2, 2)))
    assert jnp.isfinite(gradient).all()
    assert safe_targets(jnp.full((2,), jnp.nan)).tolist() == [1, 1]
    assert safe_targets(jnp.array([2, -1])).tolist() == [2, 0]


def test_weights_of_the_objective_are_means_over_all_targets():
    rows = jnp.array([1.0, 1.0, 2.0])
    targets = BatchTargets((None, None), rows, (jnp.asarray(W), jnp.array([1.0, 0.0, 0.5])))
    expected = np.array([1, 1, 2]) * (W.mean(1) + np.array([1, 0, 0.5])) / 2
    np.testing.assert_allclose(targets.objective_weights(), expected, rtol=1e-6)
    assert BatchTargets(None, rows).objective_weights() is rows
