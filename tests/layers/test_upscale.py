import numpy as np
import pytest

from skconv.errors import LayerError
from skconv.layers import Upscale1DLayer, Upscale2DLayer, Upscale3DLayer

x = np.random.default_rng(0).normal(size=(2, 3, 4, 3, 2))
LAYERS = [(Upscale1DLayer, 1, 3), (Upscale2DLayer, 2, (2, 3)), (Upscale3DLayer, 3, (1, 2, 3))]


@pytest.mark.parametrize(("layer", "axes", "factors"), LAYERS)
def test_pixels_repeat(forward, layer, axes, factors):
    given = x.reshape(2, 3, *x.shape[2 : 1 + axes], -1)
    factors = factors if isinstance(factors, tuple) else (factors,)
    expected = np.kron(given, np.ones((1, 1, *factors)))
    found = forward(layer(scale_factor=factors), {}, given)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(("layer", "axes", "factors"), LAYERS)
def test_zeros_come_after_each_pixel(forward, layer, axes, factors):
    given = x.reshape(2, 3, *x.shape[2 : 1 + axes], -1)
    factors = factors if isinstance(factors, tuple) else (factors,)
    corner = np.zeros(factors)
    corner[(0,) * axes] = 1
    found = forward(layer(scale_factor=factors, mode="dilate"), {}, given)
    np.testing.assert_array_equal(found, np.kron(given, corner[None, None]))


def test_one_factor_is_for_all_axes():
    assert Upscale2DLayer(scale_factor=3).output_shape((None, 2, 4, 5)) == (None, 2, 12, 15)


def test_axes_must_fit():
    with pytest.raises(LayerError, match=r"takes input of shape \(n, channels, length\), got"):
        Upscale1DLayer(scale_factor=2).output_shape((None, 2, 4, 5))


def test_modes_have_names():
    faults = list(Upscale2DLayer(scale_factor=2, mode="bilinear").check())
    assert faults == ["mode='bilinear' is not one of 'repeat', 'dilate'"]
