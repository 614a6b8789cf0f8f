from functools import partial

import numpy as np
import pytest

from skconv.data.iterators import BatchIterator
from skconv.data.ragged_rows import RaggedRows, groups_of
from skconv.data.ragged_targets import check_sizes, read_targets, shapes_of_largest
from skconv.data.rows import Inputs, Rows
from skconv.targets.output_inference import infer_outputs
from skconv.targets.ragged_array import RaggedArray

SIZES = [2, 4, 2, 4, 2]
"""Number of features of each row of X."""


def rows():
    groups = [Rows({None: np.zeros((k, n))}, {None: (n,)}) for n, k in ((2, 3), (4, 2))]
    return RaggedRows.of(groups, [np.array([0, 2, 4]), np.array([1, 3])], "one shape")


def labels(sizes):
    return [[f"tag{i % 2}"] * n for i, n in enumerate(sizes)]


read = partial(read_targets, names=(None,), any_shape=False)


def test_targets_have_the_groups_of_their_rows():
    X, y = read(rows(), labels(SIZES))
    assert [positions.tolist() for positions, _ in groups_of(X)] == [[0, 2, 4], [1, 3]]
    assert [group.shape for group in y.groups] == [(3, 2), (2, 4)]
    assert X.refusal == "one shape"
    assert shapes_of_largest(X, y, (None,)) == {0: (4,)}


def test_rows_of_one_shape_with_targets_of_several_are_several_groups():
    X, y = read(rows(), labels([2, 4, 1, 4, 2]))
    assert [positions.tolist() for positions, _ in groups_of(X)] == [[2], [0, 4], [1, 3]]
    assert [group.shapes[None] for _, group in groups_of(X)] == [(2,), (2,), (4,)]
    assert [len(row) for row in y.rows()] == [2, 4, 1, 4, 2]


def test_a_loss_of_its_own_takes_targets_of_several_shapes_for_one_of_x():
    plain = Rows({None: np.zeros((3, 2))}, {None: (2,)})
    X, _ = read_targets(plain, labels([1, 2, 1]), (None,), any_shape=True)
    assert [len(group) for _, group in groups_of(X)] == [2, 1]
    with pytest.raises(ValueError, match=r"got \(1,\) in row 0 and \(2,\) in row 1"):
        read(plain, labels([1, 2, 1]))


def test_targets_of_one_shape_stay_as_they_are():
    y = list("abcde")
    assert read(rows(), y)[1] is y
    several = {"first": y, "second": labels(SIZES)}
    _, parts = read_targets(rows(), several, ("first", "second"), any_shape=False)
    assert parts["first"] is y
    assert isinstance(parts["second"], RaggedArray)
    assert not isinstance(read(rows(), np.array([[1, 2]] * 5))[1], RaggedArray)


def test_each_row_has_the_positions_of_its_output():
    def resize(shapes):
        (row,) = shapes.values()
        return Inputs({"x": (None, *row)}, outputs={"out": (None, *row, 2)}, resize=resize)

    def check(sizes):
        X, y = read(rows(), labels(sizes))
        outputs = infer_outputs(y, (None,), regression=(False,)).of_rows({0: (4,)})
        inputs = resize({None: (4,)})
        matched = outputs.match([(None, 4, 2)], [-1])
        check_sizes(X, y, matched.encode(y), matched, inputs, BatchIterator(2))

    check(SIZES)
    message = r"y\[2\] must have shape \(2,\), a class for each position of the output for X\[2\]"
    with pytest.raises(ValueError, match=rf"{message} of shape \(2,\), got \(3,\)"):
        check([2, 4, 3, 4, 2])
