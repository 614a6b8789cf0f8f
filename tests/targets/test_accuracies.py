import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.metrics import accuracy_score

from skconv.objectives import categorical_accuracy
from skconv.targets.accuracies import label_accuracy, score_accuracy, unit_accuracy


def one_hot(index, units):
    return np.eye(units, dtype=np.float32)[index]


def test_accuracies_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    p, y = rng.random((30, 3), np.float32), rng.integers(0, 3, 30)
    found = categorical_accuracy(jnp.asarray(p), jnp.asarray(y))
    assert float(found.mean()) == pytest.approx(accuracy_score(y, p.argmax(1)))
    np.testing.assert_array_equal(categorical_accuracy(p, jnp.asarray(one_hot(y, 3))), found)
    labels = rng.integers(0, 2, (30, 3)).astype(np.float32)
    found = label_accuracy(jnp.asarray(p), jnp.asarray(labels))
    assert float(found.mean()) == pytest.approx(accuracy_score(labels, p > 0.5))


def test_targets_of_scores_and_single_units():
    scores, labels = jnp.array([[0.2, -0.3], [0.2, 0.3]]), jnp.array([[1.0, 0.0], [1.0, jnp.nan]])
    assert score_accuracy(scores, labels).tolist() == [1, 1]
    assert label_accuracy(scores, labels).tolist() == [0, 0]
    assert unit_accuracy(jnp.array([[0.2, 0.7]]), jnp.array([[1.0, 1.0]])).tolist() == [[0, 1]]
