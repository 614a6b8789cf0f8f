import re

import numpy as np
import pytest

from skconv.targets.distributions import OneHot, SoftClasses, are_distributions
from skconv.targets.inference import infer

SOFT = np.array([[0.7, 0.2, 0.1], [0.0, 1.0, 0.0], [0.25, 0.25, 0.5]])


def raises(message):
    return pytest.raises(ValueError, match=re.escape(message))


def test_rows_of_probabilities_are_classes():
    target = infer(SOFT, regression=False)
    assert isinstance(target, SoftClasses)
    assert target.classes.tolist() == [0, 1, 2]
    encoded = target.match((None, 3)).encode(SOFT)
    assert encoded.dtype == np.float32
    np.testing.assert_allclose(encoded, SOFT, rtol=1e-6)
    assert target.indices(encoded).tolist() == [0, 1, 2]
    assert target.decode(encoded).tolist() == [0, 1, 2]
    np.testing.assert_array_equal(target.encode([2, 0]), [[0, 0, 1], [1, 0, 0]])
    named = infer(SOFT, regression=False, classes=["x", "y", "z"])
    assert named.decode(encoded).tolist() == ["x", "y", "z"]
    assert named.labels(SOFT).tolist() == ["x", "y", "z"]


def test_a_row_with_an_ignored_probability_is_ignored():
    y = np.where(np.arange(3)[:, None] == 1, [np.nan, 1.0, 0.0], SOFT)
    target = infer(y, regression=False, ignored=np.nan)
    encoded = target.encode(y)
    assert np.isnan(encoded).all(axis=1).tolist() == [False, True, False]
    assert target.indices(encoded).tolist() == [0, -1, 2]


@pytest.mark.parametrize(
    "y",
    [np.eye(3), SOFT * 1.01, SOFT - 0.1, SOFT[:, :1], SOFT[:, 0], SOFT[None], np.eye(2)],
)
def test_other_rows_are_not_distributions(y):
    assert not are_distributions(y)


def test_floats_that_do_not_sum_to_one_are_refused():
    with raises("y must hold labels, got 0.35 (Unknown label type: continuous-multioutput); use"):
        infer(SOFT / 2, regression=False)
    with raises("classes must be 3 labels, one for each column of probabilities in y, got [0, 1]"):
        infer(SOFT, regression=False, classes=[0, 1])
    target = infer(SOFT, regression=False)
    with raises("the output must have shape (None, 3) for rows of 3 class probabilities, got"):
        target.match((None, 1))
    with raises("y must hold rows of 3 class probabilities that sum to one"):
        target.encode(SOFT / 2)
    with raises("class_weight requires one label per row, but y has class probabilities"):
        target.row_weights(SOFT, "balanced")


def test_one_hot_classes_come_back_as_they_were_given():
    target = OneHot(3)
    assert target.encode(np.eye(3)).tolist() == np.eye(3).tolist()
    assert target.decode(SOFT).tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    assert target.with_scores(True) is target
