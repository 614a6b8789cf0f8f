import numpy as np

from skconv.data.dataset import Dataset
from skconv.data.device import place_rows, place_shared_rows
from skconv.data.inputs import Rows
from skconv.data.iterators import BatchIterator
from skconv.utils.memo import Memo

X = np.arange(20, dtype=np.float32).reshape(10, 2)
ROWS = Rows({"input": X}, {"input": (2,)})


def feed(index, weights=None):
    index = np.asarray(index)
    y = index.astype(np.int32) * 10
    return Dataset(ROWS.subset(index), y, weights, BatchIterator(4))


def test_rows_of_one_feed_lie_in_order():
    placed = place_rows(feed([7, 2, 5]))
    X = np.asarray(placed.batches.X["input"]).reshape(-1, 2)
    assert X[:3].tolist() == [[14, 15], [4, 5], [10, 11]]
    assert (placed.steps, placed.index) == (1, None)
    order = np.array([[2, 0, 1]])
    assert placed.places(order) is order


def test_feeds_share_the_rows_and_have_targets_and_weights_of_their_own():
    memo = Memo()
    one = place_shared_rows(feed([7, 2, 5, 0, 1]), memo)
    other = place_shared_rows(feed([3, 2], np.float32([0.5, 2])), memo)
    assert one.batches.X["input"] is other.batches.X["input"]
    assert (one.steps, other.steps) == (2, 1)
    flat = {name: np.asarray(getattr(other.batches, name)).ravel() for name in ("y", "weights")}
    assert flat["y"][:5].tolist() == [0, 0, 20, 30, 0]
    assert flat["weights"][:5].tolist() == [0, 0, 2, 0.5, 0]
    assert flat["weights"].sum() == 2.5
    assert other.places(np.array([1, 0])).tolist() == [2, 3]
    numbers = np.asarray(one.batches.rows).ravel()
    assert numbers[one.places(np.arange(5))].tolist() == [0, 1, 2, 3, 4]


def test_a_subset_copies_no_rows():
    some = feed([7, 2, 5]).subset(np.array([2, 0]))
    assert np.shares_memory(some.rows.arrays["input"], X)
    assert some.index.tolist() == [5, 7]
    assert some.y.tolist() == [50, 70]
    assert (len(some.rows), some.steps) == (2, 1)
    assert some.rows.take(np.array([1]))["input"].tolist() == [[14, 15]]
    assert len(some.rows.whole()) == 10
