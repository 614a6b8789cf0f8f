import jax.numpy as jnp
import numpy as np

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
