import jax
import jax.numpy as jnp
import numpy as np
import pytest

from skconv.init import GlorotUniform
from skconv.layers import DenseLayer
from skconv.layers.base import Context


def test_parameters():
    specs = DenseLayer(num_units=3).param_specs((None, 2, 3, 4))
    assert {name: spec.shape for name, spec in specs.items()} == {"W": (24, 3), "b": (3,)}
    assert [spec.regularizable for spec in specs.values()] == [True, False]
    assert specs["W"].init == GlorotUniform()


def test_without_biases():
    assert list(DenseLayer(num_units=3, b=None).param_specs((None, 4))) == ["W"]


def test_units_must_be_given():
    assert list(DenseLayer().check()) == ["num_units is missing"]


@pytest.mark.parametrize(
    ("axes", "shape", "weights"),
    [
        (1, (None, 3), (40, 3)),
        (2, (None, 2, 3), (20, 3)),
        (-1, (None, 2, 4, 3), (5, 3)),
        (-3, (None, 3), (40, 3)),
    ],
)
def test_leading_axes_are_kept(axes, shape, weights):
    layer = DenseLayer(num_units=3, num_leading_axes=axes)
    assert layer.output_shape((None, 2, 4, 5)) == shape
    assert layer.param_specs((None, 2, 4, 5))["W"].shape == weights
    assert layer.param_specs((None, 2, 4, 5))["b"].shape == (3,)


@pytest.mark.parametrize("shape", [(6, 4), (6, 2, 3, 4)])
def test_one_leading_axis_compiles_to_a_single_product(shape):
    layer = DenseLayer(num_units=3, nonlinearity=None)
    x = np.ones(shape, np.float32)
    params, _ = layer.init(jax.random.key(0), (None, *shape[1:]))

    def formula(params, x):
        return x.reshape(6, -1) @ params["W"] + params["b"]

    def apply(params, x):
        return layer.apply(params, {}, x, ctx=Context(False))[0]

    assert str(jax.make_jaxpr(apply)(params, x)) == str(jax.make_jaxpr(formula)(params, x))


def test_the_nonlinearity_sees_all_axes():
    def over_time(x):
        return x - x.mean(axis=1, keepdims=True)

    layer = DenseLayer(num_units=3, num_leading_axes=2, nonlinearity=over_time)
    params, _ = layer.init(jax.random.key(0), (None, 5, 4))
    x = jnp.asarray(np.random.default_rng(0).normal(size=(2, 5, 4)), jnp.float32)
    out, _ = layer.apply(params, {}, x, ctx=Context(False))
    np.testing.assert_allclose(out.mean(axis=1), 0, atol=1e-6)
