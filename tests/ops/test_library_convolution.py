import jax
import jax.numpy as jnp
import numpy as np
import pytest

from skconv.ops import convolution_cpu, library_convolution, xla
from skconv.ops.windows import Window

SAME = Window((3, 3), pads=((1, 1), (1, 1)))


def images(shape, W_shape, seed=0):
    rng = np.random.default_rng(seed)
    return tuple(rng.normal(size=size).astype(np.float32) for size in (shape, W_shape))


@pytest.mark.parametrize(
    ("shape", "filters", "window"),
    [
        ((2, 6, 5, 3), 24, Window((3, 3), (2, 1), ((1, 0), (0, 2)))),
        ((2, 6, 5, 1), 20, Window((2, 3))),
        ((2, 2, 2, 5), 17, Window((3, 3), pads=((2, 2), (1, 1)))),
        ((2, 6, 5, 18), 2, Window((2, 2), pads=((-1, 0), (3, -1)))),
    ],
)
def test_agrees_with_convolution_channels_first(shape, filters, window):
    x, W = images(shape, (filters, shape[-1], *window.size))
    expected = xla.convolve(x, W, window)
    found = library_convolution.convolve(x, jnp.moveaxis(W, (0, 1), (-1, -2)), window)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_predictions_use_the_library_and_training_patches():
    x, W = images((2, 6, 5, 8), (32, 8, 3, 3))

    def convolve(x, W):
        return convolution_cpu.convolve(x, W, SAME)

    def gradients(x, W):
        return jax.grad(lambda x, W: jnp.square(convolve(x, W)).sum(), argnums=(0, 1))(x, W)

    def primitives(function):
        text = str(jax.make_jaxpr(function)(x, W))
        return text.count("conv_general_dilated["), text.count("dot_general[")

    assert primitives(convolve) == (1, 0)
    assert primitives(gradients) == (0, 3)
    expected = jax.grad(lambda *a: jnp.square(xla.convolve(*a, SAME)).sum(), argnums=(0, 1))(x, W)
    for found, other in zip(gradients(x, W), expected, strict=True):
        np.testing.assert_allclose(found, other, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("axes", [(0, 0), (0, None)])
@pytest.mark.parametrize("channels", [3, 8])
def test_several_nets_at_once_use_patches(axes, channels):
    x, W = images((3, 2, 6, 5, channels), (3, 32, channels, 3, 3))
    W = W if axes[1] == 0 else W[0]

    def convolve(x, W):
        return jax.vmap(lambda x, W: convolution_cpu.convolve(x, W, SAME), axes)(x, W)

    assert "conv_general_dilated" not in str(jax.make_jaxpr(convolve)(x, W))
    expected = [xla.convolve(x[i], W[i] if axes[1] == 0 else W, SAME) for i in range(3)]
    np.testing.assert_allclose(convolve(x, W), np.stack(expected), atol=1e-5)


@pytest.mark.parametrize(
    ("shape", "filters", "window", "dtype"),
    [
        ((2, 8, 8, 16), 16, SAME, "float32"),
        ((2, 8, 8, 16), 256, SAME, "float32"),
        ((2, 8, 8, 16), 32, Window((2, 2), (2, 2)), "float32"),
        ((2, 8, 8, 16), 32, Window((3, 3), (2, 2), dilation=(2, 2)), "float32"),
        ((2, 8, 16), 32, Window((3,)), "float32"),
        ((2, 8, 8, 16), 32, SAME, "bfloat16"),
    ],
    ids=["few channels", "many filters", "no overlap", "dilation", "signals", "half precision"],
)
def test_patches_where_the_library_is_slower(shape, filters, window, dtype):
    x, W = images(shape, (filters, shape[-1], *window.size))
    arrays = jnp.asarray(x, dtype), jnp.asarray(W, dtype)
    jaxpr = jax.make_jaxpr(lambda x, W: convolution_cpu.convolve(x, W, window))(*arrays)
    assert "conv_general_dilated" not in str(jaxpr)
