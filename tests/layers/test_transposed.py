import itertools

import numpy as np
import pytest

from skconv.errors import LayerError
from skconv.layers import Deconv2DLayer, TransposedConv2DLayer

rng = np.random.default_rng(0)


@pytest.mark.parametrize("crop", [0, 1, (0, 2)])
@pytest.mark.parametrize("stride", [1, 2, (3, 1), 4])
@pytest.mark.parametrize("untie", [False, True])
def test_each_pixel_adds_its_filters(forward, stride, crop, untie):
    x, W = rng.normal(size=(2, 3, 4, 5)), rng.normal(size=(3, 2, 3, 4))
    steps = stride if isinstance(stride, tuple) else (stride, stride)
    cuts = crop if isinstance(crop, tuple) else (crop, crop)
    sizes = [(n - 1) * s + k for n, s, k in zip((4, 5), steps, (3, 4), strict=True)]
    expected = np.zeros((2, 2, *sizes))
    for i, j in itertools.product(range(4), range(5)):
        rows = slice(i * steps[0], i * steps[0] + 3)
        columns = slice(j * steps[1], j * steps[1] + 4)
        expected[:, :, rows, columns] += np.einsum("nc,cfhw->nfhw", x[:, :, i, j], W)
    expected = expected[:, :, cuts[0] : sizes[0] - cuts[0], cuts[1] : sizes[1] - cuts[1]]
    b = rng.normal(size=expected.shape[1:] if untie else 2)
    layer = TransposedConv2DLayer(
        num_filters=2,
        filter_size=(3, 4),
        stride=stride,
        crop=crop,
        untie_biases=untie,
        nonlinearity=None,
    )
    found = forward(layer, {"W": W, "b": b}, x)
    np.testing.assert_allclose(found, expected + (b if untie else b[:, None, None]), atol=1e-12)


def test_something_is_left_of_the_output():
    layer = Deconv2DLayer(num_filters=2, filter_size=2, crop=2)
    with pytest.raises(LayerError, match=r"^crop=2 leaves nothing of the output for"):
        layer.output_shape((None, 3, 3, 3))
