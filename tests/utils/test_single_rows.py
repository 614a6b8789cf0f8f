import threading

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skconv.utils.late_arrays import fetch_rows, is_late
from skconv.utils.single_rows import SingleRows, in_threads

TABLE = np.arange(200.0).reshape(100, 2)


class Table(SingleRows):
    def __init__(self, workers=1):
        super().__init__(TABLE.shape, TABLE.dtype, workers)
        self.asked = []

    def row(self, i):
        self.asked.append(i)
        return TABLE[i]


@pytest.mark.parametrize("workers", [1, 3])
def test_rows_are_made_once_and_no_other_ones(workers):
    """Slices of neighbors would be read of other arrays."""
    rows = Table(workers)
    assert is_late(rows)
    index = np.array([7, 3, 9, 3, 40, 5, 7])
    found = fetch_rows(rows, index, np.float32)
    assert found.dtype == np.float32
    assert_array_equal(found, TABLE[index])
    assert sorted(rows.asked) == [3, 5, 7, 9, 40]


def test_indices_are_those_of_arrays():
    rows = Table()
    assert (rows.ndim, len(rows), rows.dtype) == (2, 100, np.float64)
    assert_array_equal(rows[-1], TABLE[-1])
    for index in (slice(3, 9, 2), [4, 0, 4], np.arange(100) % 7 == 0, []):
        assert_array_equal(rows[index], TABLE[index])
    with pytest.raises(IndexError):
        rows[100]


def test_values_too_large_become_infinite_without_a_warning_of_threads():
    class Large(Table):
        def row(self, i):
            return np.array([1e300, 0])

    assert fetch_rows(Large(2), slice(2), np.float32).tolist() == [[np.inf, 0]] * 2


def test_threads_work_together_and_pass_on_errors():
    both = threading.Barrier(2, timeout=20)
    assert in_threads(lambda i: both.wait() >= 0, [1, 2], workers=2) == [True, True]

    def fail(i):
        raise ValueError(f"item {i}")

    with pytest.raises(ValueError, match="item 0"):
        in_threads(fail, range(3), workers=2)


def test_a_single_item_needs_no_thread():
    here = threading.current_thread()
    assert in_threads(lambda i: threading.current_thread(), [0], workers=4) == [here]
    assert in_threads(abs, [], workers=4) == []
