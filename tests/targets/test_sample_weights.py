import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skconv.targets.ragged_array import RaggedArray
from skconv.targets.sample_weights import check_weights

NAMES = ("a", "b")
Y = [np.zeros(3), np.zeros((3, 2))]


def raises(message):
    return pytest.raises(ValueError, match=re.escape(message))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0, 1e6, allow_subnormal=False, width=32), max_size=9))
def test_weights_become_float32(weights):
    found = check_weights([*weights, 1.0], len(weights) + 1).rows
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[:-1], weights, rtol=1e-6)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1.0, 2.0], "sample_weight must have shape (3,), got (2,)"),
        (np.ones((3, 1)), "sample_weight must have shape (3,), got (3, 1)"),
        ([1.0, -0.1, 1.0], "Negative values in data passed to `sample_weight`"),
        ([0.0, 0.0, 0.0], "Sample weights must contain at least one non-zero number."),
        ([1.0, np.nan, 1.0], "Input sample_weight contains NaN."),
        ({"a": [1.0] * 3}, "sample_weight must be an array for a net with a single output"),
    ],
)
def test_weights_that_cannot_be_are_refused(weights, message):
    with raises(message):
        check_weights(weights, 3)


def test_weights_of_the_shape_of_y_are_weights_of_targets():
    weights = np.array([[1.0, 0.0], [2.0, 0.5], [0.0, 0.0]])
    found = check_weights(weights, 3, y=Y[1:])
    assert found.rows is None
    (arranged,) = found.arranged([np.zeros((3, 2, 1), np.float32)])
    assert (arranged.shape, arranged.dtype) == ((3, 2, 1), np.float32)
    np.testing.assert_array_equal(arranged[..., 0], weights)
    with raises("sample_weight must have shape (3,), or (3, 2) as y has, got (2, 3)"):
        check_weights(weights.T, 3, y=Y[1:])


@pytest.mark.parametrize(
    "weights",
    [
        {"b": [3.0, 4.0, 5.0]},
        [None, [3.0, 4.0, 5.0]],
        (np.ones(3), np.array([3.0, 4.0, 5.0])),
        np.array([[1.0, 3.0], [1.0, 4.0], [1.0, 5.0]]),
        pd.DataFrame({"b": [3.0, 4.0, 5.0], "a": 1.0}),
        {"b": [[3.0] * 2, [4.0] * 2, [5.0] * 2]},
    ],
)
def test_each_output_may_have_weights(weights):
    a, b = check_weights(weights, 3, NAMES, Y).arranged(Y)
    np.testing.assert_array_equal(a, np.ones(3))
    np.testing.assert_array_equal(b, [[3, 3], [4, 4], [5, 5]])


def test_an_output_may_have_no_weight_beside_others():
    a, b = check_weights([np.zeros(3), np.ones(3)], 3, NAMES, Y).arranged(Y)
    assert (a.tolist(), b.tolist()) == ([0] * 3, [[1, 1]] * 3)
    assert check_weights({"a": np.zeros(3)}, 3, NAMES, Y).targets[0].tolist() == [0] * 3


def test_weights_of_rows_hold_for_all_outputs():
    found = check_weights([1.0, 2.0, 3.0], 3, NAMES, Y)
    assert found.targets is None
    assert found.rows.tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"c": [1.0] * 3}, "sample_weight must have names of outputs as keys, got 'c'"),
        ({"b": [1.0] * 2}, "sample_weight of the output 'b' must have shape (3,), or (3, 2) as y"),
        ({"b": [-1.0] * 3}, "Negative values in data passed to `sample_weight of the output 'b'`"),
        (np.ones((3, 3)), "sample_weight must have shape (3,) or (3, 2), or be a dict or list"),
        ([[0.0] * 3, [0.0] * 3], "Sample weights must contain at least one non-zero number."),
    ],
)
def test_invalid_weights_of_outputs_are_refused(weights, message):
    with raises(message):
        check_weights(weights, 3, NAMES, Y)


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        (5, "; write epochs=5 for the number of epochs"),
        (np.int64(5), "; write epochs=5 f"),
        (0.5, "$"),
    ],
)
def test_a_single_number_is_refused(given, hint):
    message = (
        rf"^sample_weight must be an array of shape \(3,\), with a weight for each row, got {given}"
    )
    with pytest.raises(ValueError, match=message + hint):
        check_weights(given, 3)


def test_weights_of_rows_of_several_shapes_have_the_groups_of_their_targets():
    """Rows of X of several shapes may have targets of one shape, in groups of their own."""
    groups = np.zeros((1, 2)), np.zeros((2, 2)), np.zeros((1, 3))
    y = RaggedArray(groups, tuple(map(np.array, ([2], [3, 0], [1]))))
    weights = [[1.0, 2.0], [3.0, 4.0, 5.0], [6.0, 7.0], [8.0, 0.0]]
    (found,) = check_weights(weights, 4, y=[y]).arranged([y])
    assert [rows.tolist() for rows in found.groups] == [
        [[6, 7]],
        [[8, 0], [1, 2]],
        [[3, 4, 5]],
    ]
    assert all(map(np.array_equal, found.positions, y.positions))
    (found,) = check_weights([1.0, 2.0, 3.0, 4.0], 4, y=[y])[:1]
    assert found.tolist() == [1, 2, 3, 4]
    with raises("sample_weight must have rows of the shapes of y, got (2,) instead of (3,) in row"):
        check_weights([*weights[:1] * 2, *weights[2:-1], [1.0] * 3], 4, y=[y])
