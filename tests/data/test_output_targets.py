import re

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse

from skconv.data.inference import infer
from skconv.data.output_targets import (
    Outputs,
    as_tuple,
    by_output,
    guess_outputs,
    infer_outputs,
    regression_by_output,
    unwrap_single,
)
from skconv.data.target_forms import split_targets
from skconv.data.targets import Numbers
from skconv.nonlinearities import softmax

NAMES = ("digit", "parity", "size")
DIGIT, PARITY, SIZE = [3, 8, 5, 3], ["odd", "even", "odd", "odd"], [0.5, 1.5, 2.5, 3.5]
BY_NAME = {"size": SIZE, "digit": DIGIT, "parity": PARITY}
ROWS = [list(row) for row in zip(DIGIT, PARITY, SIZE, strict=True)]


OTHERS = (
    "y must be a dict of arrays, a list of 3 arrays or an array with 3 columns for the outputs "
    "digit, parity, size, got "
)


def raises(message):
    return pytest.raises(ValueError, match=f"^{re.escape(message)}")


def inferred(y=BY_NAME, **kwargs):
    return infer_outputs(y, NAMES, regression=(False, False, True), **kwargs)


@pytest.mark.parametrize(
    "y",
    [
        BY_NAME,
        pd.DataFrame(BY_NAME),
        pl.DataFrame(BY_NAME),
        (DIGIT, PARITY, SIZE),
        [np.array(DIGIT), pd.Series(PARITY), SIZE],
        ROWS,
        np.array(ROWS, dtype=object),
    ],
    ids=lambda y: type(y).__name__,
)
def test_every_form_of_y_gives_each_output_its_targets(y):
    digit, parity, size = split_targets(y, NAMES)
    assert (list(digit), list(parity), list(size)) == (DIGIT, PARITY, SIZE)
    assert [t.tolist() for t in inferred(y).classes[:2]] == [[3, 5, 8], ["even", "odd"]]


@pytest.mark.parametrize(
    ("y", "names", "message"),
    [
        (BY_NAME, (None,), "y must be an array for a net with a single output, got a dict of 's"),
        (
            {"digit": DIGIT, "parity": PARITY, "sise": SIZE},
            NAMES,
            "2 problems:\n"
            " - y must have names of outputs as keys, got 'sise'. Did you mean 'size'?\n"
            " - y must have targets for the output 'size'",
        ),
        (pd.DataFrame({"digit": DIGIT, "size": SIZE}), NAMES, "y must have targets for the output"),
        (np.array(DIGIT), NAMES, f"{OTHERS}shape (4,)"),
        (np.zeros((4, 2)), NAMES, f"{OTHERS}shape (4, 2)"),
        ((DIGIT, PARITY), NAMES, f"{OTHERS}2 entries"),
        (sparse.eye_array(3).tocsr(), NAMES, f"{OTHERS}shape (3, 3)"),
        (
            {"digit": [1, 1], "parity": PARITY, "size": [0.0, np.nan]},
            NAMES,
            "2 problems:\n - output 'digit': y must contain at least 2 classes, got 1 class: [1]"
            "\n - output 'size': Input y contains NaN. Set ignore_label=numpy.nan",
        ),
    ],
)
def test_targets_that_do_not_fit_the_outputs(y, names, message):
    with raises(message):
        infer_outputs(y, names, regression=(False, False, True)[: len(names)])


def test_targets_are_coded_and_answers_come_back_in_the_order_of_the_outputs():
    outputs = inferred().match([(None, 3), (None, 1), (None, 1)])
    digit, parity, size = outputs.encode(BY_NAME)
    assert (digit.dtype, parity.dtype, size.dtype) == (np.int32, np.float32, np.float32)
    assert digit.tolist() == [0, 2, 1, 0]
    assert parity.ravel().tolist() == [1, 0, 1, 1]
    out = np.eye(3, dtype=np.float32)[digit], parity, size
    for found, given in zip(outputs.decode(out), (DIGIT, PARITY, SIZE), strict=True):
        assert found.tolist() == given
    p = outputs.probabilities(out)
    assert p[0] is out[0]
    np.testing.assert_array_equal(p[1], np.hstack([1 - parity, parity]))
    assert p[2] is None


def test_a_single_output_answers_with_arrays():
    one = infer_outputs(DIGIT, (None,), regression=(False,)).match([(None, 3)])
    alone = infer(DIGIT, regression=False)
    np.testing.assert_array_equal(one.classes, alone.classes)
    np.testing.assert_array_equal(one.encode(DIGIT), alone.encode(DIGIT))
    np.testing.assert_array_equal(one.decode(np.eye(3)), alone.decode(np.eye(3)))
    np.testing.assert_array_equal(one.probabilities(np.eye(3)), np.eye(3))
    assert one.row_weights(one.encode(DIGIT), {3: 2.0, 5: 1.0, 8: 1.0}).tolist() == [2, 1, 1, 2]
    assert infer_outputs(SIZE, (None,), regression=(True,)).classes is None


