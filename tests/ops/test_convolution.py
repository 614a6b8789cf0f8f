import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import correlate

from skconv.ops import convolution as lowering

few = settings(max_examples=20, deadline=None)


def correlation(x, W, cotangent, stride, pads, dilation, groups):
    """Output and both gradients, position by position."""
    x = np.pad(x, ((0, 0), *pads, (0, 0)))
    dx, dW = np.zeros_like(x), np.zeros_like(W)
    extents = [d * (k - 1) + 1 for d, k in zip(dilation, W.shape[2:], strict=True)]
    sizes = [(n - e) // s + 1 for n, e, s in zip(x.shape[1:3], extents, stride, strict=True)]
    out = np.zeros((len(x), *sizes, len(W)))
    filters, channels = len(W) // groups, W.shape[1]
    for g, i, j in itertools.product(range(groups), *map(range, sizes)):
        rows, columns = (
            slice(k * s, k * s + e, d)
            for k, s, e, d in zip((i, j), stride, extents, dilation, strict=True)
        )
        at = (slice(None), rows, columns, slice(g * channels, (g + 1) * channels))
        own = slice(g * filters, (g + 1) * filters)
        out[:, i, j, own] = np.einsum("nhwc,ochw->no", x[at], W[own])
        if cotangent is not None:
            dW[own] += np.einsum("no,nhwc->ochw", cotangent[:, i, j, own], x[at])
            dx[at] += np.einsum("no,ochw->nhwc", cotangent[:, i, j, own], W[own])
    inside = tuple(slice(p, n - q) for n, (p, q) in zip(x.shape[1:3], pads, strict=True))
    return out, dx[(slice(None), *inside)], dW


pad = st.tuples(st.integers(0, 2), st.integers(0, 2))
one_or_two = st.integers(1, 2)


@pytest.mark.parametrize("way", [lowering.convolve, lowering.convolve_lax])
@few
@given(
    size=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    stride=st.tuples(st.integers(1, 3), one_or_two),
    dilation=st.tuples(one_or_two, one_or_two),
    pads=st.tuples(pad, pad),
    groups=st.sampled_from((1, 2, 4)),
    seed=st.integers(0, 100),
)
def test_convolution_and_its_gradients_agree_with_loops(
    way, size, stride, dilation, pads, groups, seed
):
    rng = np.random.default_rng(seed)
    x, W = rng.normal(size=(2, 6, 5, 4)), rng.normal(size=(8, 4 // groups, *size))
    shape = correlation(x, W, None, stride, pads, dilation, groups)[0].shape
    cotangent = rng.normal(size=shape)
    expected = correlation(x, W, cotangent, stride, pads, dilation, groups)

    @jax.jit
    def compute(x, W, cotangent):
        out, back = jax.vjp(lambda x, W: way(x, W, stride, pads, dilation, groups), x, W)
        return out, *back(cotangent)

    with jax.enable_x64(True):
        found = compute(x, W, cotangent)
    for value, reference in zip(found, expected, strict=True):
        np.testing.assert_allclose(value, reference, atol=1e-6)


@pytest.mark.parametrize("channels", [1, 2, 4, 6, 100])
def test_small_groups_share_a_product(monkeypatch, channels):
    monkeypatch.setattr(lowering, "GROUP_CHANNELS", channels)
    rng = np.random.default_rng(0)
    x, W = rng.normal(size=(2, 5, 4, 8)), rng.normal(size=(12, 2, 2, 2))
    given = (1, 1), ((1, 0), (0, 0)), (1, 1), 4
    expected = correlation(x, W, None, *given)[0]
    with jax.enable_x64(True):
        found = lowering.convolve(jnp.asarray(x), jnp.asarray(W), *given)
        jaxpr = str(jax.make_jaxpr(lambda x, W: lowering.convolve(x, W, *given))(x, W))
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert jaxpr.count("dot_general[") == {1: 4, 2: 4, 4: 2}.get(channels, 1)


@pytest.mark.parametrize("way", [lowering.convolve, lowering.convolve_lax])
def test_convolution_is_scipy_correlate(way):
    rng = np.random.default_rng(0)
    x, W = rng.normal(size=(7, 6, 3)), rng.normal(size=(2, 3, 3, 2))
    expected = [correlate(x, w.transpose(1, 2, 0), mode="valid")[..., 0] for w in W]
    with jax.enable_x64(True):
        found = way(x[None], W, (1, 1), ((0, 0),) * 2, (1, 1), 1)
    np.testing.assert_allclose(found[0], np.stack(expected, axis=-1), atol=1e-12)


@pytest.mark.parametrize("way", [lowering.convolve, lowering.convolve_lax])
def test_one_spatial_axis(way):
    rng = np.random.default_rng(0)
    x, W = rng.normal(size=(1, 9, 1)), rng.normal(size=(1, 1, 4))
    with jax.enable_x64(True):
        found = way(x, W, (2,), ((1, 2),), (1,), 1)
    expected = correlate(np.pad(x[0, :, 0], (1, 2)), W[0, 0], mode="valid")[::2]
    np.testing.assert_allclose(found[0, :, 0], expected, atol=1e-12)


@pytest.mark.parametrize(
    ("backend", "products", "convolutions"), [("cpu", 1, 0), ("gpu", 0, 1), ("tpu", 0, 1)]
)
def test_only_the_cpu_multiplies_patches(monkeypatch, backend, products, convolutions):
    monkeypatch.setattr(lowering.jax, "default_backend", lambda: backend)
    x, W = np.ones((1, 4, 4, 1), np.float32), np.ones((1, 1, 2, 2), np.float32)
    jaxpr = str(
        jax.make_jaxpr(lambda x, W: lowering.convolve(x, W, (2, 2), ((0, 0),) * 2, (1, 1), 1))(x, W)
    )
    assert jaxpr.count("dot_general[") == products
    assert jaxpr.count("conv_general_dilated[") == convolutions


def pooling(x, size, stride, pads, reduce, value):
    x = np.pad(x, ((0, 0), *pads, (0, 0)), constant_values=value)
    sizes = [(n - k) // s + 1 for n, k, s in zip(x.shape[1:3], size, stride, strict=True)]
    out = np.zeros((len(x), *sizes, x.shape[-1]))
    for i, j in itertools.product(*map(range, sizes)):
        top, left = i * stride[0], j * stride[1]
        out[:, i, j] = reduce(x[:, top : top + size[0], left : left + size[1]], axis=(1, 2))
    return out


def pooling_gradient(x, size, stride, pads, cotangent, largest):
    """Hand each output's share back to what it came from."""
    value = -np.inf if largest else 0
    x = np.pad(x, ((0, 0), *pads, (0, 0)), constant_values=value)
    dx = np.zeros_like(x)
    for n, i, j, c in np.ndindex(cotangent.shape):
        top, left = i * stride[0], j * stride[1]
        at = (n, slice(top, top + size[0]), slice(left, left + size[1]), c)
        share = x[at] == x[at].max() if largest else 1.0
        dx[at] += cotangent[n, i, j, c] * share
    inside = tuple(slice(p, n - q) for n, (p, q) in zip(x.shape[1:3], pads, strict=True))
    return dx[(slice(None), *inside)]


@pytest.mark.parametrize("backend", ["cpu", "gpu"])
@pytest.mark.parametrize("largest", [True, False])
@pytest.mark.parametrize(
    ("size", "stride", "pads"),
    [
        ((2, 2), (2, 2), ((0, 0), (0, 0))),
        ((2, 3), (2, 3), ((0, 0), (0, 0))),
        ((3, 2), (2, 1), ((0, 0), (0, 0))),
        ((2, 2), (3, 3), ((0, 0), (0, 0))),
        ((3, 3), (2, 2), ((1, 1), (1, 2))),
        ((2, 2), (2, 2), ((1, 0), (0, 1))),
    ],
)
def test_pooling_and_its_gradient_agree_with_loops(
    monkeypatch, backend, largest, size, stride, pads
):
    monkeypatch.setattr(lowering.jax, "default_backend", lambda: backend)
    way = lowering.pool_max if largest else lowering.pool_sum
    reduce, value = (np.max, -np.inf) if largest else (np.sum, 0)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 7, 8, 2)) - 3
    expected = pooling(x, size, stride, pads, reduce, value)
    cotangent = rng.normal(size=expected.shape)

    @jax.jit
    def compute(x, cotangent):
        out, back = jax.vjp(lambda x: way(x, size, stride, pads), x)
        return out, back(cotangent)[0]

    with jax.enable_x64(True):
        out, gradient = compute(x, cotangent)
    np.testing.assert_allclose(out, expected, atol=1e-12)
    back = pooling_gradient(x, size, stride, pads, cotangent, largest)
    np.testing.assert_allclose(gradient, back, atol=1e-12)


@pytest.mark.parametrize("way", [lowering.pool_max, lowering.pool_sum])
def test_windows_that_overlap_lower_by_platform(monkeypatch, way):
    x = np.ones((1, 5, 5, 1), np.float32)
    counts = {}
    for backend in ("cpu", "gpu"):
        monkeypatch.setattr(lowering.jax, "default_backend", lambda backend=backend: backend)
        jaxpr = str(jax.make_jaxpr(lambda x: way(x, (3, 3), (2, 2), ((0, 0),) * 2))(x))
        counts[backend] = jaxpr.count("reduce_window")
    assert counts["cpu"] == 0
    assert counts["gpu"] > 0


def test_the_gradient_of_equal_maxima_goes_to_the_first():
    x = np.zeros((1, 2, 5, 1), np.float32)
    x[0, 1, 2:4, 0] = 3

    def total(x):
        return (lowering.pool_max(x, (2, 2), (2, 2), ((0, 0), (0, 0))) * np.float32(2)).sum()

    gradient = jax.jit(jax.grad(total))(x)[0, :, :, 0]
    np.testing.assert_array_equal(gradient, [[2, 0, 0, 0, 0], [0, 0, 2, 0, 0]])
    together = jax.vmap(jax.grad(total))(x[None])[0, 0, :, :, 0]
    np.testing.assert_array_equal(together, gradient)


def test_gradients_of_groups_that_are_convolved_together_agree_with_lax():
    """Filters made wide by a product with zeros and ones crashed jaxlib 0.10.2 at this size."""
    rng = np.random.default_rng(0)
    x, W = rng.normal(size=(64, 4, 4, 24)), rng.normal(size=(24, 12, 3, 3))
    args = (1, 1), ((1, 1), (1, 1)), (1, 1), 2

    def slopes(convolve):
        def total(x, W):
            return jnp.square(convolve(x, W, *args)).sum()

        return jax.jit(jax.grad(total, argnums=(0, 1)))(jnp.float32(x), jnp.float32(W))

    for found, expected in zip(
        slopes(lowering.convolve), slopes(lowering.convolve_lax), strict=True
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-2)
