import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from skconv.layers import (
    Context,
    DropoutLayer,
    DropoutLocationsLayer,
    GaussianNoiseLayer,
    SpatialDropoutLayer,
    StochasticDepthLayer,
)

x = np.ones((100, 200))


@pytest.mark.parametrize("p", [0.2, 0.5, 0.9])
def test_elements_are_dropped_and_the_rest_scaled(forward, p):
    out, _ = forward(DropoutLayer(p=p), {}, x, train=True)
    kept = out != 0
    np.testing.assert_allclose(out[kept], 1 / (1 - p))
    deviation = np.sqrt(p * (1 - p) / x.size)
    assert abs(kept.mean() - (1 - p)) < 5 * deviation
    assert abs(out.mean() - 1) < 5 * deviation / (1 - p)


def test_the_key_decides_what_is_dropped(forward):
    first, again, other = (forward(DropoutLayer(), {}, x, train=True, key=k)[0] for k in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_another_probability_compiles_nothing():
    traces = []

    @jax.jit
    def apply(p):
        traces.append(p)
        ctx = Context(True, jax.random.key(0))
        return DropoutLayer(p=p).apply({}, {}, jnp.ones(1000), ctx=ctx)[0]

    shares = [float((apply(np.float32(p)) == 0).mean()) for p in (0.1, 0.5, 0.9)]
    np.testing.assert_allclose(shares, [0.1, 0.5, 0.9], atol=0.08)
    assert len(traces) == 1


@pytest.mark.parametrize(
    ("layer", "together"),
    [
        (DropoutLayer(shared_axes=(2, -1)), (2, 3)),
        (DropoutLayer(shared_axes=1), (1,)),
        (SpatialDropoutLayer(), (2, 3)),
        (DropoutLocationsLayer(), (1,)),
        (StochasticDepthLayer(), (1, 2, 3)),
    ],
)
def test_axes_are_dropped_together(forward, layer, together):
    out, _ = forward(layer, {}, np.ones((20, 6, 5, 4)), train=True)
    first = out[tuple(slice(1) if axis in together else slice(None) for axis in range(4))]
    np.testing.assert_array_equal(out, np.broadcast_to(first, out.shape))
    assert 0.2 < (first == 0).mean() < 0.8
    for axis in set(range(4)) - set(together):
        assert (np.diff(first, axis=axis) != 0).any()


def test_whole_rows_are_dropped_and_the_rest_scaled(forward):
    out, _ = forward(StochasticDepthLayer(p=0.2), {}, np.ones((2000, 3)), train=True)
    assert set(np.unique(out)) == {0.0, 1.25}
    assert abs((out[:, 0] == 0).mean() - 0.2) < 5 * np.sqrt(0.2 * 0.8 / 2000)
    np.testing.assert_array_equal(forward(StochasticDepthLayer(p=0.9), {}, x), x)


def test_noise_is_gaussian(forward):
    noise = forward(GaussianNoiseLayer(sigma=0.5), {}, x, train=True)[0] - x
    assert stats.kstest(noise.ravel() / 0.5, "norm").pvalue > 1e-3
    np.testing.assert_array_equal(forward(GaussianNoiseLayer(sigma=0.5), {}, x), x)
