import re

import jax.numpy as jnp
import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.base import BaseEstimator

from skconv.data.inputs import check_rows, row_shapes
from skconv.data.rows import Inputs
from skconv.errors import ProblemsError

TABLE = np.arange(12.0).reshape(4, 3)


class Estimator(BaseEstimator):
    pass


def rows_of(X, **options):
    return check_rows(Estimator(), X, reset=True, **options)


def raises(message, kind=ValueError):
    return pytest.raises(kind, match=re.escape(message))


TABLES = {
    "list": TABLE.tolist(),
    "tuple": tuple(map(tuple, TABLE)),
    "float64": TABLE,
    "float16": TABLE.astype(np.float16),
    "int64": TABLE.astype(int),
    "object": TABLE.astype(object),
    "fortran": np.asfortranarray(TABLE),
    "jax": jnp.asarray(TABLE, jnp.float32),
    "pandas": pd.DataFrame(TABLE, columns=list("abc")),
    "polars": pl.DataFrame(TABLE, schema=list("abc")),
    **{kind: sparse.csr_matrix(TABLE).asformat(kind) for kind in ("csr", "csc", "coo", "lil")},
    **{kind: sparse.csr_array(TABLE).asformat(kind) for kind in ("dok", "bsr", "dia")},
    "dok_matrix": sparse.dok_matrix(TABLE),
}


@pytest.mark.parametrize("kind", TABLES)
def test_tables_of_any_kind_become_float32_rows(kind):
    estimator = Estimator()
    rows = check_rows(estimator, TABLES[kind], reset=True)
    assert len(rows) == 4
    assert rows.shapes == {None: (3,)}
    assert rows.all().dtype == np.float32
    np.testing.assert_array_equal(rows.all(), TABLE)
    assert estimator.n_features_in_ == 3
    assert hasattr(estimator, "feature_names_in_") == (kind in ("pandas", "polars"))


@pytest.mark.parametrize("dtype", [np.float32, np.uint8])
def test_types_of_the_device_are_kept_without_a_copy(dtype):
    X = np.arange(24, dtype=dtype).reshape(2, 3, 2, 2)
    rows = rows_of(X)
    assert rows.all().dtype == dtype
    assert np.shares_memory(rows.arrays[None], X)


@pytest.mark.parametrize("make", [np.asarray, np.ndarray.tolist, jnp.asarray])
def test_arrays_of_many_axes_keep_their_shape(make):
    X = np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2)
    estimator = Estimator()
    rows = check_rows(estimator, make(X), reset=True)
    assert rows.shapes == {None: (3, 2, 2)}
    assert estimator.n_features_in_ == 12
    np.testing.assert_array_equal(rows.all(), X)
    assert rows.row_bytes() == 48


def test_a_file_in_memory_is_read_where_it_is(tmp_path):
    X = np.memmap(tmp_path / "X", np.float32, "w+", shape=(4, 2, 3))
    X[:] = np.arange(24).reshape(4, 2, 3)
    rows = rows_of(X)
    assert np.shares_memory(rows.arrays[None], X)
    np.testing.assert_array_equal(rows.take(np.array([1]))[None], X[[1]])


def test_several_inputs_come_as_a_dict():
    X = {"image": np.zeros((4, 1, 2, 2), np.uint8), "table": sparse.dok_matrix(TABLE)}
    rows = rows_of(X)
    assert len(rows) == 4
    assert rows.shapes == {"image": (1, 2, 2), "table": (3,)}
    assert rows.row_bytes() == 4 + 12
    found = rows.all()
    assert found["image"].shape == (4, 1, 2, 2)
    np.testing.assert_array_equal(found["table"], TABLE)
    again = rows.like({name: 2 * array for name, array in found.items()})
    np.testing.assert_array_equal(again.all()["table"], 2 * TABLE)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([[1.0, np.nan]], "Input X contains NaN."),
        ([[1.0, np.inf]], "Input X contains infinity or a value too large for dtype('float32')."),
        ([["a", "b"]], "could not convert string to float"),
        (np.ones(3), "Expected 2D array, got 1D array instead"),
        (np.ones((0, 3)), "Found array with 0 sample(s) (shape=(0, 3)) while a minimum of 1"),
        (np.ones((0, 3, 2)), "Found array with 0 sample(s) (shape=(0, 6)) while a minimum of 1"),
        (np.ones((3, 0, 2)), "Found array with 0 feature(s) (shape=(3, 0)) while a minimum of 1"),
        ([[1.0], [1.0, 2.0]], "inhomogeneous shape"),
        ({"a": [[np.nan]]}, "Input X['a'] contains NaN."),
        (
            {"a": [[1.0]], "b": [[1.0], [2.0]]},
            "the arrays of X must have the same length, got {'a': 1, 'b': 2}",
        ),
    ],
)
def test_faults_are_named(X, message):
    with raises(message):
        rows_of(X)


def test_all_faults_of_a_dict_are_told_at_once():
    message = r"(?s)^2 problems:\n - Input X\['a'\] contains NaN.*\n - Input X\['b'\] contains inf"
    with pytest.raises(ProblemsError, match=message):
        rows_of({"a": [[np.nan]], "b": [[np.inf]]})


def test_the_search_for_nan_can_be_left_out():
    assert np.isnan(rows_of([[np.nan, 1.0]], check=False).all()[0, 0])
    assert np.isnan(rows_of({"a": [[np.nan]]}, check=False).all()).all()


def test_another_number_of_features_than_in_fit_is_refused():
    estimator = Estimator()
    check_rows(estimator, np.ones((2, 1, 2, 3)), reset=True)
    check_rows(estimator, np.ones((2, 6)), reset=False)
    with raises("X has 5 features, but Estimator is expecting 6 features as input."):
        check_rows(estimator, np.ones((2, 5)), reset=False)


def test_the_shapes_of_rows_can_be_read_before_the_check():
    assert row_shapes(np.full((2, 3, 4), np.nan)) == {None: (3, 4)}
    assert row_shapes({"a": [[1, 2]], "b": np.ones(3)}) == {"a": (2,)}
    assert row_shapes(sparse.dok_matrix(TABLE)) == {None: (3,)}
    assert row_shapes(np.ones((3, 0))) == {}


def test_each_flattened_input_has_its_own_order():
    images = np.arange(48.0).reshape(2, 2, 4, 3)
    flat = images.reshape(2, -1)
    rows = rows_of({"first": flat, "last": flat}, data_format={"last": "channels_last"})
    shape = (None, 3, 2, 4)
    found = rows.arrange(Inputs({"first": shape, "last": shape})).all()
    np.testing.assert_array_equal(found["last"], np.moveaxis(images, -1, 1))
    np.testing.assert_array_equal(found["first"], images.reshape(2, 3, 2, 4))
    sequences = rows_of(flat, data_format="channels_last").arrange(Inputs({"input": (None, 6, 4)}))
    np.testing.assert_array_equal(sequences.all(), flat.reshape(2, 6, 4))
