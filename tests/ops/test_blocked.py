import math

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skconv.ops import blocked
from skconv.ops.convolution import convolve
from skconv.ops.windows import Window

SAME = Window((3, 3), pads=((1, 1), (1, 1)))

pad = st.tuples(st.integers(0, 3), st.integers(0, 3))


def by_lax(x, W, window):
    spatial = "DHW"[-(x.ndim - 2) :]
    names = (f"N{spatial}C", f"{spatial}IO", f"N{spatial}C")
    return jax.lax.conv_general_dilated(x, W, window.stride, window.pads, dimension_numbers=names)


def value_and_gradients(convolve, x, W, window, seed=0):
    with jax.enable_x64(True):

        @jax.jit
        def compute(x, W, cotangent):
            out, back = jax.vjp(lambda x, W: convolve(x, W, window), x, W)
            return out, *back(cotangent)

        shape = jax.eval_shape(lambda x, W: convolve(x, W, window), x, W).shape
        return compute(x, W, np.random.default_rng(seed).normal(size=shape))


def assert_as_lax(x, W, pads, stride=()):
    window = Window(W.shape[:-2], stride, pads)
    found = value_and_gradients(blocked.convolve_blocks, x, W, window)
    expected = value_and_gradients(by_lax, x, W, window)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


@pytest.fixture(params=["rows", "winograd"])
def product(request, monkeypatch):
    """Use blocks of a few images, and one kind of product for any number of channels."""
    monkeypatch.setattr(blocked, "BLOCK_BYTES", 40_000)
    monkeypatch.setattr(blocked, "WINOGRAD_BYTES", 40_000)
    channels = 1 if request.param == "winograd" else math.inf
    monkeypatch.setattr(blocked, "WINOGRAD_CHANNELS", channels)
    return request.param


@settings(max_examples=12, deadline=None, suppress_health_check=["function_scoped_fixture"])
@given(
    size=st.tuples(st.integers(1, 4), st.integers(1, 3)) | st.just((3, 3)),
    stride=st.just((1, 1)) | st.tuples(st.integers(1, 3), st.integers(1, 3)),
    pads=st.tuples(pad, pad),
    images=st.integers(1, 6),
    channels=st.sampled_from([1, 3, 5, 16]),
    seed=st.integers(0, 100),
)
def test_images_agree_with_lax(product, size, stride, pads, images, channels, seed):
    rng = np.random.default_rng(seed)
    x, W = rng.normal(size=(images, 6, 5, channels)), rng.normal(size=(*size, channels, 2))
    assert_as_lax(x, W, pads, stride)


@pytest.mark.parametrize("axes", [1, 3])
@pytest.mark.parametrize(("channels", "step"), [(2, 1), (2, 2), (5, 2)])
def test_other_numbers_of_axes_agree_with_lax(product, axes, channels, step):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4, *(5, 6, 7)[:axes], channels))
    W = rng.normal(size=(*(3, 3, 3)[:axes], channels, 3))
    assert_as_lax(x, W, ((1, 2),) * axes, (step,) * axes)


def test_blocks_are_the_largest_divisors_that_fit():
    x, W = np.empty((12, 10, 10, 1), np.float32), np.empty((3, 3, 1, 4))
    image = 8 * 8 * 9 * 4
    found = {}
    for images in (0.5, 1, 5, 7, 11, 100):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(blocked, "BLOCK_BYTES", int(image * images))
            found[images] = blocked._block(x, W, Window((3, 3)))
    assert found == {0.5: 1, 1: 1, 5: 4, 7: 6, 11: 6, 100: 12}


@pytest.mark.cpu_only(reason="blocks are the CPU's kernel")
def test_large_batches_go_in_blocks_and_small_ones_at_once():
    def loops(n):
        x, W = np.ones((n, 16, 16, 64), np.float32), np.ones((64, 64, 3, 3), np.float32)
        jaxpr = jax.make_jaxpr(lambda x, W: convolve(x, W, SAME))(x, W)
        return str(jaxpr).count("scan[")

    assert (loops(2), loops(64)) == (0, 1)


@pytest.mark.cpu_only(reason="blocks are the CPU's kernel")
def test_the_gradient_of_the_first_filters_has_no_patches_of_the_batch():
    window = Window((7, 7), (2, 2), ((3, 3), (3, 3)))
    x, W = np.ones((8, 64, 64, 3), np.float32), np.ones((16, 3, 7, 7), np.float32)

    def loss(W):
        return (convolve(x, W, window) ** 2).sum()

    memory = jax.jit(jax.grad(loss)).lower(W).compile().memory_analysis()
    patches = 8 * 32 * 32 * 7 * 7 * 3 * 4
    assert memory.temp_size_in_bytes < patches


def test_only_one_or_two_axes_go_to_lax():
    def convolutions(x, W):
        window = Window(W.shape[:-2], pads=((1, 1),) * (x.ndim - 2))
        jaxpr = jax.make_jaxpr(lambda x, W: blocked.convolve_blocks(x, W, window))(x, W)
        return str(jaxpr).count("conv_general_dilated[")

    sizes = [(3,), (3, 3), (3, 3, 3), (1, 1)]
    images = [np.ones((2, *(5,) * len(size), 4), np.float32) for size in sizes]
    filters = [np.ones((*size, 4, 6), np.float32) for size in sizes]
    assert list(map(convolutions, images, filters)) == [1, 1, 0, 0]


def test_gradients_have_gradients():
    rng = np.random.default_rng(0)
    x, W = rng.normal(size=(2, 5, 4, 3)), rng.normal(size=(3, 2, 3, 2))

    window = Window((3, 2), pads=((1, 1), (0, 1)))

    def second_gradients(convolve):
        def squared_gradients(x, W):
            def total(x, W):
                return (convolve(x, W, window) ** 3).sum()

            return sum((part**2).sum() for part in jax.grad(total, argnums=(0, 1))(x, W))

        return jax.jit(jax.grad(squared_gradients, argnums=(0, 1)))(x, W)

    with jax.enable_x64(True):
        found, expected = second_gradients(blocked.convolve_blocks), second_gradients(by_lax)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9)


def test_works_under_vmap_and_in_bfloat16(product):
    rng = np.random.default_rng(0)
    x = jax.numpy.asarray(rng.normal(size=(2, 4, 6, 6, 3)), "bfloat16")
    W = jax.numpy.asarray(rng.normal(size=(2, 3, 3, 3, 2)), "bfloat16")

    def loss(W, x):
        window = Window((3, 3), pads=((0, 0), (1, 1)))
        return (blocked.convolve_blocks(x, W, window) ** 2).sum()

    together = jax.vmap(jax.grad(loss))(W, x)
    assert together.dtype == W.dtype
    for i in range(2):
        alone = jax.grad(loss)(W[i], x[i])
        np.testing.assert_allclose(
            together[i].astype(np.float32), alone.astype(np.float32), rtol=0.1, atol=2
        )
