import numpy as np
import pandas as pd
import pytest

from skconv.data.shape_groups import group_rows, in_order

ROWS = [np.full((2, n), n) for n in (3, 2, 3, 5)]


def as_objects(rows):
    array = np.empty(len(rows), object)
    array[:] = rows
    return array


@pytest.mark.parametrize(
    "make",
    [
        list,
        tuple,
        as_objects,
        lambda rows: pd.Series(list(rows)),
        lambda r: [a.tolist() for a in r],
    ],
)
def test_rows_are_grouped_by_shape(make):
    groups = group_rows(make(ROWS))
    assert [group.positions.tolist() for group in groups] == [[1], [0, 2], [3]]
    assert [group.X.shape for group in groups] == [(1, 2, 2), (2, 2, 3), (1, 2, 5)]
    assert all((group.X.shape[-1] == group.X).all() for group in groups)


def test_other_inputs_follow_the_rows():
    X = {"image": ROWS, "table": np.arange(8).reshape(4, 2), "frame": pd.DataFrame({"a": range(4)})}
    groups = group_rows(X)
    assert [group.X["table"].tolist() for group in groups] == [[[2, 3]], [[0, 1], [4, 5]], [[6, 7]]]
    assert [group.X["frame"].a.tolist() for group in groups] == [[1], [0, 2], [3]]
    with pytest.raises(ValueError, match=r"same length, got \{'image': 4, 'table': 2\}"):
        group_rows({"image": ROWS, "table": np.zeros((2, 2))})


def test_two_lists_are_grouped_by_both_shapes():
    X = {"a": [[1], [1, 2], [3]], "b": [[1, 2], [1, 2], [3, 4, 5]]}
    assert [group.positions.tolist() for group in group_rows(X)] == [[0], [2], [1]]


def test_types_are_kept_if_all_are_equal():
    uint8 = [np.zeros(n, np.uint8) for n in (1, 2)]
    assert {group.X.dtype for group in group_rows(uint8)} == {np.dtype(np.uint8)}
    mixed = [np.zeros(1, np.uint8), np.zeros(2, np.float32)]
    assert {group.X.dtype for group in group_rows(mixed)} == {np.dtype(np.float32)}


@pytest.mark.parametrize(
    "X",
    [
        np.zeros((3, 2)),
        [[1, 2], [3, 4]],
        [1, 2],
        ["a", "bc"],
        [],
        [["a"], ["b", "c"]],
        [[[1], [2, 3]], [[1]]],
        pd.DataFrame({"a": [1, 2]}),
        None,
    ],
    ids=str,
)
def test_what_is_not_a_list_of_arrays_of_several_shapes(X):
    assert group_rows(X) == []


def test_results_are_put_in_order():
    groups = group_rows(ROWS)
    widths = in_order(groups, [group.X[:, 0, 0] for group in groups])
    assert widths.tolist() == [3, 2, 3, 5]
    labels = in_order(groups, [np.array(["x" * g.X.shape[-1]] * len(g.X)) for g in groups])
    assert labels.tolist() == ["xxx", "xx", "xxx", "xxxxx"]
    ragged, none = in_order(groups, [[group.X, None] for group in groups])
    assert none is None
    assert all(np.array_equal(*pair) for pair in zip(ragged, ROWS, strict=True))
    assert ragged.dtype == object


def test_results_need_a_row_for_each():
    groups = group_rows(ROWS)
    with pytest.raises(ValueError, match=r"got 2 for 1 rows of shape \(2,\)"):
        in_order(groups, [np.zeros((2, 2))] * 3)
