import re

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_sample_weight

from skconv.targets.classes import Classes
from skconv.targets.inference import infer
from skconv.targets.labels import Labels
from skconv.targets.numbers import Numbers


def raises(message, kind=ValueError):
    return pytest.raises(kind, match=re.escape(message))


@pytest.mark.parametrize("class_weight", ["balanced", {0: 2.0, 1: 1.0, 5: 0.5}, {5: 3.0}, None])
def test_row_weights_are_those_of_scikit_learn(class_weight):
    y = np.array([0, 0, 0, 1, 5])
    targets = infer(y, regression=False)
    found = targets.row_weights(targets.encode(y), class_weight)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, compute_sample_weight(class_weight, y), rtol=1e-6)


def test_row_weights_of_a_single_unit_are_those_of_scikit_learn():
    y = np.array(["a", "a", "b"])
    targets = infer(y, regression=False).match((None, 1))
    found = targets.row_weights(targets.encode(y), "balanced")
    np.testing.assert_allclose(found, compute_sample_weight("balanced", y), rtol=1e-6)


@pytest.mark.parametrize("class_weight", ["balanced", {0: 2.0, 2: 3.0}])
def test_row_weights_get_by_without_some_classes(class_weight):
    index = np.array([0, 0, 1], np.int32)
    found = Classes(np.arange(3)).row_weights(index, class_weight)
    expected = [0.75, 0.75, 1.5] if class_weight == "balanced" else [2, 2, 1]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("targets", "class_weight", "message"),
    [
        (Classes(np.arange(2)), {7: 1.0}, "class_weight must have labels of y as keys, got [7]"),
        (
            Classes(np.array(["no", "yes"])),
            {"no": 1.0, "Yes": 5.0, 1: 2.0},
            "class_weight must have labels of y as keys, got ['Yes', 1]; "
            "labels without a weight: ['yes']",
        ),
        (
            Classes(np.arange(3)),
            {0: 0, 1: 0.0},
            "class_weight must give some training sample a positive weight, got {0: 0, 1: 0.0}",
        ),
        (Labels(2), "balanced", "class_weight requires one label per row, but y has several"),
        (Numbers(()), "balanced", "class_weight must be None for regression; use sample_weight"),
    ],
)
def test_class_weights_without_their_classes_are_refused(targets, class_weight, message):
    with raises(message):
        targets.row_weights(np.array([0, 1]), class_weight)


def test_weights_of_labels_that_y_lacks_warn():
    targets, y = Classes(np.arange(2)), np.array([0, 1])
    with pytest.warns(UserWarning, match=r"weights for labels that y lacks: \[7\]$"):
        weights = targets.row_weights(y, {0: 1.0, 1: 3.0, 7: 1.0})
    np.testing.assert_array_equal(weights, [1.0, 3.0])
