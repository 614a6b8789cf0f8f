import re

import numpy as np
import pytest

from skconv.models import from_onnx

X = (4, 1, 6)


@pytest.mark.parametrize(
    ("nodes", "constants", "rank"),
    [
        ([("Flatten", "X", "Y", {})], {}, 2),
        ([("Reshape", "X,s", "Y", {})], {"s": [0, 2, -1]}, 3),
        ([("Reshape", "X,s", "Y", {})], {"s": [-1, 24]}, 2),
        ([("Squeeze", "X,a", "Y", {})], {"a": [2]}, 3),
        ([("Unsqueeze", "X,a", "Y", {})], {"a": [-1, 1]}, 6),
        ([("Transpose", "X", "Y", {"perm": [0, 3, 2, 1]})], {}, 4),
        ([("Concat", "X,X", "Y", {"axis": -1})], {}, 4),
        ([("Pad", "X,p", "Y", {})], {"p": [0, 0, 1, 2, 0, 3, 0, 1]}, 4),
        ([("Slice", "X,s,e,a,t", "Y", {})], {"s": [5], "e": [-9], "a": [3], "t": [-2]}, 4),
        ([("Gather", "X,i", "Y", {"axis": 1})], {"i": -1}, 3),
    ],
)
def test_outputs(same, nodes, constants, rank):
    same(X, nodes, {name: np.array(c, np.int64) for name, c in constants.items()}, rank)


def test_shapes_that_programs_compute(same):
    nodes = [
        ("Shape", "X", "s", {}),
        ("Gather", "s,i", "n", {}),
        ("Unsqueeze", "n,a", "u", {}),
        ("Concat", "u,m", "r", {"axis": 0}),
        ("Reshape", "X,r", "Y", {}),
    ]
    constants = {"i": np.array(0), "a": np.array([0]), "m": np.array([-1])}
    assert same(X, nodes, constants, 2) == ["FlattenLayer"]


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (("Transpose", "X", "Y", {"perm": [1, 0, 2, 3]}), "perm must start with 0, the batch"),
        (("Reshape", "X,s", "Y", {}), "shape must keep rows apart, got [-1, 2] for"),
        (("Flatten", "X", "Y", {"axis": 2}), "axis must be 1, after the batch, got 2"),
        (("Squeeze", "X,s", "Y", {}), "axes must have size 1, got [2, 3]"),
    ],
)
def test_what_has_no_layer(write, node, message):
    path = write(X, [node], {"s": np.array([-1, 2])})
    with pytest.raises(ValueError, match=re.escape(message)):
        from_onnx(path)
