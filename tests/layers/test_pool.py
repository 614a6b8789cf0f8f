import numpy as np
import pytest

from skconv.errors import LayerError
from skconv.layers import MaxPool2DLayer, Pool2DLayer

from .references.pooling import starts

rng = np.random.default_rng(0)
x = rng.normal(size=(2, 3, 7, 5)) - 3


def test_the_maximum_is_the_default_mode(forward):
    expected = forward(MaxPool2DLayer(pool_size=2), {}, x)
    np.testing.assert_array_equal(forward(Pool2DLayer(pool_size=2), {}, x), expected)


@pytest.mark.parametrize("length", range(1, 9))
@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("stride", [1, 2, 3, 4])
def test_border_windows_hold_part_of_the_image(length, size, stride):
    for pad in range(size):
        layer = MaxPool2DLayer(pool_size=size, stride=stride, pad=pad, ignore_border=False)
        expected = len(starts(length, size, stride, pad, True))
        try:
            found = layer.output_shape((None, 1, length, length))[2]
        except LayerError:
            assert length + 2 * pad < size
        else:
            assert found == expected


def test_the_stride_is_the_size_by_default():
    assert MaxPool2DLayer(pool_size=(3, 2)).window == ((3, 2), (3, 2))
    assert MaxPool2DLayer(pool_size=3, stride=2).window == ((3, 3), (2, 2))
