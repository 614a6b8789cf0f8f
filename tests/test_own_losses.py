"""Losses of the user's own, for outputs that are not as wide as y."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV, KFold, cross_val_predict, cross_val_score

from skconv import NeuralNetRegressor
from skconv.layers import DenseLayer, InputLayer
from skconv.model_selection import BatchedGridSearchCV
from skconv.updates import adam

RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 3)).astype(np.float32)
NUMBERS = X[:, 0] * RNG.choice([-2.0, 2.0], size=90)
LABELS = np.digitize(X[:, 0], [-0.5, 0.5])


def mixture(output, y):
    """Return the negative log likelihood of two normal distributions."""
    logits, means, log_stds = jnp.split(output, 3, axis=1)
    z = (y[:, None] - means) / jnp.exp(log_stds)
    log_densities = -0.5 * (z**2 + jnp.log(2 * jnp.pi)) - log_stds
    return -jax.nn.logsumexp(jax.nn.log_softmax(logits) + log_densities, axis=1)


def triplet(embeddings, labels, weights, margin=1.0):
    """Return the loss of the hardest triplet of each row, among rows that are not padding."""
    squares = ((embeddings[:, None] - embeddings[None]) ** 2).sum(axis=-1)
    distances = jnp.sqrt(squares + 1e-6)
    same = labels[:, None] == labels[None]
    farthest = jnp.where(same & (weights > 0), distances, 0.0).max(axis=1)
    nearest = jnp.where(~same & (weights > 0), distances, jnp.inf).min(axis=1)
    return jnp.maximum(farthest - nearest + margin, 0.0)


make_net = partial(
    NeuralNetRegressor,
    layers=[("input", InputLayer), ("hidden", DenseLayer), ("output", DenseLayer)],
    hidden_num_units=16,
    output_num_units=6,
    update=adam,
    update_learning_rate=0.01,
    batch_iterator_train=64,
    max_epochs=20,
    train_split=None,
    random_state=0,
)
EACH = pytest.mark.parametrize(
    ("loss", "y"), [(mixture, NUMBERS), (triplet, LABELS)], ids=["mixture", "triplet"]
)


@EACH
def test_they_train_and_are_searched(loss, y):
    net, folds = make_net(objective_loss_function=loss), KFold(3)
    before = net.set_params(update_learning_rate=0.0).fit(X, y).score(X, y)
    fitted = net.set_params(update_learning_rate=0.01).fit(X, y)
    np.testing.assert_array_equal(fitted.predict(X), fitted.get_output("output", X))
    assert fitted.score(X, y) > before + 0.2
    assert cross_val_predict(net, X, y, cv=folds).shape == (90, 6)
    grid = {"update_learning_rate": [0.0, 0.01]}
    search = GridSearchCV(net, grid, cv=folds).fit(X, y)
    assert search.best_params_ == {"update_learning_rate": 0.01}
    scores = search.cv_results_["mean_test_score"]
    assert scores[1] == pytest.approx(np.mean(cross_val_score(net, X, y, cv=folds)), rel=1e-6)
    batched = BatchedGridSearchCV(net, grid, cv=folds).fit(X, y)
    np.testing.assert_allclose(batched.cv_results_["mean_test_score"], scores, rtol=1e-3)