def test_classes_may_be_given_by_output():
    y = {**BY_NAME, "digit": [3] * 4}
    known = {"digit": range(10)}
    assert inferred(y, classes=known).classes[0].tolist() == list(range(10))
    assert inferred(y, classes=[range(5), None, None]).classes[0].tolist() == list(range(5))
    with raises("classes must have names of outputs as keys, got 'digt'. Did you mean 'digit'?"):
        inferred(classes={"digt": range(10)})


def test_shapes_that_do_not_fit_name_the_output():
    with raises("output 'digit': the output has shape (None, 4), but y has 3 classes"):
        inferred().match([(None, 4), (None, 2), (None, 1)])


def test_classes_have_no_weights_where_there_are_several_outputs():
    outputs = inferred().match([(None, 3), (None, 2), (None, 1)])
    message = "class_weight requires a single output, got digit, parity, size; use sample_w"
    with raises(message):
        outputs.row_weights(outputs.encode(BY_NAME), "balanced")


def test_a_network_that_saw_no_targets_counts_its_units():
    outputs = guess_outputs([(None, 3), (None, 2)], ("a", "b"), regression=(False, True))
    assert outputs.classes[0].tolist() == [0, 1, 2]
    assert outputs.targets[1] == Numbers((2,), np.float32, (2,))
    assert isinstance(outputs, Outputs)


@pytest.mark.parametrize(
    ("value", "found"),
    [(5, (5, 5)), ([1, 2], (1, 2)), ((1, 2), (1, 2)), ({"b": 2}, (0, 2)), ({}, (0, 0))],
)
def test_values_by_output(value, found):
    assert by_output("loss", value, ["a", "b"], 0) == found


@pytest.mark.parametrize(
    ("value", "names", "message"),
    [
        (
            {"digt": 1},
            ["digit"],
            "x must have names of outputs as keys, got 'digt'. Did you mean",
        ),
        ({"digit": 1}, [None], "x must have names of outputs as keys, got 'digit'."),
        ([1], ["a", "b"], "x must have an entry for each of the 2 outputs, got 1"),
    ],
)
def test_values_without_an_output(value, names, message):
    with raises(message):
        by_output("x", value, names, 0)


@pytest.mark.parametrize(
    ("regression", "outputs", "found"),
    [
        (False, None, (False,)),
        (1, "age", (True,)),
        (True, ["a", "b"], (True, True)),
        ({"b": True, "c": True}, ["a", "b"], (False, True)),
        ([True], ["a", "b"], (True, False)),
        ([True, False, True], ["a", "b"], (True, False)),
        (False, 5, (False,)),
    ],
)
def test_kinds_are_told_of_parameters_that_may_be_wrong(regression, outputs, found):
    assert regression_by_output(regression, outputs) == found


@pytest.mark.parametrize("values", [(1,), (1, 2), ("ab",)])
def test_one_value_stands_alone(values):
    assert as_tuple(unwrap_single(values)) == values
    assert unwrap_single((1,)) == 1
    assert unwrap_single([1, 2]) == (1, 2)


def test_known_classes_may_be_given_again_but_not_changed():
    y = {"digit": DIGIT, "parity": PARITY, "size": SIZE}
    outputs = inferred(y)
    outputs.check_classes({"parity": ["odd", "even", "odd"]})
    outputs.check_classes([None, ["even", "odd"], None])
    message = (
        r"^2 problems:\n - output 'digit': classes must be the same in each call of partial_fit, "
        r"got \[3, 9\]; known classes: .*\n - output 'size': classes must be None for regression"
    )
    with pytest.raises(ValueError, match=message):
        outputs.check_classes({"digit": [9, 3], "size": [1]})


def test_outputs_with_further_units_get_further_classes():
    names = ("digit", "size")
    outputs = infer_outputs(([0, 2], [0.5, 1]), names, regression=(False, True), exact=False)
    matched = outputs.match([(None, 4), (None, 1)])
    assert matched.extended(([2, 0], [7.0, 8])) is matched
    extended = matched.extended(([3, 8], [7.0, 8]))
    assert extended.classes[0].tolist() == [0, 2, 3]
    assert extended.targets[1] is matched.targets[1]


def test_logarithms_are_in_the_order_of_the_outputs():
    names = ("kind", "size")
    outputs = infer_outputs(([0, 1], [0.5, 1]), names, regression=(False, True))
    values = np.array([[0.0, 1000.0]], np.float32), np.zeros((1, 1), np.float32)
    kind, size = outputs.log_probabilities(values, [softmax, None])
    assert kind.tolist() == [[-1000, 0]]
    assert size is None
