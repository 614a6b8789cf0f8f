import numpy as np

from skconv.data.dataset import Dataset
from skconv.data.iterators import BatchIterator
from skconv.data.position_weights import weigh_positions
from skconv.data.rows import Rows
from skconv.targets.ragged_array import read_rows

RAGGED = read_rows([np.zeros(n) for n in (1, 2, 3, 2)])


def dataset(y, weights=None):
    rows = Rows({"x": np.zeros((4, 2))}, {"x": (2,)})
    return Dataset(rows, y, weights, BatchIterator(2))


def test_a_row_weighs_as_much_as_its_targets():
    train, valid = weigh_positions(dataset(RAGGED), None)
    assert valid is None
    assert train.target_weights is None
    assert train.weights.tolist() == [0.5, 1, 1.5, 1]
    _, valid = weigh_positions(dataset(np.zeros(4)), dataset(RAGGED, np.float32([1, 0, 2, 1])))
    assert valid.weights.tolist() == [0.5, 0, 3, 1]


def test_rows_of_one_size_keep_their_weights():
    pair = dataset(np.zeros((4, 3))), dataset((np.zeros(4), np.zeros((4, 2))))
    assert weigh_positions(*pair) == pair


def test_outputs_with_other_numbers_of_targets_weigh_theirs():
    train, valid = weigh_positions(
        dataset((RAGGED, np.zeros(4))), dataset((np.zeros((4, 2)), np.zeros(4)))
    )
    assert train.weights is None
    first, second = train.target_weights
    assert [row.tolist() for row in first.rows()] == [[0.5], [1, 1], [1.5] * 3, [1, 1]]
    assert second.tolist() == [1] * 4
    assert [part.tolist() for part in valid.target_weights] == [[[1, 1]] * 4, [1] * 4]
