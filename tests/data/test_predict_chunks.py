import numpy as np
import pytest
from scipy import sparse

from skconv.data.iterators import BatchIterator
from skconv.data.predict_chunks import iterate_in_order, predict_shape
from skconv.data.rows import Rows


@pytest.mark.parametrize(
    ("n", "size", "row_bytes", "shape"),
    [
        (1, 128, 100, (1, 1)),
        (2, 128, 100, (1, 8)),
        (8, 128, 100, (1, 8)),
        (9, 128, 100, (16, 128)),
        (1, 1, 100, (16, 1)),
        (5, 8, 100, (16, 8)),
        (5, 4, 100, (16, 4)),
        (9, 128, 40_000, (1, 128)),
        (9, 128, 2**14, (2, 128)),
        (9, 128, 2**30, (1, 128)),
    ],
)
def test_few_rows_are_predicted_in_small_batches(n, size, row_bytes, shape):
    assert predict_shape(n, size, row_bytes) == shape


def numbered(n):
    return Rows({"a": np.arange(n, dtype=np.float32)[:, None]}, {"a": (1,)})


@pytest.mark.parametrize("n", [1, 3, 4, 7, 12, 13, 30])
def test_chunks_hold_all_rows_in_order(n):
    found = list(iterate_in_order(numbered(n), BatchIterator(4), (3, 4)))
    assert all(X["a"].shape == (3, 4, 1) for X, _ in found)
    flat = np.concatenate([X["a"][:steps].ravel() for X, steps in found])
    assert flat[:n].tolist() == list(range(n))
    assert len(flat) == -(-n // 4) * 4
    last = (n - 1) // 12 * 12  # the first row of the last chunk
    assert flat[n:].tolist() == np.resize(np.arange(last, n), len(flat) - n).tolist()


def test_whole_chunks_are_views():
    rows = numbered(12)
    ((X, _),) = iterate_in_order(rows, BatchIterator(4), (3, 4))
    assert np.shares_memory(X["a"], rows.arrays["a"])


def test_subsets_and_sparse_rows():
    index = np.array([5, 1, 3])
    ((X, _),) = iterate_in_order(numbered(9).subset(index), BatchIterator(4), (1, 4))
    assert X["a"].ravel().tolist() == [5, 1, 3, 5]
    table = Rows({"a": sparse.csr_matrix(np.eye(3, dtype=np.float32))}, {"a": (3,)})
    ((X, _),) = iterate_in_order(table, BatchIterator(1), (3, 1))
    assert X["a"][:, 0].tolist() == np.eye(3).tolist()


def test_transforms_get_batches_of_the_shape():
    class Negate(BatchIterator):
        def transform(self, Xb, yb):
            assert len(Xb) == 2
            return -Xb, yb

    found = list(iterate_in_order(numbered(5), Negate(8), (2, 2)))
    assert [steps for _, steps in found] == [2, 1]
    assert np.concatenate([X["a"].ravel() for X, _ in found])[:5].tolist() == [0, -1, -2, -3, -4]
