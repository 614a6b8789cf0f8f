import threading

import jax.numpy as jnp
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from skconv.preprocessing import SliceDict
from skconv.utils import late_arrays
from skconv.utils.late_arrays import dtype_of, fetch_rows, is_late, is_mapped

from ..late import LATE, Sorted, make_late

TABLE = np.arange(12.0).reshape(4, 3)


@pytest.mark.parametrize("kind", LATE)
def test_arrays_of_libraries_that_read_when_they_are_indexed_are_late(kind, tmp_path):
    X = make_late(kind, TABLE, tmp_path)
    assert is_late(X)
    assert dtype_of(X) == np.float64
    np.testing.assert_array_equal(fetch_rows(X, np.array([3, 0, 3])), TABLE[[3, 0, 3]])


def test_dask_computes_in_the_thread_that_reads_unless_a_scheduler_is_set():
    import dask
    from dask.array import from_array

    threads = set()

    def note(block):
        threads.add(threading.current_thread())
        return block

    whole = from_array(TABLE, chunks=(1, 3))
    X = whole.map_blocks(note, dtype=whole.dtype, meta=TABLE[:0])
    np.testing.assert_array_equal(fetch_rows(X, slice(None)), TABLE)
    assert threads == {threading.current_thread()}
    with dask.config.set(scheduler="threads"):
        fetch_rows(X, slice(None))
    assert len(threads) > 1


@pytest.mark.parametrize(
    "X",
    [
        TABLE,
        jnp.ones((2, 3)),
        TABLE.tolist(),
        pd.DataFrame(TABLE),
        pd.Series([1, 2]),
        pd.array([1, None]),
        pl.DataFrame(TABLE),
        pl.Series([1, 2]),
        sparse.csr_array(TABLE),
        sparse.dok_matrix(TABLE),
        SliceDict(a=TABLE),
        np.float32(3),
        {"a": TABLE},
        "text",
        None,
    ],
    ids=lambda X: type(X).__name__,
)
def test_arrays_in_memory_are_not(X):
    assert not is_late(X)
    assert not is_mapped(X)


def test_a_mapped_file_is_known_by_its_views(tmp_path):
    X = np.memmap(tmp_path / "X", np.float32, "w+", shape=(4, 3))
    assert is_mapped(X)
    assert is_mapped(np.asarray(X)[1:].T)
    assert not is_mapped(X[[0, 1]] + 1)


def test_a_dtype_may_be_named_by_its_library():
    class Named:
        dtype = type("dtype", (), {"numpy_dtype": np.dtype("uint8")})()

    assert dtype_of(Named()) == np.uint8
    assert dtype_of(type("Other", (), {"dtype": "no such"})()) is None


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 199), max_size=60) | st.slices(200),
    st.sampled_from([2 * 8, 20 * 8, 2**20]),
)
def test_rows_come_in_any_order_although_they_are_read_sorted(index, piece):
    whole = np.arange(400).reshape(200, 2)
    index = index if isinstance(index, slice) else np.array(index, int)
    source = Sorted(whole)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(late_arrays, "PIECE_BYTES", piece)
        found = fetch_rows(source, index, np.float32)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, whole[index])
    assert source.largest <= max(1, piece // 16)


def test_neighbors_are_read_as_slices_and_others_as_they_are():
    source = Sorted(np.zeros((1000, 2)))
    fetch_rows(source, np.r_[900:950, 100:200])
    fetch_rows(source, np.random.default_rng(0).permutation(1000)[:800])
    assert set(source.asked) == {slice}
    source.asked.clear()
    fetch_rows(source, np.arange(0, 1000, 100))
    assert set(source.asked) == {np.ndarray}


def test_masked_values_are_refused():
    source = Sorted(np.ma.masked_equal(np.arange(6).reshape(3, 2), 3))
    with pytest.raises(ValueError, match=r"^X must not have masked values; fill them first"):
        fetch_rows(source, slice(None))
