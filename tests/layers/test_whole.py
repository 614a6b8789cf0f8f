import numpy as np
import pytest

from skconv.layers import Pool2DLayer, SpatialPyramidPoolingLayer

x = np.random.default_rng(0).normal(size=(2, 3, 6, 4))


@pytest.mark.parametrize("mode", ["max", "average"])
def test_cells_are_windows_where_they_divide_the_image(forward, mode):
    found = forward(SpatialPyramidPoolingLayer(pool_dims=2, mode=mode), {}, x)
    expected = forward(Pool2DLayer(pool_size=(3, 2), mode=mode), {}, x)
    np.testing.assert_allclose(found, expected.reshape(2, 3, 4), atol=1e-12)
