import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.base import clone

from skconv import NeuralNet
from skconv.layers import (
    BatchNormLayer,
    Context,
    Conv2DLayer,
    DenseLayer,
    DropoutLayer,
    ElemwiseSumLayer,
    ExpressionLayer,
    FlattenLayer,
    GlobalPoolLayer,
    InputLayer,
    NonlinearityLayer,
    ReshapeLayer,
    SliceLayer,
)
from skconv.network.builder import build_network
from skconv.network.head import Head
from skconv.network.layer_list import read_layers
from skconv.network.target_info import TargetInfo
from skconv.nonlinearities import linear, rectify, sigmoid, softmax


def warm(x):
    return jax.nn.softmax(x / 2)


def dense(nonlinearity, units=3):
    return DenseLayer(num_units=units, nonlinearity=nonlinearity)


CONV = Conv2DLayer(num_filters=3, filter_size=2, nonlinearity=softmax)
RELU = Conv2DLayer(num_filters=3, filter_size=2, nonlinearity=rectify)
LAST = NonlinearityLayer
ALIKE = ElemwiseSumLayer(incomings=("a", "b"), coeffs=0.5)
TWICE = ElemwiseSumLayer(incomings=("a", "b"))
PAIR = [("a", dense(softmax)), ("b", DenseLayer("input", 3, nonlinearity=softmax))]


def head_of(*layers, wanted=softmax):
    entries = read_layers([("input", InputLayer((None, 2, 4, 4))), *layers])
    name = entries[-1].name
    task = TargetInfo(ending=lambda shape, axis: wanted)
    network = build_network(entries, {}, heads=[Head(name)], tasks=[task])
    return network, network.heads[0]


@pytest.mark.parametrize(
    "layers",
    [
        [dense(softmax), LAST],
        [dense(softmax), LAST(nonlinearity=None)],
        [dense(warm), LAST],
        [dense(None), LAST(nonlinearity=softmax), FlattenLayer],
        [dense(None), ExpressionLayer(function=jax.nn.softmax)],
        [dense(softmax), DropoutLayer(p=0.1), LAST],
        [dense(softmax), ReshapeLayer(shape=([0], 3, 1, 1)), FlattenLayer],
        [CONV, GlobalPoolLayer],
        [CONV, GlobalPoolLayer, LAST],
        [CONV, FlattenLayer(outdim=3), SliceLayer(indices=0, axis=2)],
        [*PAIR, ALIKE],
    ],
)
def test_no_second_softmax_follows_probabilities(layers):
    network, head = head_of(*layers)
    assert head.settled is softmax
    assert network.nonlinearity(head) is softmax
    assert not network.has_logits(head, units_last=True)
    params, state = network.init(jax.random.key(0))
    x = {"input": np.random.default_rng(0).normal(size=(4, 2, 4, 4)).astype(np.float32)}
    (made,), _ = network.apply(params, state, x, {}, Context(False))
    np.testing.assert_allclose(made.sum(1), 1, atol=1e-5)
    assert head.ending is None
    assert getattr(network.nodes[-1].layer, "nonlinearity", None) is None


@pytest.mark.parametrize(
    "layers",
    [
        [dense(rectify), LAST],
        [dense(None), LAST],
        [dense(sigmoid), FlattenLayer],
        [RELU, GlobalPoolLayer],
        [CONV, FlattenLayer],
        [dense(softmax), ExpressionLayer(function=jnp.log)],
        [dense(softmax), BatchNormLayer, LAST],
        [*PAIR, TWICE],
        [FlattenLayer],
    ],
)
def test_other_values_take_the_softmax(layers):
    network, head = head_of(*layers)
    assert head.settled is None
    assert network.nonlinearity(head) is softmax


@pytest.mark.parametrize(
    ("layers", "wanted", "settled"),
    [
        ([dense(sigmoid, 1), LAST], sigmoid, sigmoid),
        ([dense(sigmoid), LAST], sigmoid, sigmoid),
        ([dense(softmax), LAST], sigmoid, softmax),
        ([dense(jnp.tanh, 1), LAST], sigmoid, None),
        ([dense(softmax), LAST], linear, None),
        ([dense(rectify), LAST], jnp.exp, None),
    ],
)
def test_other_endings(layers, wanted, settled):
    assert head_of(*layers, wanted=wanted)[1].settled is settled


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 4)).astype(np.float32)
    return X, np.array(["a", "b", "c"])[X[:, :3].argmax(1)]


@pytest.mark.parametrize("last", [NonlinearityLayer, FlattenLayer])
def test_nets_train_and_predict_as_without_the_last_layer(data, last):
    X, y = data
    net = NeuralNet(
        layers=[("input", InputLayer), ("units", DenseLayer)],
        units_num_units=3,
        units_nonlinearity=softmax,
        train_split=None,
        max_epochs=2,
        random_state=0,
    )
    longer = clone(net).set_params(layers=[*net.layers, ("last", last)])
    net.fit(X, y)
    longer.fit(X, y)
    p = net.predict_proba(X)
    np.testing.assert_allclose(longer.predict_proba(X), p, atol=1e-5)
    np.testing.assert_allclose(longer.predict_log_proba(X), np.log(p), atol=1e-4)
    assert longer.score(X, y) == net.score(X, y)
