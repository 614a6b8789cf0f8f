from dataclasses import replace

import jax.numpy as jnp
import numpy as np

from skconv.data.dataset import Dataset
from skconv.data.device import (
    IndexedBatches,
    StackedBatches,
    batch_at,
    flatten_batches,
    output_buffer,
    place_rows,
    place_shared_rows,
    scatter_rows,
    store_batch,
)
from skconv.data.iterators import BatchIterator
from skconv.data.rows import Rows
from skconv.targets.weighted_targets import take_targets
from skconv.utils.memo import Memo

X = np.arange(20, dtype=np.float32).reshape(10, 2)
ROWS = Rows({"input": X}, {"input": (2,)})


def dataset(index, weights=None):
    index = np.asarray(index)
    y = index.astype(np.int32) * 10
    return Dataset(ROWS.subset(index), y, weights, BatchIterator(4))


def test_rows_of_one_feed_lie_in_order():
    placed = place_rows(dataset([7, 2, 5]), 64)
    X = np.asarray(placed.batches.X["input"]).reshape(-1, 2)
    assert X[:3].tolist() == [[14, 15], [4, 5], [10, 11]]
    assert (placed.steps, placed.positions) == (1, None)
    order = np.array([[2, 0, 1]])
    assert placed.locate(order) is order


def test_rows_of_several_chunks_are_placed_in_one_array(monkeypatch):
    monkeypatch.setattr("skconv.data.chunks.MAX_STEPS", 1)
    whole = dataset(np.arange(10), np.linspace(1, 2, 10, dtype=np.float32))
    placed = place_rows(whole, 4)
    assert (placed.shape, placed.steps) == ((4, 4), 3)
    X_placed, y, weights, rows = flatten_batches(placed.batches)
    np.testing.assert_array_equal(X_placed["input"][:10], X)
    assert not X_placed["input"][12:].any()  # two rows of padding complete the third batch
    assert y[:10].tolist() == list(range(0, 100, 10))
    np.testing.assert_array_equal(weights[:10], whole.weights)
    assert not weights[10:].any()
    assert rows[:10].tolist() == list(range(10))
    shared = place_shared_rows(whole, Memo(), 4)
    np.testing.assert_array_equal(shared.batches.X["input"], placed.batches.X["input"])


def test_feeds_share_the_rows_and_have_targets_and_weights_of_their_own():
    memo = Memo()
    one = place_shared_rows(dataset([7, 2, 5, 0, 1]), memo, 64)
    other = place_shared_rows(dataset([3, 2], np.float32([0.5, 2])), memo, 64)
    assert one.batches.X["input"] is other.batches.X["input"]
    assert (one.steps, other.steps) == (2, 1)
    flat = {name: np.asarray(getattr(other.batches, name)).ravel() for name in ("y", "weights")}
    assert flat["y"][:5].tolist() == [0, 0, 20, 30, 0]
    assert flat["weights"][:5].tolist() == [0, 0, 2, 0.5, 0]
    assert flat["weights"].sum() == 2.5
    assert other.locate(np.array([1, 0])).tolist() == [2, 3]
    numbers = np.asarray(one.batches.rows).ravel()
    assert numbers[one.locate(np.arange(5))].tolist() == [0, 1, 2, 3, 4]


def test_batches_of_another_size_are_placed_apart():
    memo, whole = Memo(), dataset(np.arange(10))
    for size in (4, 3, 5, 4):
        placed = place_shared_rows(replace(whole, iterator=BatchIterator(size)), memo, 64)
        assert (placed.shape[1], placed.steps) == (size, -(-10 // size))
        rows = np.asarray(placed.batches.X["input"]).reshape(-1, 2)[placed.locate(np.arange(10))]
        np.testing.assert_array_equal(rows, X)


def test_datasets_of_the_same_arrays_have_their_targets_in_one():
    train, valid = dataset([7, 2], np.float32([0.5, 2])), dataset([3, 0])
    batches = scatter_rows({"input": X}, (2, 5), train, valid)
    assert batches.y.tolist() == [[0, 0, 20, 30, 0], [0, 0, 70, 0, 0]]
    assert batches.weights.tolist() == [[0, 0, 2, 0, 0], [0, 0, 0.5, 0, 0]]
    assert batches.rows.tolist() == [[0, 0, 1, 0, 0], [0, 0, 0, 0, 0]]


def test_a_subset_copies_no_rows():
    some = dataset([7, 2, 5]).subset(np.array([2, 0]))
    assert np.shares_memory(some.rows.arrays["input"], X)
    assert some.index.tolist() == [5, 7]
    assert some.y.tolist() == [50, 70]
    assert (len(some.rows), some.steps) == (2, 1)
    assert some.rows.take(np.array([1]))["input"].tolist() == [[14, 15]]
    assert len(some.rows.whole()) == 10


IMAGES = np.arange(12, dtype=np.uint8).reshape(2, 3, 2)


def test_batches_are_taken_by_number_and_rows_by_place():
    batches = StackedBatches(
        {"in": IMAGES}, IMAGES[..., 0], np.ones((2, 3)), np.arange(6).reshape(2, 3)
    )
    Xb, yb, weights = batches.batch(1)
    assert Xb["in"].dtype == np.float32
    np.testing.assert_array_equal(Xb["in"], IMAGES[1])
    assert yb.tolist() == [6, 8, 10]
    assert weights.tolist() == [1, 1, 1]
    rows = flatten_batches(batches)
    assert rows.X["in"].shape == (6, 2)
    assert batch_at(rows.X, np.array([5, 0]))["in"].tolist() == [[10, 11], [0, 1]]
    assert take_targets((rows.y, rows.rows), np.array([5]))[0].tolist() == [10]


def test_gathered_batches_lie_anywhere():
    index, weights = np.array([[4, 1], [0, 0]]), np.array([[1.0, 2.0], [3.0, 0.0]])
    gathered = IndexedBatches(
        {"in": IMAGES.reshape(1, 6, 2)}, np.arange(6)[None] * 10, index, weights
    )
    Xb, yb, w = gathered.batch(0)
    assert Xb["in"].tolist() == [[8, 9], [2, 3]]
    assert yb.tolist() == [40, 10]
    assert w.tolist() == [1, 2]


def test_outputs_of_all_batches_are_put_down():
    def output(i):
        return {"a": jnp.zeros(3), "b": jnp.zeros((), jnp.int32)}

    kept = output_buffer(output, 4)
    assert kept["a"].shape == (4, 3)
    assert kept["b"].dtype == jnp.int32
    kept = store_batch(kept, 2, {"a": jnp.ones(3), "b": jnp.int32(7)})
    assert kept["b"].tolist() == [0, 0, 7, 0]
    assert kept["a"].sum(axis=1).tolist() == [0, 0, 3, 0]
