import re
import warnings

import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.metrics import accuracy_score
from sklearn.preprocessing import LabelEncoder
from sklearn.utils.class_weight import compute_sample_weight

from skconv.data.inference import infer
from skconv.data.targets import Classes, Labels, Numbers, label_accuracy
from skconv.nonlinearities import linear, sigmoid, softmax
from skconv.objectives import (
    binary_crossentropy,
    categorical_accuracy,
    categorical_crossentropy,
    squared_error,
)


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


def test_classes_grow_by_labels_that_have_a_unit():
    exact = infer([0, 2, 3], regression=False).match((None, 3))
    assert exact.extended([1, 2]) is exact
    targets = infer([0, 2, 3], regression=False, exact=False).match((None, 5))
    assert targets.extended([3, 0]) is targets
    assert targets.extended([4, 2, 9]).classes.tolist() == [0, 2, 3, 4]


@pytest.mark.parametrize(
    ("targets", "nonlinearity", "logits", "expected"),
    [
        (Classes(np.arange(3)), softmax, [[0, -800, 1000]], [[-1000, -1800, 0]]),
        (Classes(np.arange(2), single=True), sigmoid, [[-900], [0]], [[0, -900], [-np.log(2)] * 2]),
        (Labels(2), sigmoid, [[900, -900]], [[0, -900]]),
    ],
)
def test_logarithms_of_probabilities_do_not_underflow(targets, nonlinearity, logits, expected):
    found = targets.log_probabilities(np.array(logits, np.float32), nonlinearity)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, np.float32(expected), rtol=1e-6)


def test_logarithms_of_an_output_may_be_infinite():
    output = np.array([[0.0, 0.25]], np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = Labels(2).log_probabilities(output, None)
        single = Classes(np.arange(2), single=True).log_probabilities(output[:, 1:], None)
    np.testing.assert_allclose(found, [[-np.inf, np.log(0.25)]], rtol=1e-6)
    np.testing.assert_allclose(single, np.log([[0.75, 0.25]]), rtol=1e-6)


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


def test_indicators_are_labels():
    y = [[0, 1, 1], [1, 0, 1]]
    targets = infer(y, regression=False)
    assert targets == Labels(3)
    assert (targets.loss, targets.nonlinearity) == (binary_crossentropy, sigmoid)
    assert targets.classes.tolist() == [0, 1, 2]
    assert targets.match((None, 3)) is targets
    assert targets.encode(y).dtype == np.float32
    np.testing.assert_array_equal(targets.encode(y), y)
    output = np.array([[0.2, 0.5, 0.7]])
    assert targets.by_class(output) is output
    assert targets.decode(output).tolist() == [[0, 0, 1]]


@pytest.mark.parametrize("kind", [sparse.csr_matrix, sparse.csr_array, sparse.lil_matrix])
def test_indicators_may_be_sparse(kind):
    y = np.array([[0, 1, 1], [1, 0, 1]])
    targets = infer(kind(y), regression=False)
    np.testing.assert_array_equal(targets.encode(kind(y)), y)


def test_labels_refuse_another_number_of_columns():
    with raises("the output has shape (None, 2), but y has 3 labels per row"):
        Labels(3).match((None, 2))
    with raises("y must have 3 labels per row, got 2"):
        Labels(3).encode([[0, 1]])


@pytest.mark.parametrize("shape", [(4,), (4, 1), (4, 2), (4, 2, 3)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_numbers_keep_their_shape_and_floating_type(shape, dtype):
    y = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    targets = infer(y, regression=True)
    assert (targets.loss, targets.nonlinearity) == (squared_error, linear)
    units = int(np.prod(shape[1:]))
    matched = targets.match((None, units))
    assert (targets.num_units, matched.output_shape) == (units, (units,))
    encoded = matched.encode(y)
    assert (encoded.shape, encoded.dtype) == ((4, units), np.float32)
    decoded = matched.decode(encoded)
    assert decoded.dtype == (dtype if dtype is np.float32 else np.float64)
    np.testing.assert_array_equal(decoded, y)


def test_numbers_take_the_shape_of_the_output():
    matched = infer(np.zeros((5, 6)), regression=True).match((None, 1, 2, 3))
    assert matched.encode(np.zeros((5, 6))).shape == (5, 1, 2, 3)
    assert matched.decode(np.zeros((5, 1, 2, 3), np.float32)).shape == (5, 6)


def test_numbers_refuse_another_shape():
    targets = infer(np.zeros((5, 2)), regression=True)
    with raises("the output has shape (None, 3), but y has rows of shape (2,)"):
        targets.match((None, 3))
    with raises("y must have rows of shape (2,), got (3,)"):
        targets.encode(np.zeros((5, 3)))


def test_numbers_as_text_are_read():
    assert Numbers((), output_shape=(1,)).encode(["1.5", "2"]).tolist() == [[1.5], [2.0]]


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


def test_accuracies_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    p, y = rng.random((30, 3), np.float32), rng.integers(0, 3, 30)
    found = categorical_accuracy(jnp.asarray(p), jnp.asarray(y))
    assert float(found.mean()) == pytest.approx(accuracy_score(y, p.argmax(1)))
    np.testing.assert_array_equal(categorical_accuracy(p, jnp.asarray(one_hot(y, 3))), found)
    labels = rng.integers(0, 2, (30, 3)).astype(np.float32)
    found = label_accuracy(jnp.asarray(p), jnp.asarray(labels))
    assert float(found.mean()) == pytest.approx(accuracy_score(labels, p > 0.5))
