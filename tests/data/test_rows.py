"""Rows are selected without copies, and take the shapes of the input layers."""

import re

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import BaseEstimator

from skconv.data.inputs import check_rows
from skconv.data.rows import Inputs, Rows
from skconv.errors import ProblemsError

TABLE = np.arange(12.0).reshape(4, 3)


class Estimator(BaseEstimator):
    pass


def rows_of(X, **options):
    return check_rows(Estimator(), X, reset=True, **options)


def raises(message):
    return pytest.raises(ValueError, match=re.escape(message))


@pytest.mark.parametrize("make", [sparse.csc_matrix, sparse.dok_array, sparse.dok_matrix])
def test_sparse_rows_stay_sparse_until_they_are_taken(make):
    rows = rows_of(make(TABLE))
    assert rows.arrays[None].format == "csr"
    taken = rows.take(np.array([2, 0, 2]))[None]
    assert isinstance(taken, np.ndarray)
    np.testing.assert_array_equal(taken, TABLE[[2, 0, 2]])
    np.testing.assert_array_equal(rows.subset(np.array([3, 1])).all(), TABLE[[3, 1]])


def test_taken_rows_are_copies():
    X = np.ones((3, 2), np.float32)
    rows = rows_of(X)
    rows.take(np.array([0, 1]))[None][:] = 5
    rows.all()[:] = 5
    assert (X == 1).all()


def test_rows_like_others_have_their_shape():
    rows = rows_of(TABLE).arrange(Inputs({"input": (None, 1, 3)}))
    again = rows.like(rows.all() + 1)
    np.testing.assert_array_equal(again.all(), (TABLE + 1).reshape(4, 1, 3))


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ((6,), (1, 2, 3)),
        ((6,), (6,)),
        ((2, 3), (1, 2, 3)),
        ((2, 3, 1), (1, 2, 3)),
        ((1, 2, 3), (2, 3)),
        ((1, 6), (6,)),
    ],
)
def test_rows_take_a_shape_of_as_many_values_in_the_same_order(given, wanted):
    X = np.arange(12.0, dtype=np.float32).reshape(2, *given)
    found = rows_of(X).arrange(Inputs({"input": (None, *wanted)}))
    assert found.shapes == {"input": wanted}
    np.testing.assert_array_equal(found.take(np.arange(2))["input"], X.reshape(2, *wanted))


