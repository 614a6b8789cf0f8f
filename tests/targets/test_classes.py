import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import LabelEncoder

from skconv.nonlinearities import sigmoid, softmax
from skconv.objectives import binary_crossentropy, categorical_crossentropy
from skconv.targets.accuracies import label_accuracy
from skconv.targets.inference import infer


def raises(message, kind=ValueError):
    return pytest.raises(kind, match=re.escape(message))


def one_hot(index, units):
    return np.eye(units, dtype=np.float32)[index]


LABELS = [
    [1, 2, 1, 2],
    ["no", "yes", "no"],
    [True, False, True],
    [0.0, 3.0, 7.0, 3.0],
    np.array([5, 0, 255], np.uint8),
    np.array(["b", "a", "b"], object),
    pd.Series([3, 1, 2]),
    pd.Series(["x", "y", "x"], dtype="category"),
]


@pytest.mark.parametrize("y", LABELS, ids=lambda y: type(y).__name__)
def test_labels_of_any_kind_are_coded_as_scikit_learn_does_and_come_back(y):
    targets, reference = infer(y, regression=False), LabelEncoder().fit(np.asarray(y))
    encoded = targets.encode(y)
    assert encoded.dtype == np.int32
    assert targets.num_units == len(reference.classes_)
    np.testing.assert_array_equal(targets.classes, reference.classes_)
    np.testing.assert_array_equal(encoded, reference.transform(np.asarray(y)))
    np.testing.assert_array_equal(targets.decode(one_hot(encoded, targets.num_units)), y)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(-5, 5), min_size=2, max_size=20).filter(lambda y: len(set(y)) > 1))
def test_integer_labels_always_come_back(y):
    targets = infer(y, regression=False)
    output = one_hot(targets.encode(y), targets.num_units)
    assert targets.decode(output).tolist() == y


def test_the_classes_may_be_given_where_y_holds_only_some():
    targets = infer(["b", "b"], regression=False, classes=["c", "a", "b"])
    assert targets.classes.tolist() == ["a", "b", "c"]
    assert targets.encode(["b", "b"]).tolist() == [1, 1]


def test_two_classes_may_have_one_unit():
    targets = infer(["no", "yes"], regression=False).match((None, 1))
    assert (targets.loss, targets.nonlinearity) == (binary_crossentropy, sigmoid)
    encoded = targets.encode(["yes", "no"])
    assert encoded.dtype == np.float32
    assert encoded.tolist() == [[1.0], [0.0]]
    output = np.array([[0.9], [0.2]], np.float32)
    np.testing.assert_allclose(targets.by_class(output), [[0.1, 0.9], [0.8, 0.2]], rtol=1e-6)
    assert targets.decode(output).tolist() == ["yes", "no"]
    assert targets.accuracy is label_accuracy


def test_classes_agree_with_as_many_units():
    targets = infer([0, 1, 2], regression=False)
    assert targets.match((None, 3)) is targets
    assert (targets.loss, targets.nonlinearity) == (categorical_crossentropy, softmax)


@pytest.mark.parametrize("growing", [False, True])
def test_counted_classes_may_have_more_units_where_they_are_not_exact(growing):
    targets = infer([0, 2, 3], regression=False, exact=False, growing=growing).match((None, 5))
    assert targets.classes.tolist() == ([0, 1, 2, 3, 4] if growing else [0, 2, 3])
    assert targets.num_units == 5
    assert targets.match((None, 5)) is targets
    assert targets.encode([0, 3.0, 4]).tolist() == [0, 3, 4]
    with raises("y contains previously unseen labels: [-1, 5]; known labels: [0, 1, 2, 3, 4]"):
        targets.encode([5, -1])


def test_probabilities_are_those_among_the_classes():
    targets = infer([0, 2, 3], regression=False, exact=False).match((None, 5))
    output = np.array([[0.1, 0.5, 0.2, 0.1, 0.1], [0, 0.5, 0, 0, 0.5]], np.float32)
    expected = [[0.25, 0.5, 0.25], [1 / 3, 1 / 3, 1 / 3]]
    np.testing.assert_allclose(targets.by_class(output), expected, rtol=1e-6)
    assert targets.decode(output).tolist() == [2, 0]
    logits = np.log(output[:1])
    found = targets.log_probabilities(logits, softmax)
    np.testing.assert_allclose(np.exp(found), expected[:1], rtol=1e-6)
    weights = targets.row_weights(np.array([0, 0, 4], np.int32), dict(enumerate([1.0] * 4 + [3.0])))
    assert weights.tolist() == [1, 1, 3]


def test_scores_of_further_units_are_left_out():
    targets = infer([0, 2, 3], regression=False, exact=False).match((None, 5)).with_scores(True)
    output = np.array([[-0.1, 0.5, 0.2, -3, 1], [0, 0.5, 0, -1, 0.5]])
    np.testing.assert_array_equal(targets.by_class(output), output[:, [0, 2, 3]])
    assert targets.decode(output).tolist() == [2, 0]


def test_an_ignored_label_is_no_class_that_may_come():
    given = {"regression": False, "exact": False, "growing": True}
    targets = infer([0, 2, 3, 2], ignored=3, **given).match((None, 5))
    assert targets.classes.tolist() == [0, 1, 2, 4]
    assert targets.encode([4, 3, 1]).tolist() == [4, -1, 1]


def test_deviations_are_those_of_the_probabilities_among_the_classes():
    targets = infer([0, 2, 3], regression=False, exact=False).match((None, 5))
    output = np.array([[0.1, 0.5, 0.2, 0.1, 0.1], [0, 0.5, 0, 0, 0.5]])
    deviation = np.arange(10.0).reshape(2, 5)
    found = targets.spread_by_class(deviation, output)
    np.testing.assert_allclose(found, [[0 / 0.4, 2 / 0.4, 3 / 0.4], [5, 7, 8]])
    scores = targets.with_scores(True).spread_by_class(deviation, output)
    np.testing.assert_array_equal(scores, [[0, 2, 3], [5, 7, 8]])
    two = infer([0, 1], regression=False).match((None, 1))
    np.testing.assert_array_equal(two.spread_by_class(deviation[:, 1:2], None), [[1, 1], [6, 6]])


def test_classes_grow_by_labels_that_have_a_unit():
    exact = infer([0, 2, 3], regression=False).match((None, 3))
    assert exact.extended([1, 2]) is exact
    targets = infer([0, 2, 3], regression=False, exact=False).match((None, 5))
    assert targets.extended([3, 0]) is targets
    assert targets.extended([4, 2, 9]).classes.tolist() == [0, 2, 3, 4]


@pytest.mark.parametrize(
    ("y", "exact", "shape"),
    [
        ([0, 1, 2], True, (None, 5)),
        ([0, 1, 2], True, (None, 2)),
        ([0, 1, 2], True, (None, 1)),
        ([-1, 1, 2], False, (None, 5)),
        ([0, 1, 5], False, (None, 5)),
        (["a", "b", "c"], False, (None, 5)),
    ],
)
def test_classes_refuse_another_output(y, exact, shape):
    with raises(f"the output has shape {shape}, but y has 3 classes"):
        infer(y, regression=False, exact=exact).match(shape)


def test_new_labels_are_refused():
    with raises("y contains previously unseen labels: [3, 7]; known labels: [1, 2]"):
        infer([1, 2], regression=False).encode([7, 1, 3])


def test_only_some_of_many_labels_are_listed():
    with raises(f"unseen labels: {list(range(2, 22))} and 78 more; known labels: [0, 1]"):
        infer([0, 1], regression=False).encode(np.arange(100))
