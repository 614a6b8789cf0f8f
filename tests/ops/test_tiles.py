import jax
import numpy as np
import pytest

from skconv.ops import tiles, xla
from skconv.ops.windows import Window


@pytest.mark.parametrize("name", ["pool_max", "pool_sum"])
@pytest.mark.parametrize("size", [(2, 2), (2, 3), (8, 1), (3,), (2, 2, 2)])
def test_tiles_agree_with_xla(name, size):
    rng = np.random.default_rng(0)
    x, window = rng.normal(size=(2, *(7, 8, 5)[: len(size)], 2)) - 3, Window(size, size)
    if size == (8, 1):
        x = x.swapaxes(1, 2)
    results = []
    with jax.enable_x64(True):
        for module in (tiles, xla):
            pool = getattr(module, name)
            out, back = jax.vjp(lambda x, pool=pool: pool(x, window), x)
            results.append((out, *back(np.sin(np.arange(out.size)).reshape(out.shape))))
    for found, expected in zip(*results, strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-12)


def test_the_gradient_of_equal_maxima_goes_to_the_first():
    x = np.zeros((1, 2, 5, 1), np.float32)
    x[0, 1, 2:4, 0] = 3

    def total(x):
        return (tiles.pool_max(x, Window((2, 2), (2, 2))) * np.float32(2)).sum()

    gradient = jax.jit(jax.grad(total))(x)[0, :, :, 0]
    np.testing.assert_array_equal(gradient, [[2, 0, 0, 0, 0], [0, 0, 2, 0, 0]])
    together = jax.vmap(jax.grad(total))(x[None])[0, 0, :, :, 0]
    np.testing.assert_array_equal(together, gradient)
