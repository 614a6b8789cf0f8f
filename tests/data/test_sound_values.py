import re
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.base import BaseEstimator

from skconv.data.inputs import check_rows


class Estimator(BaseEstimator):
    pass


def read(X, **options):
    return check_rows(Estimator(), X, **{"reset": True, **options})


def broken(make, attribute, value):
    X = make(np.eye(3))
    getattr(X, attribute)[1] = value
    return X


BROKEN = {
    "csr": broken(sparse.csr_matrix, "indices", 7),
    "csc": broken(sparse.csc_array, "indices", -1),
    "bsr": broken(lambda X: sparse.bsr_matrix(X, blocksize=(1, 1)), "indices", 5),
    "rows": broken(sparse.csr_array, "indptr", 9),
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("check", [True, False])
def test_sparse_indices_out_of_bounds_are_refused(name, check):
    """They would read memory of others, so that no parameter skips this check."""
    with pytest.raises(ValueError, match=r"^X must be a valid sparse matrix of shape \(3, 3\): "):
        read(BROKEN[name], check=check)
    with pytest.raises(ValueError, match=r"^X\['a'\] must be a valid sparse matrix"):
        read({"a": BROKEN[name]}, check=check)


def test_coordinates_out_of_bounds_are_refused():
    X = sparse.coo_array(np.eye(3))
    X.coords[1][0] = 9
    with pytest.raises(ValueError, match=r"of shape \(3, 3\): indices must be from 0 to 2$"):
        read(X)


def test_sparse_arrays_have_two_axes():
    with pytest.raises(ValueError, match=r"^X must have two axes if it is sparse, got shape"):
        read(sparse.coo_array(np.ones((2, 3, 4))))


IDS = np.arange(2**24, 2**24 + 40)
TABLE = np.c_[np.arange(40) % 3, IDS]

ROUNDED = {
    "integers": (TABLE, "1"),
    "floats": (TABLE.astype(float), "1"),
    "lists": (TABLE.tolist(), "1"),
    "shuffled": (np.random.default_rng(0).permutation(TABLE), "1"),
    "pandas": (pd.DataFrame(TABLE, columns=["a", "id"]), "'id'"),
    "polars": (pl.DataFrame(TABLE, schema=["a", "id"]), "'id'"),
    "timestamps": (1.7e9 + np.random.default_rng(0).uniform(0, 600, (40, 1)), "0"),
}


@pytest.mark.parametrize("name", ROUNDED)
def test_columns_that_float32_merges_are_named(name):
    X, column = ROUNDED[name]
    message = (
        rf"^X is converted to float32, which leaves \d+ of 40 distinct values in column {column}"
    )
    with pytest.warns(UserWarning, match=message):
        read(X)


def test_the_rows_tell_that_values_are_lost():
    """Every second integer from 2**24 on has no float32 of its own."""
    with pytest.warns(UserWarning, match="leaves 21 of 40 distinct values in column 1, such as"):
        rows = read(TABLE)
    assert len(np.unique(rows.all()[:, 1])) == 21
    message = "leaves 1 of 2 distinct values in column 0, such as 16777216"
    with pytest.warns(UserWarning, match=message):
        read(IDS[:2, None])


EXACT = {
    "small integers": TABLE - [0, 2**24],
    "large steps": (TABLE - [0, 2**24]) * [1, 2**20],
    "normal": np.random.default_rng(0).normal(size=(3000, 4)),
    "uniform": 1000 + np.random.default_rng(0).uniform(size=(3000, 4)),
    "one whole number": np.r_[1000, 1000 + np.random.default_rng(0).uniform(size=3000)][:, None],
    "float32": TABLE.astype(np.float32),
    "constant": np.full((9, 2), 1e9 + 1),
    "uint8": np.zeros((9, 2), np.uint8),
    "one row": TABLE[:1],
    "sparse": sparse.csr_matrix(TABLE),
}


@pytest.mark.parametrize("name", EXACT)
def test_other_columns_are_taken_without_a_word(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read(EXACT[name])


def test_rounding_is_told_in_fit_only_and_if_asked_for():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read(TABLE, check=False)
        estimator = Estimator()
        check_rows(estimator, TABLE, reset=True, check=False)
        check_rows(estimator, TABLE, reset=False)


def test_each_input_is_named():
    with pytest.warns(UserWarning, match=re.escape("X['table'] is converted to float32")):
        read({"table": TABLE})


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_tables_of_sparse_columns_are_read_as_sparse_matrices(dtype):
    X = sparse.csr_matrix(np.eye(3, dtype=dtype))
    table = pd.DataFrame.sparse.from_spmatrix(X, columns=list("abc"))
    for read_one in (read(table).arrays[None], read({"one": table}).arrays["one"]):
        assert sparse.issparse(read_one)
        np.testing.assert_array_equal(read_one.toarray(), X.toarray())
