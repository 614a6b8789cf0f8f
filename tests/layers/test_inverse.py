import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.signal import convolve2d
from sklearn.base import clone

from skconv import NeuralNet
from skconv.layers import (
    ConcatLayer,
    Context,
    Conv2DLayer,
    DenseLayer,
    DropoutLayer,
    FlattenLayer,
    InputLayer,
    InverseLayer,
    MaxPool2DLayer,
    NINLayer,
    NonlinearityLayer,
)
from skconv.network.builder import build_network
from skconv.network.layer_list import read_layers
from skconv.nonlinearities import tanh

rng = np.random.default_rng(0)
image = ("input", InputLayer((None, 2, 4, 6)))
images = rng.normal(size=(3, 2, 4, 6))


def built(layers, **given):
    return build_network(read_layers(layers), given)


def drawn(network):
    params, _ = network.init(jax.random.key(0))
    return jax.tree.map(lambda a: rng.normal(size=a.shape), params)


def applied(network, params, x, *, train=False, **kwargs):
    ctx = Context(train, jax.random.key(0) if train else None)
    with jax.enable_x64(True):
        (out,), _ = network.apply(params, {}, {"input": x}, {}, ctx, **kwargs)
        return np.asarray(out)


def test_a_dense_layer_is_undone_by_its_transpose():
    layers = [
        image,
        ("code", DenseLayer(num_units=3, nonlinearity=None)),
        ("back", InverseLayer(layer="code")),
    ]
    network = built(layers)
    assert network.node("back").output_shape == (None, 2, 4, 6)
    assert network.node("back").incomings == ("code", "code", "input")
    params = drawn(network)
    W, b = params["code"].values()
    expected = ((images.reshape(3, -1) @ W + b) @ W.T).reshape(images.shape)
    np.testing.assert_allclose(applied(network, params, images), expected, atol=1e-12)


def test_the_slope_of_the_nonlinearity_counts():
    x = rng.normal(size=(3, 4))
    layers = [
        ("input", InputLayer((None, 4))),
        ("code", DenseLayer(num_units=3, nonlinearity=tanh)),
        ("back", InverseLayer(layer="code")),
    ]
    network = built(layers)
    params = drawn(network)
    W, b = params["code"].values()
    code = np.tanh(x @ W + b)
    expected = (code * (1 - code**2)) @ W.T
    np.testing.assert_allclose(applied(network, params, x), expected, atol=1e-12)


def test_maxima_go_back_to_where_they_came_from():
    layers = [
        image,
        ("conv", Conv2DLayer(num_filters=2, filter_size=1, nonlinearity=None)),
        ("pool", MaxPool2DLayer(pool_size=(2, 3))),
        ("bend", DropoutLayer(p=0.0)),
        ("unpool", InverseLayer(layer="pool")),
    ]
    network = built(layers, bend={"incoming": "pool"})
    params = drawn(network)
    maps = applied(network, params, images, to=["conv"])
    blocks = maps.reshape(3, 2, 2, 2, 2, 3)
    top = blocks.max((3, 5), keepdims=True)
    expected = np.where(blocks == top, top, 0).reshape(maps.shape)
    np.testing.assert_array_equal(applied(network, params, images), expected)


def test_a_convolution_is_undone_by_a_transposed_one():
    layers = [
        image,
        ("conv", Conv2DLayer(num_filters=3, filter_size=(2, 3), nonlinearity=None)),
        ("deconv", InverseLayer(layer="conv")),
    ]
    network = built(layers)
    params = drawn(network)
    W = params["conv"]["W"]
    maps = applied(network, params, images, to=["conv"])
    expected = [
        [sum(convolve2d(m, f[c]) for m, f in zip(row, W, strict=True)) for c in range(2)]
        for row in maps
    ]
    np.testing.assert_allclose(applied(network, params, images), expected, atol=1e-12)


