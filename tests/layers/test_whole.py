import jax.numpy as jnp
import numpy as np
import pytest

from skconv.errors import LayerError
from skconv.layers import GlobalPoolLayer, SpatialPyramidPoolingLayer

x = np.random.default_rng(0).normal(size=(2, 3, 7, 5))


def test_global_pooling_is_the_mean_of_all_places(forward):
    np.testing.assert_allclose(forward(GlobalPoolLayer(), {}, x), x.mean((2, 3)), atol=1e-12)
    sequences = x[..., 0]
    np.testing.assert_allclose(forward(GlobalPoolLayer(), {}, sequences), sequences.mean(2))


def test_another_function_pools_globally(forward):
    found = forward(GlobalPoolLayer(pool_function=jnp.max), {}, x)
    np.testing.assert_array_equal(found, x.max((2, 3)))


def test_global_pooling_needs_places():
    with pytest.raises(LayerError, match=r"axes after the channels, got \(None, 3\)$"):
        GlobalPoolLayer().output_shape((None, 3))


@pytest.mark.parametrize("mode", ["max", "average"])
@pytest.mark.parametrize("dims", [(4, 2, 1), (3,), 2])
def test_cells_reach_from_floor_to_ceiling(forward, mode, dims):
    reduce = np.max if mode == "max" else np.mean
    expected = []
    for d in np.atleast_1d(dims):
        for i in range(d):
            for j in range(d):
                rows = slice(int(np.floor(i * 7 / d)), int(np.ceil((i + 1) * 7 / d)))
                columns = slice(int(np.floor(j * 5 / d)), int(np.ceil((j + 1) * 5 / d)))
                expected.append(reduce(x[:, :, rows, columns], axis=(2, 3)))
    found = forward(SpatialPyramidPoolingLayer(pool_dims=dims, mode=mode), {}, x)
    np.testing.assert_allclose(found, np.stack(expected, -1), atol=1e-12)


def test_there_are_pixels_for_all_cells():
    message = r"pool_dims=\(6, 1\) has more cells than \(None, 3, 7, 5\) has pixels$"
    with pytest.raises(LayerError, match=message):
        SpatialPyramidPoolingLayer(pool_dims=(6, 1)).output_shape((None, 3, 7, 5))


def test_pyramids_pool_by_maximum_or_average():
    faults = list(SpatialPyramidPoolingLayer(mode="sum").check())
    assert faults == ["mode='sum' is not one of 'max', 'average'"]
