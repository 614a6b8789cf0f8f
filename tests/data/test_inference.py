import re
import warnings

import numpy as np
import pytest

from skconv.data.inference import from_output, infer


def raises(message):
    return pytest.raises(ValueError, match=re.escape(message))


def test_a_first_part_of_the_data_with_one_class_asks_for_all():
    with raises("y must contain at least 2 classes, got 1 class: [1]; pass all labels as classes"):
        infer([1, 1], regression=False, growing=True)


@pytest.mark.parametrize(
    ("y", "regression", "message"),
    [
        ([1, 1], False, "y must contain at least 2 classes, got 1 class: [1]"),
        ([0.0, np.nan], False, "Input y contains NaN."),
        ([0.5, 0.7], False, "Unknown label type: continuous"),
        ([[0, 1], [2, 3]], False, "y must have one column of classes, got several; name an out"),
        (np.zeros((2, 2, 2), int), False, "Found array with dim 3"),
        ([0.0, np.nan], True, "Input y contains NaN."),
        ([0.0, np.inf], True, "Input y contains infinity"),
        ([0.0, 1e300], True, "Input y contains infinity or a value too large for dtype('float32')"),
        (["a", "b"], True, "y must hold numbers, got 'a'; use regression=False"),
    ],
)
def test_targets_that_cannot_be_are_refused(y, regression, message):
    with raises(message):
        infer(y, regression=regression)


@pytest.mark.parametrize(
    ("y", "regression", "classes", "message"),
    [
        ([0.5, 0.7], True, [0, 1], "classes must be None for regression, which has none"),
        (
            [[0, 1, 1], [1, 0, 1]],
            False,
            ["a", "b", "c"],
            "classes must be the indices 0, ..., 2 of the labels, because y has 3 columns of "
            "indicators, got ['a', 'b', 'c']",
        ),
    ],
)
def test_classes_must_suit_the_kind_of_y(y, regression, classes, message):
    with raises(message):
        infer(y, regression=regression, classes=classes)


def test_given_classes_may_hardly_repeat_in_y():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert infer(np.arange(30), regression=False, classes=range(40)).num_units == 40


def test_a_column_of_labels_warns_as_in_scikit_learn():
    with pytest.warns(UserWarning, match="A column-vector y was passed"):
        targets = infer([[1], [2]], regression=False)
    assert targets.classes.tolist() == [1, 2]


def test_a_network_that_saw_no_targets_counts_its_units():
    assert from_output((None, 4), regression=False).classes.tolist() == [0, 1, 2, 3]
    single = from_output((None, 1), regression=False)
    assert single.decode(np.array([[0.2], [0.9]])).tolist() == [0, 1]
    numbers = from_output((None, 2, 3), regression=True)
    assert numbers.decode(np.zeros((5, 2, 3), np.float32)).shape == (5, 2, 3)
    assert numbers.decode(np.zeros((5, 2, 3), np.float32)).dtype == np.float32
