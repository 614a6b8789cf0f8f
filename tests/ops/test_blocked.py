import functools
import math

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skconv.ops import blocked as blocks
from skconv.ops.convolution import convolve

PADS = ((1, 1), (1, 1))

pad = st.tuples(st.integers(0, 3), st.integers(0, 3))


def by_lax(x, W, pads):
    letters = "DHW"[-(x.ndim - 2) :]
    numbers = (f"N{letters}C", f"{letters}IO", f"N{letters}C")
    ones = (1,) * (x.ndim - 2)
    return jax.lax.conv_general_dilated(x, W, ones, pads, dimension_numbers=numbers)


def value_and_gradients(convolve, x, W, pads, seed=0):
    with jax.enable_x64(True):

        @jax.jit
        def compute(x, W, cotangent):
            out, back = jax.vjp(lambda x, W: convolve(x, W, pads), x, W)
            return out, *back(cotangent)

        shape = jax.eval_shape(lambda x, W: convolve(x, W, pads), x, W).shape
        return compute(x, W, np.random.default_rng(seed).normal(size=shape))


def assert_as_lax(x, W, pads):
    found = value_and_gradients(blocks.convolve_blocks, x, W, pads)
    expected = value_and_gradients(by_lax, x, W, pads)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


@pytest.fixture(params=["rows", "winograd"])
def way(request, monkeypatch):
    """Take blocks of a few images, and multiply in either way whatever the channels."""
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 40_000)
    monkeypatch.setattr(blocks, "WINOGRAD_BYTES", 40_000)
    channels = 1 if request.param == "winograd" else math.inf
    monkeypatch.setattr(blocks, "WINOGRAD_CHANNELS", channels)
    return request.param


@settings(max_examples=12, deadline=None, suppress_health_check=["function_scoped_fixture"])
@given(
    size=st.tuples(st.integers(1, 4), st.integers(1, 3)) | st.just((3, 3)),
    pads=st.tuples(pad, pad),
    images=st.integers(1, 6),
    channels=st.sampled_from([1, 3, 16]),
    seed=st.integers(0, 100),
)
def test_images_agree_with_lax(way, size, pads, images, channels, seed):
    rng = np.random.default_rng(seed)
    x, W = rng.normal(size=(images, 6, 5, channels)), rng.normal(size=(*size, channels, 2))
    assert_as_lax(x, W, pads)


@pytest.mark.parametrize("axes", [1, 3])
def test_other_numbers_of_axes_agree_with_lax(way, axes):
    rng = np.random.default_rng(0)
    x, W = rng.normal(size=(4, *(5, 6, 7)[:axes], 2)), rng.normal(size=(*(3, 3, 3)[:axes], 2, 3))
    assert_as_lax(x, W, ((1, 2),) * axes)


def test_blocks_are_the_largest_divisors_that_fit():
    x, W = np.empty((12, 10, 10, 1), np.float32), np.empty((3, 3, 1, 4))
    image = 8 * 8 * 9 * 4
    size = functools.partial(blocks._block, x, W)
    found = {}
    for images in (0.5, 1, 5, 7, 11, 100):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(blocks, "BLOCK_BYTES", int(image * images))
            found[images] = size()
    assert found == {0.5: 1, 1: 1, 5: 4, 7: 6, 11: 6, 100: 12}


def test_large_batches_go_in_blocks_and_small_ones_at_once():
    def loops(n):
        x, W = np.ones((n, 16, 16, 64), np.float32), np.ones((64, 64, 3, 3), np.float32)
        jaxpr = jax.make_jaxpr(lambda x, W: convolve(x, W, (1, 1), PADS, (1, 1), 1))(x, W)
        return str(jaxpr).count("scan[")

    assert (loops(2), loops(64)) == (0, 1)


def test_only_one_or_two_axes_go_to_lax():
    def convolutions(x, W):
        pads = ((1, 1),) * (x.ndim - 2)
        jaxpr = jax.make_jaxpr(lambda x, W: blocks.convolve_blocks(x, W, pads))(x, W)
        return str(jaxpr).count("conv_general_dilated[")

    sizes = [(3,), (3, 3), (3, 3, 3), (1, 1)]
    images = [np.ones((2, *(5,) * len(size), 4), np.float32) for size in sizes]
    filters = [np.ones((*size, 4, 6), np.float32) for size in sizes]
    assert list(map(convolutions, images, filters)) == [1, 1, 0, 0]


def test_gradients_have_gradients():
    rng = np.random.default_rng(0)
    x, W = rng.normal(size=(2, 5, 4, 3)), rng.normal(size=(3, 2, 3, 2))

    def slope(convolve):
        def steepness(x, W):
            def total(x, W):
                return (convolve(x, W, ((1, 1), (0, 1))) ** 3).sum()

            return sum((part**2).sum() for part in jax.grad(total, argnums=(0, 1))(x, W))

        return jax.jit(jax.grad(steepness, argnums=(0, 1)))

    with jax.enable_x64(True):
        found, expected = slope(blocks.convolve_blocks)(x, W), slope(by_lax)(x, W)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9)


def test_works_under_vmap_and_in_bfloat16(way):
    rng = np.random.default_rng(0)
    x = jax.numpy.asarray(rng.normal(size=(2, 4, 6, 6, 3)), "bfloat16")
    W = jax.numpy.asarray(rng.normal(size=(2, 3, 3, 3, 2)), "bfloat16")

    def loss(W, x):
        return (blocks.convolve_blocks(x, W, ((0, 0), (1, 1))) ** 2).sum()

    together = jax.vmap(jax.grad(loss))(W, x)
    assert together.dtype == W.dtype
    for i in range(2):
        alone = jax.grad(loss)(W[i], x[i])
        np.testing.assert_allclose(
            together[i].astype(np.float32), alone.astype(np.float32), rtol=0.1, atol=2
        )
