import numpy as np
import pytest

from skconv.data.host_transform import transform_batch, weigh_targets

X = np.arange(12, dtype=np.float32).reshape(6, 2)
y = np.arange(6, dtype=np.int32)
ONES = np.ones(4, np.float32)
FIRST = np.arange(4)


class Recorder:
    """A transform that remembers how many rows came."""

    def __init__(self, function):
        self.function = function
        self.seen = []

    def __call__(self, Xb, yb):
        self.seen.append(len(yb))
        return self.function(Xb, yb)


def take(index):
    return {"input": X[index]}, y[index]


def twice(Xb, yb):
    return np.repeat(Xb, 2, axis=0), np.repeat(yb, 2)


def test_rows_and_targets_are_changed_together():
    found = transform_batch(lambda Xb, yb: (Xb[:, ::-1] * 2.0, yb + 1), take, FIRST, ONES)
    np.testing.assert_array_equal(found.X["input"], 2 * X[:4, ::-1])
    np.testing.assert_array_equal(found.y, y[:4] + 1)
    np.testing.assert_array_equal(found.rows, FIRST)
    np.testing.assert_array_equal(found.weights, ONES)
    assert found.X["input"].dtype == np.float32
    assert found.y.dtype == np.int32


def test_rows_of_weight_zero_stay_where_their_number_does():
    weights = np.array([1, 2, 0, 0], np.float32)
    transform = Recorder(lambda Xb, yb: (Xb, yb))
    np.testing.assert_array_equal(transform_batch(transform, take, FIRST, weights).weights, weights)
    assert transform.seen == [4]


def test_twice_the_rows_have_their_weight_each():
    found = transform_batch(twice, take, FIRST, 0.5 * ONES)
    np.testing.assert_array_equal(found.X["input"], np.repeat(X[:4], 2, axis=0))
    np.testing.assert_array_equal(found.weights, np.full(8, 0.5))
    assert found.weights.dtype == np.float32


def test_whole_copies_of_a_batch_keep_the_numbers_of_their_rows():
    def copies(Xb, yb):
        return np.concatenate([Xb, Xb]), np.concatenate([yb, yb])

    index = np.array([4, 2, 0, 3])
    assert transform_batch(copies, take, index, ONES).rows.tolist() == [4, 2, 0, 3, 4, 2, 0, 3]
    weights = np.array([1, 1, 1, 0], np.float32)
    found = transform_batch(copies, take, index, weights, 8)
    assert found.rows.tolist() == found.y.tolist() == [4, 2, 0, 4, 2, 0, 4, 2]
    first = transform_batch(lambda Xb, yb: (Xb[:2], yb[:2]), take, index, ONES)
    assert first.rows.tolist() == [4, 2]


@pytest.mark.parametrize(("known", "calls"), [(8, [2]), (None, [4, 2])])
def test_rows_that_fill_up_are_left_out_where_the_number_changes(known, calls):
    transform = Recorder(twice)
    weights = np.array([0.5, 0.5, 0, 0], np.float32)
    found = transform_batch(transform, take, np.array([4, 5, 0, 1]), weights, known)
    assert transform.seen == calls
    assert found.y.tolist() == [4, 4, 5, 5, 4, 4, 5, 5]
    np.testing.assert_array_equal(found.X["input"], X[found.y])
    assert found.weights.tolist() == [0.5] * 4 + [0] * 4


def test_fewer_rows_fill_up_from_their_first():
    weights = np.array([1, 1, 1, 0], np.float32)
    found = transform_batch(lambda Xb, yb: (Xb[1:], yb[1:]), take, FIRST, weights)
    assert found.y.tolist() == [1, 2, 1]
    assert found.weights.tolist() == [1, 1, 0]


def test_several_outputs_and_inputs():
    def swap(Xb, yb):
        return {"a": Xb["b"], "b": Xb["a"]}, (yb[1], yb[0] + 1)

    found = transform_batch(swap, lambda i: ({"a": X[i], "b": -X[i]}, (y[i], y[i])), FIRST, ONES)
    np.testing.assert_array_equal(found.X["a"], -X[:4])
    np.testing.assert_array_equal(found.y[1], y[:4] + 1)


def test_without_targets_there_are_none():
    found = transform_batch(lambda Xb, yb: (Xb, yb), lambda i: ({"a": X[i]}, None), FIRST, ONES)
    assert found.y is None


