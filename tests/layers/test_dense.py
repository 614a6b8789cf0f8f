import jax
import numpy as np
import pytest

from skconv.init import GlorotUniform
from skconv.layers import DenseLayer, NINLayer
from skconv.nonlinearities import tanh

rng = np.random.default_rng(0)


def test_values_are_the_formula(forward):
    x, W, b = rng.normal(size=(5, 4)), rng.normal(size=(4, 3)), rng.normal(size=3)
    out = forward(DenseLayer(num_units=3, nonlinearity=tanh), {"W": W, "b": b}, x)
    np.testing.assert_allclose(out, np.tanh(x @ W + b), atol=1e-12)


def test_images_are_flattened_channels_first(forward):
    x, W = rng.normal(size=(5, 2, 3, 4)), rng.normal(size=(24, 3))
    out = forward(DenseLayer(num_units=3, b=None, nonlinearity=None), {"W": W}, x)
    np.testing.assert_allclose(out, x.reshape(5, 24) @ W, atol=1e-12)


def test_gradients_are_the_formula(forward):
    layer = DenseLayer(num_units=3, nonlinearity=tanh)
    x, W, b = rng.normal(size=(5, 4)), rng.normal(size=(4, 3)), rng.normal(size=3)

    def total(params, x):
        return layer.apply(params, {}, x, ctx=None)[0].sum()

    params, dx = jax.grad(total, argnums=(0, 1))({"W": W, "b": b}, x)
    slope = 1 - np.tanh(x @ W + b) ** 2
    np.testing.assert_allclose(params["W"], x.T @ slope, atol=1e-12)
    np.testing.assert_allclose(params["b"], slope.sum(0), atol=1e-12)
    np.testing.assert_allclose(dx, slope @ W.T, atol=1e-12)


def test_parameters():
    specs = DenseLayer(num_units=3).param_specs((None, 2, 3, 4))
    assert {name: spec.shape for name, spec in specs.items()} == {"W": (24, 3), "b": (3,)}
    assert [spec.regularizable for spec in specs.values()] == [True, False]
    assert specs["W"].init == GlorotUniform()


def test_without_biases():
    assert list(DenseLayer(num_units=3, b=None).param_specs((None, 4))) == ["W"]


@pytest.mark.parametrize("num_units", [0, -1, 2.0, "3", True])
def test_units_are_counted(num_units):
    faults = list(DenseLayer(num_units=num_units).check())
    assert faults == [f"num_units={num_units!r} is not a whole number of 1 or more"]


def test_units_must_be_given():
    assert list(DenseLayer().check()) == ["num_units is missing"]


def test_nonlinearity_must_be_a_function():
    faults = list(DenseLayer(num_units=1, nonlinearity="relu").check())
    assert faults == ["nonlinearity='relu' is not a function, or None for the identity"]


@pytest.mark.parametrize("untie", [False, True])
def test_each_place_has_the_same_dense_layer(forward, untie):
    x, W = rng.normal(size=(5, 2, 3, 4)), rng.normal(size=(2, 6))
    layer = NINLayer(num_units=6, untie_biases=untie, nonlinearity=tanh)
    b = rng.normal(size=layer.param_specs((None, 2, 3, 4))["b"].shape)
    assert b.shape == ((6, 3, 4) if untie else (6,))
    expected = np.einsum("nchw,co->nohw", x, W) + (b if untie else b[:, None, None])
    np.testing.assert_allclose(forward(layer, {"W": W, "b": b}, x), np.tanh(expected), atol=1e-12)
    without = NINLayer(num_units=6, b=None, nonlinearity=None)
    assert list(without.param_specs((None, 2, 3, 4))) == ["W"]
