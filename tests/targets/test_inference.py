import re
import warnings

import numpy as np
import pytest

from skconv.targets.inference import from_output, infer
from skconv.targets.labels import Labels


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
        (np.zeros((2, 2, 2), int), False, "y must contain at least 2 classes, got 1 class: [0]"),
        (np.full((2, 2, 2), 0.5), False, "y must hold labels, got 0.5 (Unknown label type: cont"),
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
        infer(y, regression=regression, classes=classes).match((None, 3))


def test_several_columns_of_classes_need_an_output_with_positions():
    targets = infer([[0, 1], [2, 3]], regression=False)
    with raises("y must have one column of classes, got several; name an output layer for each"):
        targets.match((None, 4))
    assert targets.match((None, 4, 2)).classes.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("shape", "axis", "positions"),
    [((None, 2), 1, None), ((None, 2, 3), 1, (3,)), ((None, 3, 2), -1, (3,))],
)
def test_indicators_are_classes_if_the_output_has_positions(shape, axis, positions):
    y = np.array([[0, 1], [1, 0]] if positions is None else [[0, 1, 1], [1, 0, 1]])
    targets = infer(y, regression=False).match(shape, axis)
    if positions is None:
        assert isinstance(targets, Labels)
    else:
        assert (targets.positions, targets.axis, targets.classes.tolist()) == (
            positions,
            axis,
            [0, 1],
        )
        assert targets.encode(y).dtype == np.int32


@pytest.mark.parametrize(
    "y",
    [
        np.array([[[0, 255], [255, 0]]] * 2, np.uint8),
        np.array([[[True, False], [True, True]]] * 2),
        np.array([[[1.0, 3.0], [3.0, 3.0]]] * 2),
        [[["a", "b"], ["b", "b"]]] * 2,
        np.array([[["a", "b"], ["b", "b"]]] * 2, object),
    ],
)
def test_a_label_of_any_type_for_each_pixel(y):
    targets = infer(y, regression=False).match((None, 2, 2, 2))
    encoded = targets.encode(y)
    output = np.moveaxis(np.eye(2, dtype=np.float32)[encoded], -1, 1)
    np.testing.assert_array_equal(targets.decode(output), y)
    assert targets.decode(output).dtype == np.unique(y).dtype


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
