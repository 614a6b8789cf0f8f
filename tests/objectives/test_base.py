import jax.numpy as jnp
import numpy as np
import pytest

from skconv import objectives
from skconv.objectives.base import of_true_class, of_true_label

from .cases import CLASSES, SCORES, SOFT, SOFT32


def test_the_loss_of_the_true_class_is_picked_or_weighed():
    losses, classes = jnp.asarray(SCORES, jnp.float32), jnp.asarray(CLASSES)
    picked = SCORES[np.arange(20), CLASSES]
    np.testing.assert_allclose(of_true_class(losses, classes), picked, rtol=1e-6)
    found = of_true_class(losses, jnp.asarray(SOFT32))
    np.testing.assert_allclose(found, (SOFT * SCORES).sum(axis=1), rtol=1e-4, atol=1e-6)


def test_the_loss_of_the_true_label_is_picked_or_weighed():
    ones, zeros = jnp.full((1, 3), 2.0), jnp.full((1, 3), 4.0)
    targets = jnp.asarray([[1.0, 0.0, 0.25]])
    np.testing.assert_allclose(of_true_label(ones, zeros, targets), [[2.0, 4.0, 3.5]])


@pytest.mark.parametrize(
    "name",
    [
        "squared_error",
        "absolute_error",
        "huber_loss",
        "binary_crossentropy",
        "binary_focal_loss",
        "binary_hinge_loss",
        "binary_accuracy",
    ],
)
def test_a_column_of_predictions_takes_a_vector_of_targets(name):
    loss = getattr(objectives, name)
    predictions, targets = jnp.array([[0.25], [0.5], [0.9]]), jnp.array([1.0, 0.0, 1.0])
    given = loss(predictions, targets)
    assert given.shape == (3, 1)
    np.testing.assert_array_equal(given, loss(predictions, targets[:, None]))
    np.testing.assert_array_equal(given[:, 0], loss(predictions[:, 0], targets))