@pytest.mark.parametrize(
    ("given", "wanted", "message"),
    [
        ((5,), (1, 2, 3), "X must have shape (n, 1, 2, 3) for the input layer 'input', got (n, 5)"),
        (
            (3, 2),
            (1, 2, 3),
            "X must have shape (n, 1, 2, 3) for the input layer 'input', got (n, 3, 2)",
        ),
        (
            (8, 9, 3),
            (3, 8, 9),
            "X must have shape (n, 3, 8, 9) for the input layer 'input', got (n, 8, 9, 3); "
            "images are channels first: X.transpose(0, 3, 1, 2), "
            "or set data_format='channels_last'",
        ),
    ],
)
def test_rows_refuse_another_shape(given, wanted, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        rows_of(np.ones((2, *given))).arrange(Inputs({"input": (None, *wanted)}))


def test_all_inputs_have_the_shapes_of_their_layers():
    rows = rows_of({"image": np.ones((2, 4)), "table": np.ones((2, 4))})
    message = (
        "2 problems:\n"
        " - X must have shape (n, 3) for the input layer 'image', got (n, 4)\n"
        " - X must have shape (n, 5) for the input layer 'table', got (n, 4)"
    )
    with pytest.raises(ProblemsError, match=f"^{re.escape(message)}$"):
        rows.arrange(Inputs({"image": (None, 3), "table": (None, 5)}))


def test_rows_know_their_own_size():
    rows = Rows({"a": np.zeros((5, 6), np.uint8)}, {"a": (1, 2, 3)})
    assert (len(rows), rows.row_bytes()) == (5, 6)


def test_rows_that_will_change_wait_with_their_shape():
    rows = rows_of(TABLE).arrange(Inputs({"input": (None, 1, 2)}), changed=True)
    assert rows.shapes == {"input": (3,)}
    assert rows.row_bytes() == 8
    assert rows.subset(np.arange(2)).into == {"input": (1, 2)}
    found = rows.enter({"input": TABLE[:, :2]})
    np.testing.assert_array_equal(found["input"], TABLE[:, None, :2])
    message = (
        "the transformed batch must have shape (n, 1, 2) for the input layer 'input', got (n, 3)"
    )
    with raises(message):
        rows.enter({"input": TABLE})


def test_channels_last_are_moved_when_rows_are_taken():
    X = np.arange(48, dtype=np.uint8).reshape(2, 2, 4, 3)
    rows = rows_of(X, data_format="channels_last")
    assert rows.shapes == {None: (3, 2, 4)}
    assert np.shares_memory(rows.arrays[None].array, X)
    expected = X.transpose(0, 3, 1, 2)
    np.testing.assert_array_equal(rows.all(), expected)
    assert rows.all().dtype == np.uint8
    arranged = rows.subset(np.array([1])).arrange(Inputs({"input": (None, 3, 2, 4)}))
    np.testing.assert_array_equal(arranged.take(slice(1))["input"], expected[1:])
    np.testing.assert_array_equal(arranged.like(expected).all(), expected)
    assert rows.row_bytes() == 24


def test_flat_rows_have_the_same_order_as_images():
    images = np.arange(48, dtype=np.float32).reshape(2, 2, 4, 3)
    for X in (images.reshape(2, -1), sparse.csr_matrix(images.reshape(2, -1))):
        rows = rows_of(X, data_format="channels_last").arrange(Inputs({"input": (None, 3, 2, 4)}))
        np.testing.assert_array_equal(rows.all(), images.transpose(0, 3, 1, 2))
        table = rows_of(X, data_format="channels_last").arrange(Inputs({"input": (None, 24)}))
        np.testing.assert_array_equal(table.all(), images.reshape(2, -1))


def test_a_file_in_memory_is_moved_where_it_is_read(tmp_path):
    X = np.memmap(tmp_path / "X", np.float32, "w+", shape=(4, 2, 5, 3))
    X[:] = np.arange(120).reshape(4, 2, 5, 3)
    rows = rows_of(X, data_format="channels_last")
    assert np.shares_memory(rows.arrays[None].array, X)
    assert rows.are_elsewhere
    assert not rows_of(np.array(X), data_format="channels_last").are_elsewhere
    np.testing.assert_array_equal(rows.take(np.array([1]))[None], X.transpose(0, 3, 1, 2)[[1]])


def test_each_input_has_its_own_format():
    X = {"image": np.ones((2, 4, 5, 3)), "table": np.ones((2, 7)), "times": np.ones((2, 6, 4))}
    assert rows_of(X, data_format="channels_last").shapes["times"] == (4, 6)
    rows = rows_of(X, data_format={"image": "channels_last"})
    assert rows.shapes == {"image": (3, 4, 5), "table": (7,), "times": (6, 4)}
    only = rows_of(X["image"], data_format={"image": "channels_last"})
    assert only.shapes == {None: (3, 4, 5)}
    message = (
        "data_format must have names of inputs in X as keys, got 'imag'. Did you mean 'image'?"
    )
    with raises(message):
        rows_of(X, data_format={"imag": "channels_last"})


def test_images_with_channels_first_are_told_of():
    message = (
        "X must have shape (n, height, width, channels) with data_format='channels_last', "
        "got (n, 3, 32, 32)"
    )
    with raises(message):
        rows_of(np.ones((2, 3, 32, 32)), data_format="channels_last")


def test_another_shape_is_told_in_the_format_of_x():
    rows = rows_of(np.ones((2, 8, 9, 3)), data_format="channels_last")
    message = (
        "X must have shape (n, 9, 9, 3) for the input layer 'input' and "
        "data_format='channels_last', got (n, 8, 9, 3)"
    )
    with raises(message):
        rows.arrange(Inputs({"input": (None, 3, 9, 9)}))


@pytest.mark.parametrize(
    ("shape", "row", "message"),
    [
        (
            (3, 8, 9),
            (3, 8, 9),
            "for the input layer 'input', got (3, 8, 9); give a single image as X[None]",
        ),
        (
            (8, 9),
            (1, 8, 9),
            "(n, 1, 8, 9) for the input layer 'input', got (8, 9); give a single image as X[None]",
        ),
        (
            (15, 4),
            (15, 4),
            "for the input layer 'input', got (15, 4); give a single sequence as X[None]",
        ),
        ((8, 9, 3), (3, 8, 9), "got (8, 9, 3); give a single image as X.transpose(2, 0, 1)[None]"),
        ((5, 8, 9), (3, 8, 9), "got (5, 8, 9); the net takes images of 3 channels"),
        (
            (5, 3, 8, 8),
            (3, 8, 9),
            "X must have shape (n, 3, 8, 9) for the input layer 'input', got (5, 3, 8, 8)",
        ),
    ],
)
def test_single_samples_and_other_sizes_are_told_from_the_known_shape(shape, row, message):
    estimator = Estimator()
    check_rows(estimator, np.ones((2, *row)), reset=True)
    with raises(message):
        check_rows(estimator, np.ones(shape), reset=False, expected={"input": row})
    with raises("X['a'] must have shape "):
        check_rows(estimator, {"a": np.ones(shape)}, reset=False, expected={"a": row})


def test_a_single_image_with_channels_last_is_told_of_as_well():
    with raises("(n, 8, 9, 3) for the input layer 'input', got (8, 9, 3); give a single image as"):
        rows_of(np.ones((8, 9, 3)), data_format="channels_last", expected={"input": (3, 8, 9)})


def test_transformed_and_split_rows_are_checked():
    rows = rows_of(TABLE).arrange(Inputs({"input": (None, 3)}), changed=True)
    batch = TABLE.astype(np.float32)
    batch[2, 1] = np.nan
    message = "must hold finite numbers for the input layer 'input', got nan in row 2"
    with raises("the transformed batch " + message):
        rows.enter({"input": batch})
    with raises("the rows of a split " + message):
        rows.like(batch)
    unchecked = rows_of(TABLE, check=False).arrange(Inputs({"input": (None, 3)}), changed=True)
    assert np.isnan(unchecked.enter({"input": batch})["input"][2, 1])
    assert np.isnan(unchecked.like(batch).all()[2, 1])


def test_transformed_rows_hold_indices_in_range():
    taken = [(np.array([0, 2]), 3, "layer 'words' (EmbeddingLayer)", "")]
    inputs = Inputs({"input": (None, 3)}, {"input": taken})
    rows = rows_of(TABLE).arrange(inputs, changed=True).subset(np.arange(2))
    batch = np.float32([[2, 9.5, 0], [1, -1, 2]])
    np.testing.assert_array_equal(rows.enter({"input": batch})["input"], batch)
    batch[1, 2] = 3
    with raises("the transformed batch must hold integers from 0 to 2 where layer 'words' (Emb"):
        rows.enter({"input": batch})
