import jax.numpy as jnp
import numpy as np

from skconv.data.device import (
    IndexedBatches,
    StackedBatches,
    batch_at,
    flatten_batches,
    output_buffer,
    store_batch,
    targets_at,
)

X = np.arange(12, dtype=np.uint8).reshape(2, 3, 2)


def test_batches_are_taken_by_number_and_rows_by_place():
    batches = StackedBatches({"in": X}, X[..., 0], np.ones((2, 3)), np.arange(6).reshape(2, 3))
    Xb, yb, weights = batches.batch(1)
    assert Xb["in"].dtype == np.float32
    np.testing.assert_array_equal(Xb["in"], X[1])
    assert yb.tolist() == [6, 8, 10]
    assert weights.tolist() == [1, 1, 1]
    rows = flatten_batches(batches)
    assert rows.X["in"].shape == (6, 2)
    assert batch_at(rows.X, np.array([5, 0]))["in"].tolist() == [[10, 11], [0, 1]]
    assert targets_at((rows.y, rows.rows), np.array([5]))[0].tolist() == [10]


def test_gathered_batches_lie_anywhere():
    index, weights = np.array([[4, 1], [0, 0]]), np.array([[1.0, 2.0], [3.0, 0.0]])
    gathered = IndexedBatches({"in": X.reshape(1, 6, 2)}, np.arange(6)[None] * 10, index, weights)
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
