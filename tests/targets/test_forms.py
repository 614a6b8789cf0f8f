import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from skconv.targets.forms import check_lengths, join_predictions, split_targets

NAMES = ("digit", "parity", "size")
DIGIT, PARITY, SIZE = [3, 8, 5, 3], ["odd", "even", "odd", "odd"], [0.5, 1.5, 2.5, 3.5]
ROWS = [list(row) for row in zip(DIGIT, PARITY, SIZE, strict=True)]


def test_columns_of_numbers_keep_their_type():
    table = np.array([[3, 1], [8, 0]], np.int8)
    assert [column.dtype for column in split_targets(table, ("digit", "odd"))] == [np.int8, np.int8]
    mixed = np.array(ROWS, dtype=object)
    assert [column.dtype.kind for column in split_targets(mixed, NAMES)] == ["i", "U", "f"]


@pytest.mark.parametrize("y", [DIGIT, np.eye(3), sparse.eye_array(3).todok(), [DIGIT, PARITY]])
@pytest.mark.parametrize("name", [None, "digit"])
def test_one_output_takes_y_as_it_is(y, name):
    assert split_targets(y, (name,))[0] is y


def test_lengths_are_compared_for_each_output():
    check_lengths(4, (DIGIT, PARITY, SIZE), NAMES)
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples: \[4, 4, 4, 3\]"):
        check_lengths(4, (DIGIT, PARITY, SIZE[:3]), NAMES)


def test_a_single_output_with_a_name_takes_a_dict():
    assert split_targets({"digit": DIGIT}, ("digit",)) == (DIGIT,)
    with pytest.raises(ValueError, match=r"got 'digits'\. Did you mean 'digit'\?"):
        split_targets({"digits": DIGIT}, ("digit",))
    with pytest.raises(ValueError, match="y must be an array for a net with a single output, got"):
        split_targets({"digit": DIGIT}, (None,))


def test_columns_without_names_are_in_the_order_of_the_outputs():
    digit, parity, size = split_targets(pd.DataFrame(ROWS), NAMES)
    assert (digit.tolist(), parity.tolist(), size.tolist()) == (DIGIT, PARITY, SIZE)
    numbers = split_targets(pd.DataFrame(np.eye(2, dtype=np.int8)), ("a", "b"))
    assert [(part.tolist(), part.dtype) for part in numbers] == [
        ([1, 0], np.int8),
        ([0, 1], np.int8),
    ]
    with pytest.raises(ValueError, match=r"an array with 3 columns for the outputs .* got shape"):
        split_targets(pd.DataFrame(np.eye(2)), NAMES)


def test_text_among_numbers_stays_apart():
    table = np.array([[1, "a"], ["b", "c"]], dtype=object)
    assert split_targets(table, ("digit", "parity"))[0].tolist() == [1, "b"]


INT, TEXT, LONG = np.array([3, 8]), np.array(["x", "y"]), np.array(["xx", "yyyy"])

FLAG, FLOAT = np.array([True, False]), np.array([0.5, 1.5])


@pytest.mark.parametrize(
    ("parts", "dtype"),
    [
        ([INT, INT.astype(np.int8)], "int64"),
        ([INT, np.array([1.0, 2.0])], "float64"),
        ([TEXT, LONG], "<U4"),
        ([FLAG, FLAG], "bool"),
        ([FLAG, INT], "object"),
        ([INT, TEXT], "object"),
        ([TEXT, TEXT.astype(object)], "object"),
    ],
)
def test_labels_are_columns_that_keep_their_values(parts, dtype):
    table = join_predictions(parts, [False] * len(parts))
    assert table.dtype == np.dtype(dtype)
    assert table.tolist() == [list(row) for row in zip(*(p.tolist() for p in parts), strict=True)]
    again = split_targets(table, ("a", "b"))
    assert [column.tolist() for column in again] == [part.tolist() for part in parts]


def test_numbers_are_columns_in_their_common_dtype():
    table = join_predictions([FLOAT.astype(np.float32), FLOAT], [True, True])
    assert table.dtype == np.float64
    assert table.tolist() == [[0.5, 0.5], [1.5, 1.5]]


@pytest.mark.parametrize(
    ("parts", "numbers"),
    [
        ([INT, FLOAT], [False, True]),
        ([INT, np.eye(2, dtype=int)], [False, False]),
        ([FLOAT, np.eye(2)], [True, True]),
    ],
)
def test_outputs_of_several_kinds_or_shapes_are_a_list(parts, numbers):
    joined = join_predictions(parts, numbers)
    assert isinstance(joined, list)
    assert all(one is part for one, part in zip(joined, parts, strict=True))
    assert join_predictions(parts[:1], numbers[:1]) is parts[0]
