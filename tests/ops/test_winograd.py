import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import correlate

from skconv.ops import winograd


def convolve(x, W):
    return winograd.correlate(x, winograd.transform_filters(W))


def images(shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


@settings(max_examples=6, deadline=None)
@given(
    spatial=st.lists(st.integers(3, 8), min_size=1, max_size=2),
    channels=st.integers(1, 3),
    seed=st.integers(0, 100),
)
def test_outputs_are_scipys(spatial, channels, seed):
    x, W = images((2, *spatial, channels), seed), images((3,) * len(spatial) + (channels, 2), seed)
    with jax.enable_x64(True):
        found = jax.jit(convolve)(x, W)
    for image, out in zip(x, found, strict=True):
        for k in range(2):
            expected = correlate(image, W[..., k], mode="valid")[..., 0]
            np.testing.assert_allclose(out[..., k], expected, atol=1e-12)


@settings(max_examples=6, deadline=None)
@given(spatial=st.lists(st.integers(3, 8), min_size=1, max_size=2), seed=st.integers(0, 100))
def test_gradients_of_filters_are_those_that_jax_derives(spatial, seed):
    axes = len(spatial)
    x, W = images((2, *spatial, 2), seed), images((3,) * axes + (2, 3), seed)
    g = images((2, *(n - 2 for n in spatial), 3), seed + 1)

    def gradient(x, g):
        return winograd.gradient_of_filters(winograd.gradient_of_right_sides(x, g), axes)

    with jax.enable_x64(True):
        expected = jax.jit(jax.grad(lambda W: (convolve(x, W) * g).sum()))(W)
        found = jax.jit(gradient)(x, g)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_two_axes_take_four_ninths_of_the_multiplications():
    x, W = images((1, 10, 10, 4)).astype("f"), images((3, 3, 4, 4)).astype("f")
    right = winograd.transform_filters(W)
    cost = jax.jit(winograd.correlate).lower(x, right).as_text()
    products = [line for line in cost.splitlines() if "dot_general" in line]
    assert len(products) == 1  # of all products at once: one each takes long to compile
    assert "(tensor<16x16x4xf32>, tensor<16x4x4xf32>) -> tensor<16x16x4xf32>" in products[0]


def test_float32_loses_nothing_to_a_plain_convolution():
    x, W = images((2, 18, 18, 64)), images((3, 3, 64, 8))
    exact = np.stack([correlate(x[0], W[..., k], mode="valid")[..., 0] for k in range(8)], -1)
    x32, W32 = x.astype("f"), W.astype("f")
    plain = jax.lax.conv_general_dilated(
        x32, W32, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    found = jax.jit(convolve)(x32, W32)
    error, of_plain = (np.abs(out[0] - exact).max() for out in (found, plain))
    assert error < 4 * of_plain


@pytest.mark.parametrize(
    ("size", "expected"), [((3, 3), True), ((3, 3, 3), False), ((3, 2), False)]
)
def test_only_filters_of_3x3_fit(size, expected):
    assert winograd.fits(np.empty((*size, 2, 2))) is expected


def test_the_size_of_the_left_sides_is_that_of_the_arrays():
    x = jax.numpy.zeros((1, 9, 8, 5))
    assert winograd.left_bytes(x) == winograd._left_sides(x).nbytes


def test_the_size_of_the_right_sides_is_that_of_the_array():
    W = jax.numpy.zeros((3, 3, 5, 7))
    assert winograd.right_bytes(W) == winograd.transform_filters(W).nbytes