@pytest.mark.parametrize(
    ("transform", "weights", "rows", "message"),
    [
        (lambda Xb, yb: Xb, ONES, None, r"^transform must return \(Xb, yb\), got ndarray$"),
        (lambda Xb, yb: None, ONES, None, r"must return \(Xb, yb\), got NoneType$"),
        (
            lambda Xb, yb: (Xb[:3], yb),
            ONES,
            None,
            r"at least one row, and one target for each row, got arrays of shape \(3, 2\), \(4,\)$",
        ),
        (lambda Xb, yb: (Xb[:0], yb[:0]), ONES, None, r"got arrays of shape \(0, 2\), \(0,\)$"),
        (twice, ONES, 4, r"^transform must return 4 rows for a batch of 4, got 8$"),
        (
            twice,
            np.array([1, 2, 1, 1], np.float32),
            None,
            r"^transform must keep the number of rows if sample_weight or class_weight gives them "
            r"different weights, got 8 for a batch of 4$",
        ),
        (
            twice,
            np.array([1, 1, 1, 0], np.float32),
            5,
            r"^transform must not return more rows for a smaller batch, got 6 for 3 rows and 5 "
            r"for 4$",
        ),
    ],
)
def test_what_cannot_be_right(transform, weights, rows, message):
    with pytest.raises(ValueError, match=message):
        transform_batch(transform, take, FIRST, weights, rows)


def test_targets_keep_their_shape():
    numbers = np.zeros((6, 3), np.float32)
    with pytest.raises(ValueError, match=r"targets with rows of shape \(3,\), got \(2,\)$"):
        transform_batch(
            lambda Xb, yb: (Xb, yb[:, :2]), lambda i: ({"a": X[i]}, numbers[i]), FIRST, ONES
        )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda X, y: (X, y + 0.5), "classes as integers, or as probabilities .* got 0.5 in yb"),
        (lambda X, y: (X, y * np.nan), "classes as integers, or as probabilities .* got nan in yb"),
        (lambda X, y: (X, y.astype(str) + "a"), "an array of numbers as yb, got dtype <U"),
        (lambda X, y: (X, None), "an array of numbers as yb, got None"),
        (lambda X, y: (np.full(len(X), "a"), y), "an array of numbers as Xb, got dtype <U1"),
    ],
)
def test_transforms_must_return_numbers(change, message):
    rows, classes = np.zeros((4, 2), np.float32), np.arange(4, dtype=np.int32)

    def take(index):
        return {"a": rows[index]}, classes[index]

    with pytest.raises(ValueError, match=f"^transform must return {message}"):
        transform_batch(change, take, np.arange(4), np.ones(4, np.float32))


def test_classes_may_come_back_as_floats():
    def take(index):
        return {"a": np.zeros((4, 2), np.float32)}, np.arange(4, dtype=np.int32)

    batch = transform_batch(lambda X, y: (X, y * 1.0), take, np.arange(4), np.ones(4, np.float32))
    assert batch.y.dtype == np.int32
    assert batch.y.tolist() == [0, 1, 2, 3]


def test_a_smaller_batch_may_return_as_many_rows_as_a_whole_one():
    def three(Xb, yb):
        return np.resize(Xb, (3, 2)), np.resize(yb, 3)

    weights = np.array([1, 1, 0, 0], np.float32)
    found = transform_batch(three, take, np.array([4, 5, 0, 1]), weights, 3)
    assert found.y.tolist() == [4, 5, 4]
    assert found.weights.tolist() == [1, 1, 1]


@pytest.mark.parametrize("transform", [lambda Xb, yb: (Xb, yb), twice])
def test_targets_have_the_weights_of_their_rows(transform):
    own = np.linspace(0, 1, 6), np.arange(12.0).reshape(6, 2)
    index = np.array([4, 2, 5, 3])
    batch = transform_batch(transform, take, index, ONES)
    if transform is twice:
        with pytest.raises(ValueError, match="their targets different weights, got 8 for a batch"):
            weigh_targets(batch, own, index)
        own = np.r_[1.0, 1, 3, 3, 3, 3], np.ones((6, 2))
    found = weigh_targets(batch, own, index)
    np.testing.assert_array_equal(found.y.values, batch.y)
    for weights, given in zip(found.y.weights, own, strict=True):
        np.testing.assert_array_equal(weights, given[batch.y])
