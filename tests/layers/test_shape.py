import numpy as np
import pytest

from skconv.errors import LayerError
from skconv.layers import FlattenLayer, ReshapeLayer

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
