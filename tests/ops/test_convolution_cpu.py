import jax
import jax.numpy as jnp
import numpy as np
import pytest

from skconv.ops import convolution_cpu, xla
from skconv.ops.windows import Window


@pytest.mark.parametrize("channels", [1, 2, 4, 6, 100])
def test_small_groups_share_a_product(monkeypatch, channels):
    monkeypatch.setattr(convolution_cpu, "GROUP_CHANNELS", channels)
    rng = np.random.default_rng(0)
    x, W = rng.normal(size=(2, 5, 4, 8)), rng.normal(size=(12, 2, 2, 2))
    window = Window((2, 2), pads=((1, 0), (0, 0)), groups=4)
    with jax.enable_x64(True):
        expected = xla.convolve(x, W, window)
        found = convolution_cpu.convolve(jnp.asarray(x), jnp.asarray(W), window)
        jaxpr = str(jax.make_jaxpr(lambda x, W: convolution_cpu.convolve(x, W, window))(x, W))
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert jaxpr.count("conv_general_dilated[") + jaxpr.count("dot_general[") == {
        1: 4,
        2: 4,
        4: 2,
    }.get(channels, 1)


def test_gradients_of_groups_that_are_convolved_together_agree_with_lax():
    """Filters made wide by a product with zeros and ones crashed jaxlib 0.10.2 at this size."""
    rng = np.random.default_rng(0)
    x, W = rng.normal(size=(64, 4, 4, 24)), rng.normal(size=(24, 12, 3, 3))
    window = Window((3, 3), pads=((1, 1), (1, 1)), groups=2)

    def gradients(convolve):
        def total(x, W):
            return jnp.square(convolve(x, W, window)).sum()

        return jax.jit(jax.grad(total, argnums=(0, 1)))(jnp.float32(x), jnp.float32(W))

    pairs = zip(gradients(convolution_cpu.convolve), gradients(xla.convolve), strict=True)
    for found, expected in pairs:
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-2)
