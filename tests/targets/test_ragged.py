import numpy as np
import pytest

from skconv.targets.ragged import flatten_positions, is_ragged
from skconv.targets.ragged_array import read_rows

ROWS = [np.full((2, n), n) for n in (3, 2, 3, 5)]


def as_objects(rows):
    array = np.empty(len(rows), object)
    array[:] = rows
    return array


def test_positions_are_scored_together():
    true, predicted, weights = flatten_positions(read_rows(ROWS), as_objects(ROWS), np.arange(4))
    assert true.size == predicted.size == weights.size == 26
    assert weights.tolist() == [0] * 6 + [1] * 4 + [2] * 6 + [3] * 10
    with pytest.raises(ValueError, match=r"got \(2, 2\) instead of \(2, 3\) in row 0"):
        flatten_positions(read_rows([*ROWS[1:2], *ROWS[1:]]), as_objects(ROWS))


def test_positions_have_weights_of_their_own():
    true, _, weights = flatten_positions(read_rows(ROWS), as_objects(ROWS), read_rows(ROWS))
    assert np.array_equal(true, weights)
    with pytest.raises(ValueError, match=r"which differ, got \(2,\) in all rows"):
        flatten_positions(np.zeros((4, 2)), as_objects(ROWS))


def test_arrays_of_arrays_are_ragged():
    assert is_ragged(as_objects(ROWS))
    assert not is_ragged(np.array(["x", "yz"], object))
    assert not is_ragged(np.zeros((2, 3)))
