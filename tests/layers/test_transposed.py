import numpy as np
import pytest

from skconv import layers
from skconv.layers import Conv2DLayer, TransposedConv2DLayer

rng = np.random.default_rng(0)


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize(
    ("stride", "size", "pad"),
    [(1, 3, 0), (2, 3, 1), ((3, 1), 3, (0, 2)), (1, (3, 2), "same"), (3, 4, "full")],
)
def test_it_is_the_transpose_of_a_convolution(forward, stride, size, pad, flip):
    """The product of ``conv(x)`` with y is that of x with the transposed convolution of y."""
    fields = {"filter_size": size, "stride": stride, "b": None, "nonlinearity": None}
    x, W = rng.normal(size=(2, 3, 9, 7)), rng.normal(size=(4, 3, *np.broadcast_to(size, 2)))
    conv = Conv2DLayer(num_filters=4, pad=pad, flip_filters=flip, **fields)
    out = forward(conv, {"W": W}, x)
    y = rng.normal(size=out.shape)
    layer = TransposedConv2DLayer(
        num_filters=3, crop=pad, flip_filters=not flip, output_size=(9, 7), **fields
    )
    back = forward(layer, {"W": W}, y)
    assert back.shape == x.shape
    np.testing.assert_allclose((x * back).sum(), (out * y).sum())


def test_lasagnes_other_names():
    assert layers.Deconv2DLayer is TransposedConv2DLayer
    assert layers.Deconv3DLayer is layers.TransposedConv3DLayer
