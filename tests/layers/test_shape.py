import numpy as np
import pytest

from skconv.errors import LayerError
from skconv.layers import (
    DimshuffleLayer,
    FlattenLayer,
    PadLayer,
    ReshapeLayer,
    SliceLayer,
)

x = np.arange(48.0).reshape(2, 4, 3, 2)


@pytest.mark.parametrize(("outdim", "shape"), [(2, (2, 24)), (3, (2, 4, 6)), (4, (2, 4, 3, 2))])
def test_flatten_joins_the_last_axes(forward, outdim, shape):
    np.testing.assert_array_equal(forward(FlattenLayer(outdim=outdim), {}, x), x.reshape(shape))


@pytest.mark.parametrize(
    ("outdim", "message"),
    [
        (1, "outdim=1 would mix the rows; 2 or more keeps them apart"),
        (5, r"outdim=5 is more than the axes of the input, \(None, 4, 3, 2\)"),
    ],
)
def test_axes_that_flatten_cannot_leave(outdim, message):
    with pytest.raises(LayerError, match=message):
        FlattenLayer(outdim=outdim).output_shape((None, 4, 3, 2))


@pytest.mark.parametrize(
    ("given", "shape"),
    [
        (([0], 24), (2, 24)),
        ([[0], 6, 4], (2, 6, 4)),
        (([0], -1, [2]), (2, 8, 3)),
        (([0], [1], -1), (2, 4, 6)),
        ((None, 2, 2, 6), (2, 2, 2, 6)),
    ],
)
def test_reshape_keeps_the_order_of_elements(forward, given, shape):
    np.testing.assert_array_equal(forward(ReshapeLayer(shape=given), {}, x), x.reshape(shape))


@pytest.mark.parametrize("given", [(24,), (-1, 24), ([1], 24), (), None, 24, "abc"])
def test_reshape_leaves_the_batch_alone(given):
    with pytest.raises(LayerError, match=r"must start with \[0\], the size of the batch$"):
        ReshapeLayer(shape=given).output_shape((None, 4, 3, 2))


@pytest.mark.parametrize("given", [([0], 23), ([0], 5, -1), ([0], -1, -1), ([0],)])
def test_reshape_needs_as_many_elements(given):
    with pytest.raises(LayerError, match=r"does not hold the elements of \(None, 4, 3, 2\)$"):
        ReshapeLayer(shape=given).output_shape((None, 4, 3, 2))


def test_two_rests_are_never_told_apart():
    with pytest.raises(LayerError, match="does not hold the elements"):
        ReshapeLayer(shape=([0], -1, -1)).output_shape((None, 1))


@pytest.mark.parametrize("axis", [0, 4, -1])
def test_reshape_copies_sizes_of_axes_that_exist(axis):
    message = rf"\[{axis}\] is no axis of \(None, 4, 3, 2\) besides the batch$"
    with pytest.raises(LayerError, match=message):
        ReshapeLayer(shape=([0], [axis])).output_shape((None, 4, 3, 2))


@pytest.mark.parametrize("size", [0, -2, 2.0, None])
def test_reshape_takes_sizes(size):
    message = rf"{size!r} in shape=.* is no size; give 1 or more, -1 or \[i\]$"
    with pytest.raises(LayerError, match=message):
        ReshapeLayer(shape=([0], size)).output_shape((None, 4, 3, 2))


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ((0, 2, 1, 3), x.transpose(0, 2, 1, 3)),
        ([0, 3, "x", 2, 1], x.transpose(0, 3, 2, 1)[:, :, None]),
        ((0, 1, 2, 3, "x"), x[..., None]),
    ],
)
def test_axes_in_another_order(forward, pattern, expected):
    np.testing.assert_array_equal(forward(DimshuffleLayer(pattern=pattern), {}, x), expected)


def test_axes_of_length_one_may_be_left_out(forward):
    given = x[:, :, :1]
    found = forward(DimshuffleLayer(pattern=(0, 3, 1)), {}, given)
    np.testing.assert_array_equal(found, given[:, :, 0].transpose(0, 2, 1))


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ((1, 0, 2, 3), r"must start with 0, the batch$"),
        (("x", 0, 1, 2, 3), r"must start with 0, the batch$"),
        (None, r"must start with 0, the batch$"),
        ((0, 1, 2, 4), r"may hold 'x' and the axes of \(None, 4, 3, 2\)$"),
        ((0, 1, 1, 2, 3), r"has an axis twice$"),
        ((0, 1, 3), r"leaves out axis 2 of \(None, 4, 3, 2\), whose size is not 1$"),
    ],
)
def test_patterns_that_cannot_be(pattern, message):
    with pytest.raises(LayerError, match=message):
        DimshuffleLayer(pattern=pattern).output_shape((None, 4, 3, 2))


@pytest.mark.parametrize(
    ("fields", "pads"),
    [
        ({"width": 1}, [(0, 0), (0, 0), (1, 1), (1, 1)]),
        ({"width": (2, 0)}, [(0, 0), (0, 0), (2, 2), (0, 0)]),
        ({"width": ((1, 2), 3), "val": -1.5}, [(0, 0), (0, 0), (1, 2), (3, 3)]),
        ({"width": [0, 1, 0], "batch_ndim": 1}, [(0, 0), (0, 0), (1, 1), (0, 0)]),
    ],
)
def test_a_value_goes_around(forward, fields, pads):
    expected = np.pad(x, pads, constant_values=fields.get("val", 0.0))
    np.testing.assert_array_equal(forward(PadLayer(**fields), {}, x), expected)


@pytest.mark.parametrize("width", [-1, (1, 1, 1), (1,), ((1, 2, 3), 1), 0.5, "same"])
def test_widths_are_whole_numbers_for_each_axis(width):
    with pytest.raises(LayerError, match=r"nor one or a pair for each of 2 axes$"):
        PadLayer(width=width).output_shape((None, 4, 3, 2))


@pytest.mark.parametrize(
    ("indices", "axis", "expected"),
    [
        (slice(1, 3), 1, x[:, 1:3]),
        (slice(None, None, -2), 2, x[:, :, ::-2]),
        (0, -1, x[..., 0]),
        (-1, 2, x[:, :, -1]),
    ],
)
def test_a_part_is_taken(forward, indices, axis, expected):
    np.testing.assert_array_equal(forward(SliceLayer(indices=indices, axis=axis), {}, x), expected)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"indices": 3, "axis": 2}, r"indices=3 is no slice and no position on axis 2 of"),
        ({"indices": "all"}, r"indices='all' is no slice and no position on axis 3 of"),
        ({"indices": slice(2, 2), "axis": 1}, r"takes nothing of axis 1 of \(None, 4, 3, 2\)$"),
        ({"indices": 0, "axis": 0}, r"axis=0 is no axis of \(None, 4, 3, 2\) besides the batch$"),
        ({"indices": 0, "axis": 4}, r"axis=4 is no axis of \(None, 4, 3, 2\) besides the batch$"),
    ],
)
def test_parts_that_cannot_be_taken(fields, message):
    with pytest.raises(LayerError, match=message):
        SliceLayer(**fields).output_shape((None, 4, 3, 2))
