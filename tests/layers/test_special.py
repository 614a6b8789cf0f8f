import jax
import jax.numpy as jnp
import numpy as np
import pytest

from skconv.layers import (
    BiasLayer,
    ExpressionLayer,
    ParametricRectifierLayer,
    RandomizedRectifierLayer,
    ScaleLayer,
)

rng = np.random.default_rng(0)
x = rng.normal(size=(2, 3, 4, 4))


def test_what_the_parameters_start_from():
    shape = (None, 2, 5)
    for layer, name, start in (
        (BiasLayer(), "b", 0.0),
        (ScaleLayer(), "scales", 1.0),
        (ParametricRectifierLayer(), "alpha", 0.25),
    ):
        params, _ = layer.init(jax.random.key(0), shape)
        np.testing.assert_array_equal(params[name], [start, start])


def test_no_bias_adds_nothing(forward):
    layer = BiasLayer(b=None)
    assert layer.param_specs((None, 3, 4, 4)) == {}
    np.testing.assert_array_equal(forward(layer, {}, x), x)


def test_slopes_are_drawn_between_the_bounds(forward):
    below = -np.ones((200, 3, 4, 4))
    layer = RandomizedRectifierLayer(lower=0.2, upper=0.4, shared_axes=0)
    out, _ = forward(layer, {}, below, train=True)
    slopes = -out[0]
    np.testing.assert_array_equal(out, np.broadcast_to(out[:1], out.shape))
    assert 0.2 <= slopes.min() < 0.22
    assert 0.38 < slopes.max() <= 0.4
    np.testing.assert_allclose(forward(layer, {}, below), 0.3 * below)


def test_slopes_are_drawn_by_channel(forward):
    out, _ = forward(RandomizedRectifierLayer(), {}, np.concatenate([-(x**2), x**2]), train=True)
    slopes = -out[:2] / x**2
    np.testing.assert_allclose(slopes, np.broadcast_to(slopes[:1, :, :1, :1], x.shape))
    assert len(np.unique(slopes[0, :, 0, 0].round(9))) == 3
    np.testing.assert_array_equal(out[2:], x**2)


@pytest.mark.parametrize("shape", ["auto", (None, 6, 4, 4)])
def test_expressions_are_any_function(forward, shape):
    def both(x):
        return jnp.concatenate([x, -x], axis=1)

    found = forward(ExpressionLayer(function=both, shape=shape), {}, x)
    np.testing.assert_array_equal(found, np.concatenate([x, -x], axis=1))
    assert ExpressionLayer(function=jnp.sin, shape=None).output_shape((None, 5)) == (None, 5)
