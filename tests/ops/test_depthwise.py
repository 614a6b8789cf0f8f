import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax import lax

from skconv.ops import depthwise
from skconv.ops.windows import Window

few = settings(max_examples=12, deadline=None)


def by_lax(x, W, window):
    spatial = "DHW"[-len(window.size) :]
    return lax.conv_general_dilated(
        x,
        W[..., None, :],
        window.stride,
        window.pads,
        rhs_dilation=window.dilation,
        dimension_numbers=(f"N{spatial}C", f"{spatial}IO", f"N{spatial}C"),
        feature_group_count=x.shape[-1],
    )


def both(x, W, window, seed=0):
    """Return output and gradients in float64, ours and lax's."""
    rng = np.random.default_rng(seed)
    with jax.enable_x64(True):
        shape = jax.eval_shape(lambda x, W: by_lax(x, W, window), x, W).shape
        cotangent = rng.normal(size=shape)

        @jax.jit
        def compute(x, W, cotangent):
            results = []
            for kernel in (depthwise.convolve_depthwise, by_lax):
                out, back = jax.vjp(lambda x, W, kernel=kernel: kernel(x, W, window), x, W)
                results.append((out, *back(cotangent)))
            return results

        return compute(x, W, cotangent)


pad = st.tuples(st.integers(0, 3), st.integers(0, 3))


@few
@given(
    size=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 2)),
    dilation=st.tuples(st.integers(1, 2), st.integers(1, 2)),
    pads=st.tuples(pad, pad),
    seed=st.integers(0, 100),
)
def test_outputs_and_gradients_are_those_of_lax(size, stride, dilation, pads, seed):
    rng = np.random.default_rng(seed)
    x, W = rng.normal(size=(2, 7, 8, 3)), rng.normal(size=(*size, 3))
    ours, lax_s = both(x, W, Window(size, stride, pads, dilation), seed)
    for value, reference in zip(ours, lax_s, strict=True):
        np.testing.assert_allclose(value, reference, atol=1e-12)


@pytest.mark.parametrize("axes", [1, 3])
def test_sequences_and_volumes(axes):
    rng = np.random.default_rng(0)
    x, W = rng.normal(size=(2, *(6, 5, 4)[:axes], 3)), rng.normal(size=(*(3, 2, 3)[:axes], 3))
    pads = ((1, 2), (0, 1), (1, 0))
    window = Window(W.shape[:-1], (2, 1, 2)[:axes], pads[:axes], (1, 2, 1)[:axes])
    ours, lax_s = both(x, W, window)
    for value, reference in zip(ours, lax_s, strict=True):
        np.testing.assert_allclose(value, reference, atol=1e-12)


@pytest.mark.parametrize("size", [1, 2 * 5 * 4 * 3 * 8])
def test_blocks_of_images(monkeypatch, size):
    monkeypatch.setattr(depthwise, "BLOCK_BYTES", size)
    rng = np.random.default_rng(0)
    x, W = rng.normal(size=(6, 5, 4, 3)), rng.normal(size=(3, 3, 3))
    ours, lax_s = both(x, W, Window((3, 3), pads=((1, 1), (1, 1))))
    for value, reference in zip(ours, lax_s, strict=True):
        np.testing.assert_allclose(value, reference, atol=1e-12)


def test_several_filters_at_once():
    rng = np.random.default_rng(0)
    x, W = rng.normal(size=(2, 3, 5, 4, 3)), rng.normal(size=(2, 3, 3, 3))
    window = Window((3, 3), (2, 1), ((1, 1), (1, 1)))

    def gradients(x, W):
        out, back = jax.vjp(lambda x, W: depthwise.convolve_depthwise(x, W, window), x, W)
        return back(out)

    with jax.enable_x64(True):
        together = jax.jit(jax.vmap(gradients))(x, W)
        alone = [jax.jit(gradients)(*pair) for pair in zip(x, W, strict=True)]
    for i, expected in enumerate(alone):
        for value, reference in zip(together, expected, strict=True):
            np.testing.assert_allclose(value[i], reference, atol=1e-12)
