import numpy as np
import pytest
from sklearn.model_selection import KFold, ShuffleSplit, cross_val_predict
from sklearn.utils import _safe_indexing, indexable

from skconv.preprocessing import RowView, SliceDict
from skconv.preprocessing.row_view import read_whole, view_rows

from ..late import Sorted
from ..nets import X as ROWS
from ..nets import make_net, y

WHOLE = np.arange(24.0).reshape(6, 2, 2)


INDICES = ([4, 1, 1], slice(4, 1, -1), [True, False] * 3, np.array([-1, 0]), np.array([], int))


def test_rows_of_rows_are_views():
    source = Sorted(WHOLE)
    view = RowView(source)
    assert (view.shape, view.ndim, view.dtype, len(view)) == ((6, 2, 2), 3, np.float64, 6)
    for index in INDICES:
        part, expected = view[index], WHOLE[index]
        assert isinstance(part, RowView)
        assert part.shape == expected.shape
        assert source.read == 0
        np.testing.assert_array_equal(np.asarray(part), expected)
        np.testing.assert_array_equal(np.asarray(part[::-1]), expected[::-1])
        source.read = 0
    np.testing.assert_array_equal(view[4:][1], WHOLE[5])
    np.testing.assert_array_equal(view[[1, 2]][:, 0], WHOLE[1:3, 0])
    assert np.asarray(view, np.float32).dtype == np.float32
    assert repr(view[:2]) == "RowView(<float64 of shape (2, 2, 2)>)"


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ([6], r"^row 6 is out of range for 6 rows"),
        ([True, False], r"^rows must be a slice, indices or a mask of 6 values, got bool"),
        ([0.5], r"^rows must be a slice, indices or a mask of 6 values, got float64"),
        ([[1]], r"^rows must be a slice, indices or a mask of 6 values, got int64 of shape \(1, 1"),
    ],
)
def test_other_rows_are_refused(key, message):
    with pytest.raises(IndexError, match=message):
        RowView(WHOLE)[key]


def test_what_is_not_an_array_is_refused():
    with pytest.raises(TypeError, match=r"^X must be an array with shape, dtype and __getitem__, "):
        RowView([[1, 2]])
    with pytest.raises(TypeError, match=r"^X must have a dtype that NumPy knows, got None"):
        RowView(type("Odd", (), {"shape": (2,), "__getitem__": None})())
    with pytest.raises(ValueError, match="copy=False"):
        np.array(RowView(WHOLE), copy=False)


def test_scikit_learn_splits_views_without_reading():
    source = Sorted(ROWS)
    view, _ = indexable(RowView(source), y)
    for train, _ in [*KFold(3).split(view), *ShuffleSplit(1).split(view)]:
        assert isinstance(_safe_indexing(view, train), RowView)
    assert source.read == 0


def test_folds_of_a_view_predict_as_those_of_the_array(monkeypatch):
    monkeypatch.setattr(RowView, "__array__", None)
    net, source = make_net(max_epochs=1), Sorted(ROWS)
    expected = cross_val_predict(net, ROWS, y, cv=2, method="predict_proba")
    found = cross_val_predict(net, RowView(source), y, cv=2, method="predict_proba")
    np.testing.assert_array_equal(found, expected)


def test_arrays_in_files_and_late_ones_are_viewed(tmp_path):
    mapped = np.memmap(tmp_path / "X", np.float32, "w+", shape=(6, 2))
    for X in (mapped, Sorted(WHOLE)):
        assert isinstance(view_rows(X), RowView)
        assert view_rows(view_rows(X)).X is X
    assert view_rows(WHOLE) is WHOLE
    parts = view_rows(SliceDict(a=WHOLE, b=mapped))
    assert isinstance(parts, SliceDict)
    assert (parts["a"] is WHOLE, type(parts["b"])) == (True, RowView)
    assert isinstance(parts[[0, 2]]["b"], RowView)


def test_targets_are_read_as_a_whole():
    late = Sorted(np.arange(3))
    for given in (late, {"a": late}, [late, [1, 2, 3]]):
        found = read_whole(given)
        own = found if given is late else found["a"] if isinstance(given, dict) else found[0]
        assert own.tolist() == [0, 1, 2]
        assert type(own) is np.ndarray
    assert read_whole([1, 2]) == [1, 2]
