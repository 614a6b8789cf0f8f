import numpy as np
import pytest

from skconv import layers
from skconv.layers import Conv2DLayer, TransposedConv2DLayer

rng = np.random.default_rng(0)


@pytest.mark.parametrize(("stride", "pad"), [(1, 0), (2, 1), ((3, 1), (0, 2))])
def test_it_is_the_transpose_of_a_convolution(forward, stride, pad):
    """The product of ``conv(x)`` with y is that of x with the transposed convolution of y."""
    fields = {"filter_size": 3, "stride": stride, "b": None, "nonlinearity": None}
    x, W = rng.normal(size=(2, 3, 9, 7)), rng.normal(size=(4, 3, 3, 3))
    out = forward(Conv2DLayer(num_filters=4, pad=pad, **fields), {"W": W}, x)
    y = rng.normal(size=out.shape)
    back = forward(TransposedConv2DLayer(num_filters=3, crop=pad, **fields), {"W": W}, y)
    assert back.shape == x.shape
    np.testing.assert_allclose((x * back).sum(), (out * y).sum())


def test_lasagnes_other_name():
    assert layers.Deconv2DLayer is TransposedConv2DLayer
