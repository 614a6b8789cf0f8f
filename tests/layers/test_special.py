import jax
import jax.numpy as jnp
import numpy as np
import pytest

from skconv.errors import LayerError
from skconv.layers import (
    BiasLayer,
    ExpressionLayer,
    NonlinearityLayer,
    ParametricRectifierLayer,
    RandomizedRectifierLayer,
    ScaleLayer,
)
from skconv.nonlinearities import rectify, softmax

rng = np.random.default_rng(0)
x = rng.normal(size=(2, 3, 4, 4))

SHARED = [
    ("auto", (3,), lambda value: value[:, None, None]),
    ((0, 2, 3), (3,), lambda value: value[:, None, None]),
    (0, (3, 4, 4), lambda value: value),
    ((0, 1), (4, 4), lambda value: value),
    ((0, 1, 2, -1), (), lambda value: value),
]


def test_elements_are_bent(forward):
    found = forward(NonlinearityLayer(nonlinearity=rectify), {}, x)
    np.testing.assert_array_equal(found, np.maximum(x, 0))


def test_channels_are_the_last_axis_of_a_nonlinearity(forward):
    found = forward(NonlinearityLayer(nonlinearity=softmax), {}, x)
    powers = np.exp(x)
    np.testing.assert_allclose(found, powers / powers.sum(1, keepdims=True), atol=1e-12)


def test_none_is_the_identity(forward):
    np.testing.assert_array_equal(forward(NonlinearityLayer(nonlinearity=None), {}, x), x)


@pytest.mark.parametrize(("axes", "shape", "spread"), SHARED)
@pytest.mark.parametrize(
    ("layer", "name", "formula"),
    [
        (BiasLayer, "b", lambda x, value: x + value),
        (ScaleLayer, "scales", lambda x, value: x * value),
        (ParametricRectifierLayer, "alpha", lambda x, value: np.where(x > 0, x, value * x)),
    ],
)
def test_parameters_are_shared_along_axes(forward, layer, name, formula, axes, shape, spread):
    made = layer(shared_axes=axes)
    assert made.param_specs((None, 3, 4, 4))[name].shape == shape
    value = rng.normal(size=shape)
    found = forward(made, {name: value}, x)
    np.testing.assert_allclose(found, formula(x, spread(value)), atol=1e-12)


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


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        (1, r"^shared_axes=1 must hold 0, the batch$"),
        ((0, 4), r"^shared_axes=\(0, 4\) are no axes of an input with 4$"),
        ("all", r"^shared_axes='all' are no axes of an input with 4$"),
    ],
)
def test_axes_to_share(axes, message):
    with pytest.raises(LayerError, match=message):
        ScaleLayer(shared_axes=axes).output_shape((None, 3, 4, 4))


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


def test_the_bounds_are_in_order():
    faults = list(RandomizedRectifierLayer(lower=0.9, upper=0.5).check())
    assert faults == ["lower=0.9 is more than upper=0.5"]
    assert list(RandomizedRectifierLayer(lower="low").check()) == [
        "lower='low' is not a finite number"
    ]


@pytest.mark.parametrize("shape", ["auto", (None, 6, 4, 4)])
def test_expressions_are_any_function(forward, shape):
    def both(x):
        return jnp.concatenate([x, -x], axis=1)

    found = forward(ExpressionLayer(function=both, shape=shape), {}, x)
    np.testing.assert_array_equal(found, np.concatenate([x, -x], axis=1))
    assert ExpressionLayer(function=jnp.sin, shape=None).output_shape((None, 5)) == (None, 5)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"function": lambda x: x.sum(0)}, r"does not keep the batch apart: from \(None, 3, 4\)"),
        ({"function": lambda x: x.T}, r"does not keep the batch apart"),
        ({"function": lambda x: x @ x}, r"^function fails on an input of shape \(None, 3, 4\): "),
        ({"function": jnp.sin, "shape": "same"}, r"^output_shape='same' is not 'auto'"),
    ],
)
def test_expressions_that_do_not_fit(fields, message):
    with pytest.raises(LayerError, match=message):
        ExpressionLayer(**fields).output_shape((None, 3, 4))
