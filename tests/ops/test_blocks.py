import jax.numpy as jnp
import numpy as np
import pytest

from skconv.ops import blocks


@pytest.mark.parametrize(("limit", "expected"), [(0, 1), (1, 1), (5, 4), (7, 6), (100, 12)])
def test_largest_divisor_of_twelve(limit, expected):
    assert blocks.largest_divisor(12, limit) == expected


@pytest.mark.parametrize("size", [1, 2, 6])
def test_blocks_are_mapped_and_summed(size):
    x = np.arange(12.0).reshape(6, 2)
    y = x[:, :1] - 1
    np.testing.assert_allclose(blocks.map_blocks(lambda x: x[:, ::-1] * 2, size, x), x[:, ::-1] * 2)

    def sums(x, y):
        assert x.shape == (size, 2)
        return [x.T @ y, jnp.square(y).sum()]

    found = blocks.sum_over_blocks(sums, size, jnp.asarray(x), jnp.asarray(y))
    for one, other in zip(found, [x.T @ y, np.square(y).sum()], strict=True):
        np.testing.assert_allclose(one, other)
