from types import SimpleNamespace

import jax
import numpy as np
import pytest
from scipy.signal import correlate

from skconv.ops import platform
from skconv.ops.convolution import convolve
from skconv.ops.windows import Window


@pytest.fixture(params=["cpu", "gpu"], autouse=True)
def name(request, monkeypatch):
    """Report a platform."""
    monkeypatch.setattr(platform, "device", lambda: SimpleNamespace(platform=request.param))
    return request.param


def test_convolution_is_scipy_correlate():
    rng = np.random.default_rng(0)
    x, W = rng.normal(size=(7, 6, 3)), rng.normal(size=(2, 3, 3, 2))
    expected = [correlate(x, w.transpose(1, 2, 0), mode="valid")[..., 0] for w in W]
    with jax.enable_x64(True):
        found = convolve(x[None], W, Window((3, 2)))
    np.testing.assert_allclose(found[0], np.stack(expected, axis=-1), atol=1e-12)


def test_one_spatial_axis():
    rng = np.random.default_rng(0)
    x, W = rng.normal(size=(1, 9, 1)), rng.normal(size=(1, 1, 4))
    with jax.enable_x64(True):
        found = convolve(x, W, Window((4,), (2,), ((1, 2),)))
    expected = correlate(np.pad(x[0, :, 0], (1, 2)), W[0, 0], mode="valid")[::2]
    np.testing.assert_allclose(found[0, :, 0], expected, atol=1e-12)


def test_only_the_cpu_multiplies_patches(name):
    x, W = np.ones((1, 4, 4, 8), np.float32), np.ones((1, 8, 2, 2), np.float32)
    jaxpr = str(jax.make_jaxpr(lambda x, W: convolve(x, W, Window((2, 2), (2, 2))))(x, W))
    counts = jaxpr.count("dot_general["), jaxpr.count("conv_general_dilated[")
    assert counts == ((1, 0) if name == "cpu" else (0, 1))
