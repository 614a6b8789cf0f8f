import numpy as np
import pytest

from skconv.targets.classes import Classes
from skconv.targets.numbers import Numbers
from skconv.visualize.report_targets import compare

LETTERS = Classes(np.array(["a", "b"]))


def objects(*rows):
    found = np.empty(len(rows), object)
    found[:] = rows
    return found


def test_ignored_targets_and_predictions_that_are_not_finite_do_not_count():
    true, predicted = compare(
        Numbers((), ignored=-1.0), [1, -1, 3, 4], np.array([1, 2, np.nan, 5])
    ).flat()
    assert (true.tolist(), predicted.tolist()) == ([1, 4], [1, 5])
    true, predicted = compare(
        Classes(np.array(["a", "b"]), ignored="?"), ["a", "?"], np.array(["b", "b"])
    ).flat()
    assert (true.tolist(), predicted.tolist()) == (["a"], ["b"])


def test_rows_may_differ_in_shape():
    tags = Classes(np.array(["a", "b"]), positions=(1,))
    true = objects(np.array(["a"]), np.array(["a", "b"]))
    predicted = objects(np.array(["b"]), np.array(["a", "a"]))
    flat = compare(tags, true, predicted).flat()
    assert [part.tolist() for part in flat] == [["a", "a", "b"], ["b", "a", "a"]]


def test_what_has_another_size_is_not_comparable():
    assert compare(Numbers(()), [1.0, 2.0], np.zeros((2, 3))) is None
    times = np.zeros(2, [("event", bool), ("time", float)])
    assert compare(Numbers(()), times, np.zeros(2)) is None


@pytest.mark.parametrize("true", [[0, 1], [["a", "b"], ["b", "a"]]])
def test_other_labels_and_shapes_are_told(true):
    with pytest.raises(ValueError, match=r"^y must have "):
        compare(LETTERS, true, np.array(["a", "b"]))
