import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from skconv.utils.row_lists import read_arrays


@pytest.mark.parametrize(
    ("values", "kinds", "dtype"),
    [
        ([[1], [2, 3]], "biuf", "int64"),
        ([np.zeros(1, np.uint8), np.zeros(2, np.float32)], "biuf", "float32"),
        ([["a"], ["bcd", "e"]], "U", "<U3"),
        ([["a"], [1, 2]], "biufUO", "object"),
        ([["a", None], ["b"]], "UO", "object"),
        ([["a", 1.5], ["b"]], "UO", "object"),
    ],
)
def test_elements_get_one_dtype(values, kinds, dtype):
    arrays = read_arrays(values, kinds)
    assert {array.dtype for array in arrays} == {np.dtype(dtype)}
    assert [array.tolist() for array in arrays] == [list(row) for row in values]


@pytest.mark.parametrize(
    "make", [tuple, pd.Series, lambda rows: np.array([*rows, None], object)[:-1]]
)
def test_containers(make):
    assert [row.tolist() for row in read_arrays(make([[1], [2, 3]]))] == [[1], [2, 3]]


@pytest.mark.parametrize(
    "values",
    [None, [], [1, 2], ["a"], np.zeros((2, 2)), [["a"], ["b"]], [sparse.eye(2)], [[[1], [2, 3]]]],
    ids=str,
)
def test_what_is_not_a_list_of_arrays_of_numbers(values):
    assert read_arrays(values) == []
