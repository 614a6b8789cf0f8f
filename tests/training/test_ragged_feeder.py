import numpy as np
import pytest

from skconv.data.dataset import Dataset
from skconv.data.iterators import BatchIterator
from skconv.data.ragged_rows import RaggedRows
from skconv.data.rows import Rows
from skconv.network.model import Model
from skconv.training.feeder import Feeder
from skconv.training.ragged_feeder import RaggedFeeder, make_feeder

SIZES = {2: [0, 3, 4, 6, 7], 3: [1, 5], 4: [2]}


def dataset(iterator, sizes=SIZES):
    groups = [
        Rows({"x": np.tile(np.array(at)[:, None], n)}, {"x": (n,)}) for n, at in sizes.items()
    ]
    rows = RaggedRows.of(groups, [np.arange(8)[at] for at in sizes.values()])
    n = len(rows)
    return Dataset(rows, np.arange(n) * 10, np.arange(n, dtype=np.float32), iterator)


def feed(feeder, epochs=1):
    with feeder.streaming(epochs):
        return [list(feeder.feeds(1)) for _ in range(epochs)]


def model():
    return Model(None, seed=3)


@pytest.mark.parametrize("shuffle", [False, True])
def test_every_row_is_fed_once_with_its_own_target(shuffle):
    train = dataset(BatchIterator(2, shuffle=shuffle))
    (feeds,) = feed(RaggedFeeder(train, None, model()))
    assert len(feeds) == train.steps == 5
    seen = []
    for one in feeds:
        X, y, weights, rows = (np.asarray(a)[0] for a in (one.batches.X["x"], *one.batches[1:]))
        assert np.array_equal(y, 10 * X[:, 0])
        assert np.array_equal(rows, X[:, 0])
        real = weights > 0
        assert np.array_equal(weights[real], rows[real])
        seen += rows[real].tolist() if real.any() else []
    assert sorted(seen) == [1, 2, 3, 4, 5, 6, 7]  # row 0 has no weight
    sizes = [one.batches.X["x"].shape[-1] for one in feeds]
    assert shuffle or sizes == [2, 2, 2, 3, 4]


def test_shapes_are_mixed_anew_in_each_epoch():
    train, own = dataset(BatchIterator(1, shuffle=True)), model()
    with (feeder := RaggedFeeder(train, None, own)).streaming(2):
        orders = []
        for _ in range(2):
            orders.append([one.batches.X["x"].shape[-1] for one in feeder.feeds(1)])
            own.epoch += 1
    assert orders[0] != orders[1]
    assert sorted(orders[0]) == sorted(orders[1]) == [2] * 5 + [3] * 2 + [4]
    again = feed(RaggedFeeder(train, None, model()))[0]
    assert [one.batches.X["x"].shape[-1] for one in again] == orders[0]


def test_training_and_validation_rows_of_a_call_have_one_shape():
    valid = dataset(BatchIterator(3), {2: [0, 1, 2, 3], 5: [4]})
    feeder = RaggedFeeder(dataset(BatchIterator(2)), valid, model())
    with feeder.streaming(1):
        feeds = list(feeder.feeds(1))
        evaluated = list(feeder.valid_feeds(feeds[-1]))
    shapes = {
        (one.batches.X["x"].shape, one.valid.X["x"].shape, one.valid.y.shape)
        for one in feeds + evaluated
    }
    assert shapes == {((1, 2, n), (1, 3, n), (1, 3)) for n in (2, 3, 4, 5)}
    assert all(one.valid_steps == 0 for one in feeds)
    assert [one.valid_steps for one in evaluated] == [1, 1, 1]
    outputs = [one.valid.y for one in evaluated]
    assert feeder.in_order(outputs).tolist() == [0, 10, 20, 30, 40]


def test_rows_of_one_shape_are_not_cut_up():
    rows = Rows({"x": np.zeros((4, 2))}, {"x": (2,)})
    same = Dataset(rows, np.zeros(4), None, BatchIterator(2))
    assert type(make_feeder(same, None, model(), None)) is Feeder
    assert type(make_feeder(same, dataset(BatchIterator(2)), model(), None)) is RaggedFeeder
