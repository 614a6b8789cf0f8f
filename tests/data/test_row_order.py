import numpy as np
import pytest
from scipy import sparse

from skconv.data.iterators import BatchIterator
from skconv.data.row_order import count_rows, row_order, take_rows
from skconv.targets.weighted_targets import WeightedTargets


class Given(BatchIterator):
    def __init__(self, rows):
        super().__init__(2)
        self.rows = rows

    def order(self, n, seed, epoch):
        return self.rows


def test_rows_may_repeat_and_be_left_out():
    assert row_order(Given([3, 3, 0, 0]), 4, seed=0, epoch=0).tolist() == [3, 3, 0, 0]


@pytest.mark.parametrize(
    "rows",
    [[0, 1, 2], [0, 1, 2, 3, 0], [0.0, 1.0, 2.0, 3.0], [True] * 4, [[0, 1, 2, 3]], None, "0123"],
    ids=str,
)
def test_other_orders_are_refused(rows):
    with pytest.raises(ValueError, match=r"^Given.order must return an array of 4 row indices, as"):
        row_order(Given(rows), 4, seed=0, epoch=0)


@pytest.mark.parametrize(("row", "epoch"), [(4, 0), (-1, 2)])
def test_indices_of_other_rows_are_refused(row, epoch):
    with pytest.raises(
        ValueError,
        match=rf"^Given.order must return row indices from 0 to 3, got {row} in epoch {epoch + 1}$",
    ):
        row_order(Given([0, 1, row, 2]), 4, seed=0, epoch=epoch)


@pytest.mark.parametrize("shape", [(3,), (3, 1)])
@pytest.mark.parametrize("weighted", [False, True])
def test_an_order_gets_the_targets_if_it_asks_for_them(weighted, shape):
    class Sorted(BatchIterator):
        def order(self, n, seed, epoch, *, y):
            return np.argsort(y)

    y = np.array([2, 0, 1]).reshape(shape)
    given = WeightedTargets(y, (np.ones(3),)) if weighted else y
    assert row_order(Sorted(2), 3, seed=0, epoch=0, y=given).tolist() == [1, 2, 0]


def test_rows_of_nothing_are_nothing():
    assert take_rows(None, np.array([0])) is None


def test_counts_agree_among_the_arrays_of_a_dict_or_tuple():
    assert count_rows({"a": [1, 2], "b": (np.zeros(2), np.zeros((2, 3)))}, "X") == 2
    with pytest.raises(ValueError, match=r"^y must have arrays of one length, got \[2, 3\]$"):
        count_rows(([1, 2], [1, 2, 3]), "y")


def test_a_sparse_matrix_that_is_a_dict_has_rows():
    matrix = sparse.dok_matrix(np.diag([1.0, 2, 3]))
    assert count_rows(matrix, "X") == 3
    assert take_rows(matrix, np.array([2, 0])).tolist() == [[0, 0, 3], [1, 0, 0]]