def test_layers_of_several_layouts_meet():
    layers = [
        image,
        ("maps", NINLayer(num_units=2)),
        ("flat", FlattenLayer()),
        ("again", DenseLayer(num_units=48, nonlinearity=None)),
        ("bend", NonlinearityLayer(nonlinearity=tanh)),
        ("images", InverseLayer(layer="flat")),
    ]
    network = built(layers)
    params = drawn(network)
    flat = applied(network, params, images, to=["bend"])
    found = applied(network, params, images)
    np.testing.assert_array_equal(found, flat.reshape(images.shape))


def test_noise_is_the_same_both_ways():
    layers = [
        ("input", InputLayer((None, 50))),
        ("drop", DropoutLayer()),
        ("back", InverseLayer(layer="drop")),
    ]
    network, x = built(layers), np.ones((4, 50))
    there = applied(network, {}, x, train=True, to=["drop"])
    np.testing.assert_array_equal(applied(network, {}, x, train=True), 2 * there)
    assert set(there.ravel()) == {0, 2}


def test_gradients_reach_the_shared_weights_on_both_ways():
    layers = [
        ("input", InputLayer((None, 4))),
        ("code", DenseLayer(num_units=3, nonlinearity=None, b=None)),
        ("back", InverseLayer(layer="code")),
    ]
    network = built(layers)
    x, W, weights = (rng.normal(size=shape) for shape in ((5, 4), (4, 3), (5, 4)))

    def loss(W):
        params = {"code": {"W": W}}
        (out,), _ = network.apply(params, {}, {"input": x}, {}, Context(True))
        return (weights * out).sum()

    with jax.enable_x64(True):
        found = jax.grad(loss)(jnp.asarray(W))
    expected = (x.T @ weights + weights.T @ x) @ W
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize(
    ("layers", "given", "message"),
    [
        (
            [image, ("pool", MaxPool2DLayer(pool_size=2)), ("un", InverseLayer(layer="pol"))],
            {},
            r"^layer 'un' \(InverseLayer\): layer must be the name of a layer, got 'pol'\. "
            r"Did you mean 'pool'\?$",
        ),
        (
            [image, ("un", InverseLayer())],
            {},
            r"^layer 'un' \(InverseLayer\): layer is missing$",
        ),
        (
            [image, ("un", InverseLayer(layer="input"))],
            {},
            r"^layer 'un' \(InverseLayer\): layer must be a layer with one incoming layer, "
            r"got 'input' with 0$",
        ),
        (
            [image, ("two", ConcatLayer()), ("un", InverseLayer(layer="two"))],
            {"two": {"incomings": ["input", "input"]}},
            r"^layer 'un' \(InverseLayer\): layer must be .*, got 'two' with 2$",
        ),
        (
            [
                image,
                ("pool", MaxPool2DLayer(pool_size=2)),
                ("conv", Conv2DLayer(num_filters=3, filter_size=1)),
                ("un", InverseLayer(layer="pool")),
            ],
            {},
            r"^layer 'un' \(InverseLayer\): input must have the output shape of 'pool', "
            r"\(None, 2, 2, 3\), got \(None, 3, 2, 3\)$",
        ),
        (
            [image, ("un", InverseLayer(layer="un"))],
            {},
            r"^the layers form a cycle: un -> un$",
        ),
    ],
)
def test_what_cannot_be_undone(layers, given, message):
    with pytest.raises(ValueError, match=message):
        built(layers, **given)


def test_graphs_of_instances():
    data = InputLayer((None, 2, 4, 6))
    pool = MaxPool2DLayer(data, pool_size=2, name="pool")
    network = built(InverseLayer(pool, pool, name="unpool"))
    assert network.node("unpool").incomings == ("pool", "pool", "input0")
    assert network.node("unpool").layer.layer == "pool"


def test_a_net_learns_to_undo():
    X = rng.normal(size=(60, 4)) @ rng.normal(size=(4, 6))
    net = NeuralNet(
        [("input", InputLayer), ("code", DenseLayer), ("output", InverseLayer)],
        code_num_units=4,
        code_nonlinearity=None,
        output_layer="code",
        regression=True,
        update_learning_rate=0.02,
        batch_iterator_train=20,
        max_epochs=60,
        random_state=0,
    )
    again = clone(net).fit(X, X)
    assert again.score(X, X) > 0.95
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(again)).predict(X), net.fit(X, X).predict(X)
    )
