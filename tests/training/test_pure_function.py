import jax
import jax.export
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_digits

from skconv import NeuralNet, compile_counts
from skconv.layers import (
    BatchNormLayer,
    Conv2DLayer,
    DenseLayer,
    DepthwiseConv2DLayer,
    GlobalPoolLayer,
    GroupNormLayer,
    GRULayer,
    InputLayer,
    MaxPool2DLayer,
    Pool2DLayer,
)

from ..nets import softmax_of

X, y = load_digits(return_X_y=True)
X = (X[:60] / 16).astype(np.float32).reshape(-1, 1, 8, 8)
y = y[:60]

CNN = [
    ("input", InputLayer),
    ("conv", Conv2DLayer),
    ("norm", BatchNormLayer),
    ("pool", MaxPool2DLayer),
    ("deep", DepthwiseConv2DLayer),
    ("groups", GroupNormLayer),
    ("overlap", Pool2DLayer),
    ("output", DenseLayer),
]
CNN_KEYWORDS = {
    "conv_num_filters": 4,
    "conv_filter_size": 3,
    "conv_pad": "same",
    "pool_pool_size": 2,
    "deep_filter_size": 3,
    "deep_pad": "same",
    "groups_num_groups": 2,
    "overlap_pool_size": 3,
    "overlap_stride": 1,
    "overlap_mode": "average_inc_pad",
}


@pytest.fixture(scope="module")
def cnn():
    return NeuralNet(CNN, max_epochs=1, random_state=0, **CNN_KEYWORDS).fit(X, y)


def test_it_computes_what_the_net_predicts(cnn):
    function, params = cnn.as_function()
    expected = cnn.predict_proba(X)
    np.testing.assert_allclose(function(params, X), expected, atol=1e-6)
    np.testing.assert_allclose(jax.jit(function)(params, X[:3]), expected[:3], atol=1e-6)
    np.testing.assert_allclose(function(params, X.reshape(60, -1)), expected, atol=1e-6)


def test_parameters_and_state_are_named_as_in_files(cnn):
    _, params = cnn.as_function()
    found = {f"{layer}.{name}" for layer, own in params.items() for name in own}
    assert found == {parameter.name for parameter in cnn.get_all_params()}


def test_it_has_gradients_and_is_vectorized(cnn):
    function, params = cnn.as_function()

    def loss(params):
        return -jnp.log(function(params, X)[jnp.arange(60), y]).mean()

    direction, step, output = jax.grad(loss)(params)["output"]["W"], 1e-2, params["output"]
    moved = {**params, "output": {**output, "W": output["W"] + step * direction}}
    slope = (loss(moved) - loss(params)) / step
    np.testing.assert_allclose(jnp.square(direction).sum(), slope, rtol=0.05)
    one_by_one = jax.vmap(lambda row: function(params, row[None])[0])(X)
    np.testing.assert_allclose(one_by_one, function(params, X), atol=1e-6)


def test_it_is_exported_for_any_number_of_rows(cnn):
    function, params = cnn.as_function()
    (rows,) = jax.export.symbolic_shape("rows")
    shape = jax.ShapeDtypeStruct((rows, 1, 8, 8), jnp.float32)
    exported = jax.export.export(jax.jit(function))(params, shape)
    for n in (1, 7, 60):
        found = exported.call(params, X[:n])
        np.testing.assert_allclose(found, cnn.predict_proba(X[:n]), atol=1e-5)


def test_sequences_are_exported_too():
    steps = DenseLayer(num_units=3, num_leading_axes=2)
    layers = [("input", InputLayer), ("gru", GRULayer), ("steps", steps), ("pool", GlobalPoolLayer)]
    net = NeuralNet([*layers, ("output", DenseLayer)], gru_num_units=4, max_epochs=1)
    net.fit(X[:, 0], y)
    function, params = net.as_function()
    (rows,) = jax.export.symbolic_shape("rows")
    shape = jax.ShapeDtypeStruct((rows, 8, 8), jnp.float32)
    exported = jax.export.export(jax.jit(function))(params, shape)
    found = exported.call(params, X[:5, 0])
    np.testing.assert_allclose(found, net.predict_proba(X[:5, 0]), atol=1e-5)


def test_numbers_are_in_the_units_of_y():
    rows, numbers = load_diabetes(return_X_y=True)
    net = NeuralNet(regression=True, max_epochs=2, random_state=0).fit(rows, numbers)
    function, params = net.as_function()
    np.testing.assert_allclose(function(params, rows)[:, 0], net.predict(rows), rtol=1e-5)


def test_several_inputs_and_outputs_have_their_names():
    layers = [("left", InputLayer), ("a", DenseLayer), ("right", InputLayer), ("b", DenseLayer)]
    net = NeuralNet(layers, outputs=["a", "b"], max_epochs=1, train_split=None)
    given = {"left": X[:, 0, 0], "right": X[:, 0, 1]}
    net.fit(given, {"a": y, "b": y % 2})
    function, params = net.as_function()
    for found, expected in zip(function(params, given), net.predict_proba(given), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_it_compiles_none_of_the_nets_programs(cnn):
    before = compile_counts()
    function, params = cnn.as_function()
    function(params, X)
    assert compile_counts() == before


def test_auxiliary_outputs_are_left_out():
    output = (DenseLayer, {"name": "output", "incoming": "input"})
    layers = [("input", InputLayer), ("early", DenseLayer), output]
    net = NeuralNet(layers, aux_outputs={"early": 0.3}, max_epochs=0)
    rows = X.reshape(60, -1)
    function, params = net.fit(rows, y).as_function()
    W, b = net.get_all_params_values()["output"]
    np.testing.assert_allclose(function(params, rows), softmax_of(rows @ W + b), atol=1e-5)
