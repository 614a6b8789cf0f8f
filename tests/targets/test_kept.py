import re

import numpy as np
import pytest

from skconv.targets.classes import Classes
from skconv.targets.kept import Fields, keep, keep_fields
from skconv.targets.labels import Labels
from skconv.targets.numbers import Numbers

DTYPE = np.dtype([("event", bool), ("days", np.int64), ("place", float, (2,))])
Y = np.array([(True, 3, (0.5, 1.5)), (False, 7, (2.5, 3.5))], dtype=DTYPE)


def raises(message):
    return pytest.raises(ValueError, match=f"^{re.escape(message)}$")


def test_fields_are_columns_that_the_loss_gets_by_name():
    targets = keep_fields(DTYPE)
    encoded = targets.encode(Y)
    assert encoded.dtype == np.float32
    np.testing.assert_array_equal(encoded, [[1, 3, 0.5, 1.5], [0, 7, 2.5, 3.5]])
    seen = targets.view.targets(encoded)
    assert {name: values.dtype for name, values in seen.items()} == {
        "event": bool,
        "days": np.int32,
        "place": np.float32,
    }
    for name in DTYPE.names:
        np.testing.assert_array_equal(seen[name], Y[name])
    assert targets.view.targets(seen) is seen


def test_fields_follow_each_other_whatever_their_width():
    order = ["place", "days", "event"]
    y = np.array(Y[order].tolist(), [(name, DTYPE[name]) for name in order])
    targets = keep_fields(y.dtype)
    encoded = targets.encode(y)
    np.testing.assert_array_equal(encoded, [[0.5, 1.5, 3, 1], [2.5, 3.5, 7, 0]])
    for name, values in targets.view.targets(encoded).items():
        np.testing.assert_array_equal(values, y[name])


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (Y[["event"]], "y must be a structured array with the fields event, days, place, got"),
        (np.zeros(3), "y must be a structured array with the fields event, days, place, got"),
    ],
)
def test_other_fields_are_refused(y, message):
    with pytest.raises(ValueError, match=message):
        keep_fields(DTYPE).encode(y)


def test_text_has_no_numbers():
    with pytest.raises(ValueError, match=r"^y must have fields of numbers or bools, got 'name'"):
        Fields.of(np.dtype([("name", "U3")]))


def test_missing_values_in_fields_are_refused():
    y = Y.copy()
    y["place"][0, 1] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        keep_fields(DTYPE).encode(y)


@pytest.mark.parametrize(
    ("y", "dtype"),
    [
        (np.array([3, -1]), np.int32),
        (np.array([3, 2**40]), np.float32),
        (np.array([3, 2**31]), np.float32),
        (np.array([3, 2**31 - 1]), np.int32),
        (np.array([3.5, 1.0]), np.float32),
        (np.zeros((2, 3, 4)), np.float32),
    ],
)
def test_numbers_keep_their_shape(y, dtype):
    encoded = keep(Numbers(y.shape[1:])).encode(y)
    assert encoded.dtype == dtype
    np.testing.assert_array_equal(encoded, y.astype(dtype))
    with raises(f"y must have rows of shape {y.shape[1:]}, got (9,)"):
        keep(Numbers(y.shape[1:])).encode(np.zeros((2, 9)))


def test_labels_are_encoded_and_weighed_by_class():
    classes = Classes(np.array(["a", "b", "c"]))
    targets = keep(classes)
    assert targets.classes is None
    encoded = targets.encode(["b", "a", "b"])
    np.testing.assert_array_equal(encoded, [1, 0, 1])
    weights = targets.row_weights(encoded, {"a": 2.0, "b": 3.0, "c": 1.0})
    np.testing.assert_array_equal(weights, [3, 2, 3])
    np.testing.assert_array_equal(keep(Labels(2)).encode([[0, 1]]), [[0.0, 1.0]])
    with pytest.raises(ValueError, match=r"^class_weight must be None for regression"):
        keep(Numbers(())).row_weights(np.zeros(3), {"a": 1.0})


def test_outputs_of_any_shape_are_predicted_as_they_are():
    targets = keep(Numbers(()))
    output = np.ones((2, 5, 3), np.float32)
    assert targets.match((None, 5, 3)) is targets
    assert targets.decode(output) is output
    assert targets.num_units == 0
    assert not targets.predicts


@pytest.mark.parametrize(
    ("targets", "y", "averages"),
    [
        (keep(Numbers(())), [0.5, 1.5], True),
        (keep(Numbers(())), [0, 1], False),
        (keep(Classes(np.array(["a", "b"]))), ["a", "b"], False),
        (keep_fields(DTYPE), Y, False),
    ],
)
def test_only_floats_can_be_averaged(targets, y, averages):
    assert targets.can_average(targets.encode(y)) == averages
