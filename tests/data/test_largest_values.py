import numpy as np
from scipy import sparse

from skconv.data import largest_values as module
from skconv.data.largest_values import largest_values
from skconv.data.ragged_rows import RaggedRows
from skconv.data.rows import ChannelsLast, Rows

X = np.random.default_rng(0).integers(0, 50, (23, 6))


def test_each_position_has_its_own(monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 30)  # five rows at a time
    found = largest_values(Rows({"a": X, "b": sparse.csr_array(X)}, {"a": (6,), "b": (2, 3)}))
    np.testing.assert_array_equal(found["a"], X.max(axis=0))
    np.testing.assert_array_equal(found["b"], X.max(axis=0))


def test_other_rows_do_not_count():
    rows = Rows({None: X}, {None: (6,)}).subset(np.array([4, 2]))
    np.testing.assert_array_equal(largest_values(rows)[None], X[[2, 4]].max(axis=0))


def test_positions_are_those_of_channels_first():
    rows = Rows({None: ChannelsLast(X, (3, 2))}, {None: (2, 3)})
    expected = X.max(axis=0).reshape(3, 2).T.ravel()
    np.testing.assert_array_equal(largest_values(rows)[None], expected)


def test_rows_of_several_shapes_have_one_for_all():
    groups = [Rows({None: part}, {None: part.shape[1:]}) for part in (X[:3, :2], X[3:])]
    rows = RaggedRows.of(groups, [np.arange(3), np.arange(3, 23)])
    expected = max(X[:3, :2].max(), X[3:].max())
    np.testing.assert_array_equal(largest_values(rows)[None], [expected])


def test_nan_is_left_out():
    found = largest_values(Rows({None: np.array([[np.nan, 2], [np.nan, np.nan]])}, {None: (2,)}))
    np.testing.assert_array_equal(found[None], [0, 2])
