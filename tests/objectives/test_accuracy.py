import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.metrics import top_k_accuracy_score

from skconv.objectives import binary_accuracy, categorical_accuracy

from .cases import CLASSES, LABELS, P, Q, one_hot


def test_the_binary_accuracy_compares_sides_of_the_threshold():
    found = binary_accuracy(jnp.asarray(Q, jnp.float32), jnp.asarray(LABELS))
    np.testing.assert_array_equal(found, (Q >= 0.5) == LABELS)
    scores = jnp.asarray([[0.2, 0.3, 0.4]])
    np.testing.assert_array_equal(
        binary_accuracy(scores, jnp.asarray([[1.0, 1.0, 0.0]]), threshold=0.3), [[0, 1, 0]]
    )


@pytest.mark.parametrize("top_k", [1, 2, 3])
def test_the_categorical_accuracy_is_that_of_scikit_learn(top_k):
    p = jnp.asarray(P, jnp.float32)
    found = categorical_accuracy(p, jnp.asarray(CLASSES), top_k)
    assert found.shape == (20,)
    expected = top_k_accuracy_score(CLASSES, P, k=top_k, labels=range(4))
    assert float(found.mean()) == pytest.approx(expected)
    rows = categorical_accuracy(p, jnp.asarray(one_hot(CLASSES)), top_k)
    np.testing.assert_array_equal(rows, found)


@pytest.mark.parametrize("top_k", [0, 5])
def test_no_more_classes_than_there_are(top_k):
    message = rf"^top_k must be an integer from 1 to the number of classes \(4\), got {top_k}$"
    with pytest.raises(ValueError, match=message):
        categorical_accuracy(jnp.asarray(P, jnp.float32), jnp.asarray(CLASSES), top_k)
