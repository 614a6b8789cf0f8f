import numpy as np
import pytest

from skconv.data.ragged_rows import RaggedRows, groups_of
from skconv.data.rows import Inputs, Rows


def make_rows():
    groups = [
        Rows({None: np.full((len(at), n), at[:, None])}, {None: (n,)})
        for n, at in ((2, np.array([1, 3])), (3, np.array([0, 4])), (5, np.array([2])))
    ]
    return RaggedRows.of(groups, [np.array(at) for at in ([1, 3], [0, 4], [2])], "one shape")


def values(rows):
    """Return the position that each row holds, and its length."""
    found = [None] * len(rows)
    for positions, group in groups_of(rows):
        for i, row in zip(positions, group.take(slice(None))[None], strict=True):
            assert (row == row[0]).all()
            found[i] = int(row[0]), len(row)
    return found


def test_rows_know_their_places():
    rows = make_rows()
    assert len(rows) == 5
    assert values(rows) == [(0, 3), (1, 2), (2, 5), (3, 2), (4, 3)]
    assert rows.shapes == {None: (5,)}
    assert rows.row_bytes() == 40


@pytest.mark.parametrize("index", [[4, 0, 3], [2], [1, 1, 2, 1]])
def test_subsets_of_subsets(index):
    rows = make_rows()
    before = values(rows)
    part = rows.subset(np.array(index))
    assert values(part) == [before[i] for i in index]
    assert values(part.subset(np.array([0]))) == [before[index[0]]]
    assert part.refusal == "one shape"


def test_each_group_is_arranged():
    def resize(shapes):
        (row,) = shapes.values()
        return Inputs({"input": (None, *row)})

    rows = make_rows().arrange(Inputs({"input": (None, 9)}, resize=resize))
    assert [group.shapes for group in rows.groups] == [{"input": (n,)} for n in (2, 3, 5)]


def test_they_are_not_one_array():
    for call in (lambda rows: rows.all(), lambda rows: rows.like(np.zeros((2, 2)))):
        with pytest.raises(ValueError, match="rows of one shape here, got rows of 3 shapes"):
            call(make_rows())


def test_rows_of_one_shape_are_one_group():
    rows = Rows({None: np.zeros((3, 2))}, {None: (2,)})
    ((positions, group),) = groups_of(rows)
    assert positions.tolist() == [0, 1, 2]
    assert group is rows
