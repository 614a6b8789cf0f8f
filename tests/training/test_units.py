import jax.numpy as jnp
import numpy as np

from skconv import NeuralNet
from skconv.augment import RandomFlip
from skconv.layers import DenseLayer, InputLayer, NormalizationLayer

rng = np.random.default_rng(0)
X = (rng.normal(size=(60, 3)) * [1, 100, 0] + [0, 5000, 7]).astype(np.float32)
numbers = 4000 + 50 * X[:, 0] + rng.normal(size=60)
LAYERS = [("input", InputLayer), ("norm", NormalizationLayer), ("output", DenseLayer)]


def net(layers=LAYERS, **given):
    given = {"regression": True, "train_split": None, "random_state": 0, "max_epochs": 3} | given
    return NeuralNet(layers, **given)


def test_losses_are_in_standardized_units_and_scores_in_those_of_y():
    seen = {}

    def custom(true, predicted):
        seen["custom"] = true
        return np.abs(true - predicted).mean()

    score = [("mae", lambda predictions, targets: jnp.abs(predictions - targets))]
    fitted = net(
        normalize_y=True, max_epochs=1, scores_valid=score, custom_scores=[("by_hand", custom)]
    )
    fitted.fit(X[:40], numbers[:40], X_val=X[40:], y_val=numbers[40:])
    row, error = fitted.train_history_[0], numbers[40:] - fitted.predict(X[40:])
    np.testing.assert_allclose(row["mae"], np.abs(error).mean(), rtol=1e-4)
    np.testing.assert_allclose(row["by_hand"], row["mae"], rtol=1e-4)
    np.testing.assert_allclose(seen["custom"][:, 0], numbers[40:], rtol=1e-6)
    scaled = error / numbers[:40].std()
    np.testing.assert_allclose(row["valid_loss"], np.square(scaled).mean(), rtol=1e-4)


def test_transforms_see_targets_in_the_units_of_y():
    """Keypoints are mirrored about the middle of the image, wherever they lie on average."""
    images = rng.normal(size=(30, 1, 6, 6)).astype(np.float32)
    points = rng.uniform(3, 5, size=(30, 2))
    seen = []

    def record(predictions, targets):
        return (targets[:, 0] > 2.5).astype(jnp.float32)

    flip = RandomFlip(p=1.0, target="keypoints")
    fitted = net(normalize_y=True, augment=flip, scores_train=[("right", record)], max_epochs=1)
    fitted.fit(images, points)
    seen = [row["right"] for row in fitted.train_history_]
    assert seen == [0.0]  # x from 3 to 5 becomes x from 0 to 2
