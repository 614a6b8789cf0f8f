import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from skconv.data.chunks import (
    CHUNK_BYTES,
    MAX_EPOCHS,
    MAX_STEPS,
    chunk_steps,
    epoch_orders,
    epochs_per_call,
    first_batch,
    identity_order,
    iterate_chunks,
    resident_steps,
)
from skconv.data.iterators import BatchIterator
from skconv.data.rows import Inputs, Rows


def numbered(n, width=2, dtype=np.float32):
    """Rows whose every value is their number."""
    array = np.repeat(np.arange(n, dtype=dtype)[:, None], width, axis=1)
    return Rows({"input": array}, {"input": (width,)})


def live(parts):
    """The numbers and weights of all rows that count, in order."""
    numbers = np.concatenate([part.X["input"][..., 0].ravel() for part in parts]).astype(int)
    weights = np.concatenate([part.weights.ravel() for part in parts])
    return numbers[weights > 0], weights[weights > 0]


@pytest.fixture
def small_chunks(monkeypatch):
    """Chunks of three batches of four rows of two float32 numbers."""
    monkeypatch.setattr("skconv.data.chunks.CHUNK_BYTES", 3 * 4 * 8)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 60), st.integers(1, 20), st.booleans(), st.integers(0, 9))
def test_every_row_counts_exactly_once_an_epoch(n, size, shuffle, epoch):
    iterator = BatchIterator(size, shuffle=shuffle)
    parts = list(iterate_chunks(numbered(n), np.arange(n), None, iterator, seed=1, epoch=epoch))
    numbers, weights = live(parts)
    assert sorted(numbers) == list(range(n))
    assert (weights == 1).all()
    for part in parts:
        np.testing.assert_array_equal(part.X["input"][..., 0], part.y)


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("n", [1, 3, 4, 11, 12, 13, 50])
def test_the_shapes_do_not_depend_on_the_number_of_rows(n):
    parts = list(iterate_chunks(numbered(n), np.arange(n), None, BatchIterator(4)))
    assert len(parts) == -(-n // 12)
    for part in parts:
        assert part.X["input"].shape == (3, 4, 2)
        assert part.y.shape == part.weights.shape == (3, 4)
        assert part.weights.dtype == np.float32
    assert [part.steps for part in parts[:-1]] == [3] * (len(parts) - 1)
    assert sum(part.steps for part in parts) == -(-n // 4)
    assert sorted(live(parts)[0]) == list(range(n))


@pytest.mark.parametrize(("n", "size"), [(5, 4), (3, 8), (1, 4), (10, 7)])
def test_the_last_batch_is_filled_up_with_the_first_rows_of_weight_zero(n, size):
    (part,) = iterate_chunks(numbered(n), np.arange(n), None, BatchIterator(size, shuffle=True))
    index, weights = part.y[: part.steps].ravel(), part.weights[: part.steps].ravel()
    np.testing.assert_array_equal(index, np.resize(index[:n], part.steps * size))
    np.testing.assert_array_equal(weights, np.arange(part.steps * size) < n)
    np.testing.assert_array_equal(part.X["input"][: part.steps].reshape(-1, 2)[:, 0], index)
    assert not part.weights[part.steps :].any()


def test_without_shuffling_rows_keep_their_order():
    parts = list(
        iterate_chunks(numbered(10), np.arange(10), None, BatchIterator(4), seed=3, epoch=4)
    )
    assert live(parts)[0].tolist() == list(range(10))


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("shuffle", [False, True])
def test_weights_go_along_with_their_rows(shuffle):
    weights = np.linspace(0.5, 2, 29, dtype=np.float32)
    iterator = BatchIterator(4, shuffle=shuffle)
    numbers, found = live(list(iterate_chunks(numbered(29), None, weights, iterator)))
    assert sorted(numbers) == list(range(29))
    np.testing.assert_array_equal(found, weights[numbers])


def test_the_arrays_of_the_caller_stay_as_they_are():
    class Zero(BatchIterator):
        def transform(self, Xb, yb):
            Xb *= 0
            yb *= 0
            return Xb, yb

    rows, y, weights = numbered(10), np.arange(10), np.ones(10, np.float32)
    for iterator in BatchIterator(4, shuffle=True), Zero(4, shuffle=True):
        for part in iterate_chunks(rows, y, weights, iterator):
            part.X["input"][:] = 99
            part.weights[:] = 99
    np.testing.assert_array_equal(rows.arrays["input"], numbered(10).arrays["input"])
    np.testing.assert_array_equal(y, np.arange(10))
    np.testing.assert_array_equal(weights, np.ones(10))


class Mixing(BatchIterator):
    def transform(self, Xb, yb):
        return Xb, (np.eye(9)[yb[0]], yb[1])


@pytest.mark.parametrize("iterator", [BatchIterator, Mixing])
def test_targets_of_several_outputs_stay_with_their_rows(iterator):
    y = np.arange(9), np.arange(9, dtype=np.float32)[:, None] / 2
    (part,) = iterate_chunks(numbered(9), y, None, iterator(4, shuffle=True), seed=5)
    first, second = part.y
    number = part.X["input"][: part.steps, :, 0]
    assert (first.shape[:2], second.shape) == (part.weights.shape, (*part.weights.shape, 1))
    np.testing.assert_array_equal(second[: part.steps, :, 0], number / 2)
    if iterator is Mixing:
        assert (first.dtype, second.dtype) == (np.float32, np.float32)
        first = first.argmax(axis=-1)
    np.testing.assert_array_equal(first[: part.steps], number)


def test_without_targets_there_are_none():
    assert all(part.y is None for part in iterate_chunks(numbered(9), None, None, BatchIterator(4)))


def test_sparse_rows_come_dense_in_the_shape_of_the_network():
    matrix = sparse.random_array((9, 6), density=0.5, rng=0, dtype=np.float32).tocsr()
    (part,) = iterate_chunks(Rows({"a": matrix}, {"a": (1, 2, 3)}), None, None, BatchIterator(4))
    assert part.X["a"].shape[1:] == (4, 1, 2, 3)
    found = part.X["a"][: part.steps].reshape(-1, 6)[:9]
    np.testing.assert_array_equal(found, matrix.toarray())


def test_several_inputs_stay_together():
    arrays = {"a": numbered(9).arrays["input"], "b": np.arange(9, dtype=np.uint8)[:, None]}
    rows = Rows(arrays, {"a": (2, 1), "b": (1,)})
    (part,) = iterate_chunks(rows, np.arange(9), None, BatchIterator(4, shuffle=True), seed=5)
    assert part.X["a"].shape[1:] == (4, 2, 1)
    assert part.X["b"].dtype == np.uint8
    np.testing.assert_array_equal(part.X["a"][..., 0, 0], part.y)
    np.testing.assert_array_equal(part.X["b"][..., 0], part.y)


class Recorder(BatchIterator):
    """Double X, add a column, and remember the shapes that came."""

    def transform(self, Xb, yb):
        self.seen = [*getattr(self, "seen", []), np.shape(Xb)]
        return np.hstack([2.0 * Xb, Xb]), None if yb is None else yb + 100


@pytest.mark.usefixtures("small_chunks")
def test_an_own_transform_gets_whole_batches():
    iterator = Recorder(4, shuffle=True)
    parts = list(iterate_chunks(numbered(18), np.arange(18, dtype=np.int32), None, iterator))
    assert iterator.seen == [(4, 2)] * 5
    assert len(parts) == 2
    assert all(part.X["input"].shape == (3, 4, 4) for part in parts)
    assert all(part.X["input"].dtype == np.float32 for part in parts)
    assert all(part.y.dtype == np.int32 for part in parts)
    real = parts[0].steps
    np.testing.assert_array_equal(parts[0].X["input"][:real, :, 0], 2 * (parts[0].y[:real] - 100))
    assert sorted(live(parts)[0] // 2) == list(range(18))


def test_an_own_transform_works_without_targets():
    (part,) = iterate_chunks(numbered(5), None, None, Recorder(4))
    assert part.y is None
    assert part.X["input"][0, :, 0].tolist() == [0, 2, 4, 6]


def test_an_own_transform_gets_several_inputs_as_a_dict():
    class Swap(BatchIterator):
        def transform(self, Xb, yb):
            return {"a": Xb["b"], "b": Xb["a"]}, yb

    arrays = {"a": np.zeros((5, 1), np.float32), "b": np.ones((5, 1), np.float32)}
    (part,) = iterate_chunks(Rows(arrays, {"a": (1,), "b": (1,)}), None, None, Swap(4))
    assert (part.X["a"][:2] == 1).all()
    assert (part.X["b"] == 0).all()


def test_an_own_transform_may_turn_classes_into_probabilities():
    class Soften(BatchIterator):
        def transform(self, Xb, yb):
            return Xb, 0.9 * np.eye(3)[yb] + 0.1 / 3

    y = np.array([0, 1, 2, 1, 0], np.int32)
    (part,) = iterate_chunks(numbered(5), y, None, Soften(5))
    assert part.y.dtype == np.float32
    np.testing.assert_allclose(part.y[0], 0.9 * np.eye(3)[y] + 0.1 / 3, rtol=1e-6)


def test_an_own_transform_may_keep_small_whole_numbers():
    class Flip(BatchIterator):
        def transform(self, Xb, yb):
            return Xb[:, ::-1], yb

    (part,) = iterate_chunks(numbered(5, dtype=np.uint8), None, None, Flip(5))
    assert part.X["input"].dtype == np.uint8


class Twice(BatchIterator):
    """Give each row twice, one after the other."""

    def transform(self, Xb, yb):
        self.seen = [*getattr(self, "seen", []), len(Xb)]
        return np.repeat(Xb, 2, axis=0), np.repeat(yb, 2)


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize(
    ("n", "seen"), [(18, [4, 4, 4, 4, 2]), (12, [4, 4, 4]), (3, [4, 3]), (4, [4])]
)
def test_an_own_transform_may_make_more_rows(n, seen):
    iterator = Twice(4, shuffle=True)
    parts = list(iterate_chunks(numbered(n), np.arange(n, dtype=np.int32), None, iterator, seed=3))
    assert iterator.seen == seen
    assert {part.weights.shape for part in parts} == {(3, 8)}
    numbers, weights = live(parts)
    assert sorted(numbers) == sorted([*range(n), *range(n)])
    assert (weights == 1).all()
    for part in parts:
        np.testing.assert_array_equal(part.X["input"][..., 0], part.y)
        assert part.rows.shape == part.weights.shape
        assert part.rows.dtype == np.int32


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("n", [18, 12, 3])
def test_changed_rows_keep_their_numbers(n):
    class Copies(BatchIterator):
        def transform(self, Xb, yb):
            return np.concatenate([Xb, Xb]), np.concatenate([yb, yb])

    for iterator in (Recorder(4, shuffle=True), Copies(4, shuffle=True)):
        for part in iterate_chunks(numbered(n), np.arange(n), None, iterator, seed=3):
            np.testing.assert_array_equal(part.rows[: part.steps], part.y[: part.steps] % 100)


class Narrow(BatchIterator):
    """Keep the inner pixels."""

    def transform(self, Xb, yb):
        return Xb[:, :, 1:-1, 1:-1], yb


def test_an_own_transform_may_make_another_shape():
    images = np.arange(80, dtype=np.float32).reshape(5, 1, 4, 4)
    raw = Rows({None: images.reshape(5, 16)}, {None: (1, 4, 4)})
    first, y = first_batch(raw, np.arange(5), Narrow(4))
    np.testing.assert_array_equal(first[None], images[:4, :, 1:-1, 1:-1])
    assert y.tolist() == [0, 1, 2, 3]
    rows = raw.arrange(Inputs({"input": (None, 1, 2, 2)}), changed=True)
    (part,) = iterate_chunks(rows, None, None, Narrow(4))
    assert part.X["input"].shape[1:] == (4, 1, 2, 2)
    np.testing.assert_array_equal(part.X["input"][0], images[:4, :, 1:-1, 1:-1])


def test_changed_rows_must_fit_the_network():
    raw = Rows({None: np.zeros((5, 16), np.float32)}, {None: (1, 4, 4)})
    rows = raw.arrange(Inputs({"input": (None, 1, 3, 3)}), changed=True)
    message = (
        r"^the transformed batch must have shape \(n, 1, 3, 3\) for the input layer 'input', "
        r"got \(n, 1, 2, 2\)"
    )
    with pytest.raises(ValueError, match=message):
        list(iterate_chunks(rows, None, None, Narrow(4)))


def test_rows_for_predictions_stay_as_many():
    with pytest.raises(ValueError, match=r"^transform must return 4 rows for a batch of 4, got 8"):
        list(iterate_chunks(numbered(5), np.arange(5), None, Twice(4), keep=True))


def test_an_exception_of_an_own_transform_names_the_batch():
    class Faulty(BatchIterator):
        def transform(self, Xb, yb):
            if 9 in yb:
                raise OSError("no such image")
            return Xb, yb

    with pytest.raises(OSError, match="no such image") as caught:
        list(iterate_chunks(numbered(18), np.arange(18), None, Faulty(4)))
    assert caught.value.__notes__ == ["in batch 3, transformed by Faulty.transform"]


@pytest.mark.parametrize("size", [0, 1, 1000, 2**20, 2**23, 2**30])
def test_chunks_keep_to_their_size_but_have_a_step_at_least(size):
    steps = chunk_steps(size)
    assert 1 <= steps <= MAX_STEPS
    assert steps == 1 or steps * size <= CHUNK_BYTES
    assert steps == MAX_STEPS or (steps + 1) * size > CHUNK_BYTES


@pytest.mark.parametrize("n", [3, 8, 11])
def test_orders_are_drawn_by_seed_and_epoch_for_chunks_on_device_and_streamed(n):
    rows, iterator = numbered(n), BatchIterator(4, shuffle=True)
    steps = -(-n // 4)
    found = epoch_orders(n, iterator, (3, 5, 4), 5, range(2, 4))
    assert (found.shape, found.dtype) == ((3, 5, 4), np.int32)
    for order, epoch in zip(found, (2, 3), strict=False):
        drawn = np.random.default_rng([5, epoch]).permutation(n)
        expected = np.resize(drawn, (steps, 4))
        np.testing.assert_array_equal(order[:steps], expected)
        (chunk,) = iterate_chunks(rows, None, None, iterator, seed=5, epoch=epoch)
        np.testing.assert_array_equal(chunk.X["input"][:steps, :, 0], expected)
        np.testing.assert_array_equal(chunk.rows[:steps], expected)
        assert chunk.steps == steps


def test_chunks_in_the_order_of_the_epoch_are_taken_as_they_are():
    order = identity_order(4, (2, 3))
    assert order.shape == (4, 2, 3)
    assert order[0].tolist() == [[0, 1, 2], [3, 4, 5]]


def test_only_rows_of_one_chunk_that_nobody_changes_stay():
    rows = numbered(9)
    assert resident_steps(rows, BatchIterator(4)) == MAX_STEPS
    assert resident_steps(rows, Recorder(4)) is None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("skconv.data.chunks.MAX_STEPS", 2)
        assert resident_steps(rows, BatchIterator(4)) is None
        assert resident_steps(numbered(8), BatchIterator(4)) == 2
        assert resident_steps(rows, BatchIterator(5)) == 2


@pytest.mark.parametrize(
    ("n", "spare", "steps"),
    [(8, 0, 2), (9, 64, 4), (9, 63, None), (17, 128, 8), (17, 127, None), (32, 128, 8)],
)
def test_more_rows_stay_if_the_device_has_memory_of_its_own(monkeypatch, n, spare, steps):
    monkeypatch.setattr("skconv.data.chunks.MAX_STEPS", 2)
    monkeypatch.setattr("skconv.data.chunks.spare_memory", lambda: spare)
    assert resident_steps(numbered(n, width=1), BatchIterator(4)) == steps


@pytest.mark.parametrize(
    ("shape", "epochs"), [((64, 128), MAX_EPOCHS), ((10, 4096), 6), ((10, 10**5), 1)]
)
def test_the_orders_of_large_batches_are_fewer(shape, epochs):
    assert epochs_per_call(shape) == epochs


@pytest.mark.parametrize("shape", [(3, 4), (1, 4), (1, 8)])
def test_chunks_may_have_another_shape(shape):
    rows, iterator = numbered(18), BatchIterator(4)
    found = list(iterate_chunks(rows, None, None, iterator, keep=True, shape=shape))
    assert {chunk.weights.shape for chunk in found} == {shape}
    assert live(found)[0].tolist() == list(range(18))


class Doubling(BatchIterator):
    """A transform that has seen the whole batch."""

    def transform(self, Xb, yb):
        assert len(Xb) == self.batch_size
        return 2 * Xb, yb


@pytest.mark.parametrize("iterator", [BatchIterator, Doubling])
def test_shares_of_batches_make_up_the_batches(iterator):
    rows, options = numbered(22), {"seed": 3, "epoch": 1}
    made = iterator(8, shuffle=True)
    (whole,) = iterate_chunks(rows, np.arange(22), None, made, **options)
    parts = [
        next(iterate_chunks(rows, np.arange(22), None, made, share=(i, 4), **options))
        for i in range(4)
    ]
    assert [part.steps for part in parts] == [whole.steps] * 4
    for name in ("y", "weights", "rows"):
        own = [getattr(part, name) for part in parts]
        np.testing.assert_array_equal(np.concatenate(own, axis=1), getattr(whole, name))
    joined = np.concatenate([part.X["input"] for part in parts], axis=1)
    np.testing.assert_array_equal(joined, whole.X["input"])


def test_of_a_share_no_other_rows_are_read():
    seen = []

    class Noting(Rows):
        def take(self, index):
            seen.extend(index)
            return super().take(index)

    rows = Noting(**vars(numbered(16)))
    list(iterate_chunks(rows, None, None, BatchIterator(8), share=(1, 2)))
    assert seen == [*range(4, 8), *range(12, 16)]
