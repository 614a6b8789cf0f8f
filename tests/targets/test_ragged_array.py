import numpy as np
import pandas as pd
import pytest

from skconv.targets.ragged_array import RaggedArray, array_parts, flat_values, map_rows, read_rows

ROWS = [np.full((2, n), i) for i, n in enumerate((3, 2, 3, 5, 2))]


@pytest.fixture
def ragged():
    return read_rows(ROWS)


def same(one, two):
    return all(np.array_equal(*pair) for pair in zip(one, two, strict=True))


def test_rows_are_grouped_by_shape(ragged):
    assert len(ragged) == 5
    assert [group.shape for group in ragged.groups] == [(2, 2, 2), (2, 2, 3), (1, 2, 5)]
    assert ragged.row_shapes() == [row.shape for row in ROWS]
    assert ragged.group_numbers().tolist() == [1, 0, 1, 2, 0]
    assert same(ragged.rows(), ROWS)


@pytest.mark.parametrize("index", [[3, 0], [4, 4, 0, 1], [0, 1, 2, 3, 4]])
def test_some_rows(ragged, index):
    assert same(ragged[np.array(index)].rows(), [ROWS[i] for i in index])


@pytest.mark.parametrize("index", [[3], [2, 0], [4, 1, 4]])
def test_rows_of_one_shape_are_an_array(ragged, index):
    some = ragged[np.array(index)]
    assert isinstance(some, np.ndarray)
    assert same(some, [ROWS[i] for i in index])


def test_values_and_groups(ragged):
    doubled = ragged.map(lambda rows: 2 * rows)
    assert same(doubled.rows(), [2 * row for row in ROWS])
    assert same(ragged.refilled(doubled.flat()).rows(), doubled.rows())
    other = ragged.grouped([np.array([4]), np.array([1]), np.array([2, 0]), np.array([3])])
    assert same(other.rows(), ROWS)
    assert [len(rows) for _, rows in array_parts(other)] == [1, 1, 2, 1]


def test_arrays_are_one_part():
    values = np.arange(6).reshape(3, 2)
    ((index, rows),) = array_parts(values)
    assert np.arange(3)[index].tolist() == [0, 1, 2]
    assert rows is values
    assert flat_values(values).tolist() == list(range(6))
    assert map_rows(np.negative, values).sum() == -15


@pytest.mark.parametrize(
    "values",
    [["a", "b"], [1, 2], np.zeros((2, 2)), [[1, 2], [3, 4]], {"a": ROWS}, None, ["ab", "c"]],
    ids=str,
)
def test_what_has_rows_of_one_shape_stays_as_it_is(values):
    assert read_rows(values) is values


@pytest.mark.parametrize("make", [pd.Series, lambda rows: pd.DataFrame({"y": rows})])
def test_objects_of_one_shape_are_an_array(make):
    assert read_rows(make([[1, 2], [3, 4]])).tolist() == [[1, 2], [3, 4]]
    assert isinstance(read_rows(make([[1, 2], [3]])), RaggedArray)
