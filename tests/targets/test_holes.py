import numpy as np
import pandas as pd
import pytest

from skconv.targets.holes import fill_holes, is_known, is_label, mark_holes


@pytest.mark.parametrize(
    ("y", "ignored", "filled", "holes"),
    [
        ([1.5, np.nan, 2.0], np.nan, [1.5, 1.5, 2.0], [0, 1, 0]),
        (["a", None, "b"], np.nan, ["a", "a", "b"], [0, 1, 0]),
        (["a", float("nan"), "b"], np.nan, ["a", "a", "b"], [0, 1, 0]),
        (pd.Series([1, None, 3], dtype="Int64"), np.nan, [1, 1, 3], [0, 1, 0]),
        (pd.Series(["a", None, "a"], dtype="category"), np.nan, ["a", "a", "a"], [0, 1, 0]),
        (np.array([[0, 255], [3, 4]], np.uint8), 255, [[0, 0], [3, 4]], [[0, 1], [0, 0]]),
        (np.array(["-", "abc"]), "-", ["abc", "abc"], [1, 0]),
        (
            pd.DataFrame({"a": [1.0, np.nan], "b": [2.0, 3.0]}),
            np.nan,
            [[1, 2], [1, 3]],
            [[0, 0], [1, 0]],
        ),
        ([True, None, False], pd.NA, [True, True, False], [0, 1, 0]),
    ],
)
def test_ignored_targets_become_others(y, ignored, filled, holes):
    found, mask = fill_holes(y, ignored)
    assert np.asarray(found).tolist() == filled
    np.testing.assert_array_equal(mask, np.array(holes, bool))


@pytest.mark.parametrize(
    ("y", "ignored"),
    [
        ([1, 2], None),
        ([1, 2], 3),
        (["a", "b"], 3),
        ([1, 2], "a"),
        ([1, 2], np.nan),
        ([[1], [1, 2]], 1),
    ],
)
def test_targets_without_the_value_stay_as_they_are(y, ignored):
    found, holes = fill_holes(y, ignored)
    assert found is y
    assert holes is None


def test_a_default_replaces_targets_that_are_all_ignored():
    found, holes = fill_holes(np.array(["-", "-"]), "-", "long")
    assert found.tolist() == ["long", "long"]
    assert holes.all()


def test_marks_suit_the_dtype():
    holes = np.array([True, False])
    assert mark_holes(np.array([2, 3], np.int32), holes).tolist() == [-1, 3]
    marked = mark_holes(np.array([[2.0], [3.0]], np.float32), holes)
    assert marked.dtype == np.float32
    assert is_known(marked).tolist() == [[False], [True]]
    assert is_known(np.array([-1, 0])).tolist() == [False, True]


def test_labels_are_scalars():
    assert all(map(is_label, (np.nan, 255, "-", True, np.int8(3), pd.NA)))
    assert not any(map(is_label, (None, [1], {"a"}, np.zeros(2), print)))
