import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse

from skconv.utils.row_containers import has_names, object_array, select_rows

ROWS = np.arange(6).reshape(3, 2)


@pytest.mark.parametrize("rows", [np.array([2, 0]), slice(1, None), np.array([], int)])
@pytest.mark.parametrize(
    "make",
    [
        np.array,
        np.ndarray.tolist,
        pd.DataFrame,
        pl.DataFrame,
        sparse.csr_array,
        sparse.coo_array,
        sparse.dok_matrix,
    ],
    ids=lambda make: make.__name__,
)
def test_rows_are_selected_in_each_container(make, rows):
    found = select_rows(make(ROWS), rows)
    kind = sparse.sparray | sparse.spmatrix if sparse.issparse(found) else type(make(ROWS))
    assert isinstance(found, kind)
    found = found.toarray() if sparse.issparse(found) else np.array(found)
    np.testing.assert_array_equal(found.reshape(-1, 2), ROWS[rows])


def test_a_slice_of_an_array_is_a_view():
    assert np.shares_memory(select_rows(ROWS, slice(1, 2)), ROWS)


def test_dicts_have_names_but_sparse_matrices_do_not():
    assert has_names({"image": ROWS})
    assert not any(map(has_names, [ROWS, [ROWS], sparse.dok_matrix(ROWS), pd.DataFrame(ROWS)]))


@pytest.mark.parametrize("elements", [[ROWS, ROWS], [ROWS, ROWS[1:]], [1, "a"], []])
def test_objects_stay_objects(elements):
    found = object_array(elements)
    assert (found.dtype, found.shape) == (object, (len(elements),))
    assert all(one is other for one, other in zip(found, elements, strict=True))
