import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error, mean_squared_error

from skconv.objectives import absolute_error, huber_loss, squared_error

from .cases import LABELS, LOGITS, SCORES, SOFT, check_formula


def test_absolute_error_is_the_mean_absolute_error_of_scikit_learn():
    losses = absolute_error(jnp.asarray(LOGITS), jnp.asarray(LABELS))
    assert losses.shape == LOGITS.shape
    assert float(losses.mean()) == pytest.approx(mean_absolute_error(LABELS, LOGITS), rel=1e-5)


def test_squared_error_is_the_mean_squared_error_of_scikit_learn():
    losses = squared_error(jnp.asarray(LOGITS), jnp.asarray(LABELS))
    assert losses.shape == LOGITS.shape
    assert float(losses.mean()) == pytest.approx(mean_squared_error(LABELS, LOGITS), rel=1e-5)


def huber(x, t, delta):
    size = np.abs(x - t)
    return np.where(size <= delta, size**2 / 2, delta * (size - delta / 2))


def test_the_huber_loss_and_its_derivative_are_those_of_the_formula():
    check_formula(huber_loss, huber, SCORES, SOFT, {"delta": 0.8})
