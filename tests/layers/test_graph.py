import pickle
from dataclasses import dataclass

import jax
import numpy as np
import pytest

from skconv import NeuralNet
from skconv.layers import (
    BatchNormLayer,
    ConcatLayer,
    Conv2DLayer,
    DenseLayer,
    DropoutLayer,
    ElemwiseSumLayer,
    EmbeddingLayer,
    InputLayer,
    InverseLayer,
    MaxPool2DLayer,
    NonlinearityLayer,
    batch_norm,
    count_params,
    get_all_layers,
    get_all_param_values,
    get_all_params,
    get_output,
    get_output_shape,
    set_all_param_values,
)
from skconv.nonlinearities import softmax

RNG = np.random.default_rng(0)


@pytest.fixture
def tree():
    left, right = InputLayer((None, 4), name="left"), InputLayer((None, 6))
    one, two = DenseLayer(left, 2), DenseLayer(right, 3)
    return left, right, one, two, ConcatLayer([one, two])


def same(found, *wanted):
    return list(map(id, found)) == list(map(id, wanted))


def test_all_layers_come_after_their_inputs(tree):
    left, right, one, two, both = tree
    assert same(get_all_layers(both), left, one, right, two, both)
    assert same(get_all_layers([two, one]), right, two, left, one)
    assert same(get_all_layers((one, one)), left, one)
    assert same(get_all_layers(both, treat_as_input=[one]), one, right, two, both)
    assert same(get_all_layers([both, left], treat_as_input=[one]), one, right, two, both, left)
    last = DenseLayer(ConcatLayer([both, one]), 3)
    assert len(get_all_layers(last)) == 7


def test_shapes_of_outputs(tree):
    left, right, one, _, both = tree
    assert get_output_shape(both) == (None, 5)
    assert get_output_shape([one, both]) == [(None, 2), (None, 5)]
    assert get_output_shape(both, {left: (3, 7), right: (3, 6)}) == (3, 5)
    assert get_output_shape(both, {one: (8, 9)}) == (8, 12)
    assert get_output_shape(left, {left: [7, 9]}) == (7, 9)
    layer = Conv2DLayer(InputLayer((None, 1, 28, 28)), 8, 3)
    assert get_output_shape(layer, (5, 1, 9, 9)) == (5, 8, 7, 7)
    assert layer.output_shape == (None, 8, 26, 26)
    assert get_output_shape([], None) == []


def test_what_cannot_be_meant(tree):
    both = tree[-1]
    message = (
        "^input_shapes must be a dict of input layers, because there are 2: left, InputLayer; "
    )
    with pytest.raises(ValueError, match=message):
        get_output_shape(both, (None, 4))
    with pytest.raises(TypeError, match=r"^layer must be a layer or a list of layers, got str$"):
        get_all_layers("output")
    with pytest.raises(TypeError, match=r"^the keys of input_shapes must be a layer or a list"):
        get_output_shape(both, {"left": (None, 4)})
    with pytest.raises(ValueError, match=r"^DenseLayer must be given layers as its inputs"):
        get_all_layers(DenseLayer("hidden", 4))


def zoo_network():
    """Return layers in the way of Lasagne's model zoo."""
    net = {"input": InputLayer((None, 2, 8, 8))}
    net["conv1"] = Conv2DLayer(net["input"], 3, 3, flip_filters=False)
    net["pool1"] = MaxPool2DLayer(net["conv1"], 2)
    net["fc2"] = DenseLayer(net["pool1"], 4, nonlinearity=None)
    net["prob"] = NonlinearityLayer(net["fc2"], softmax)
    return net


def test_pickles_of_the_model_zoo_load():
    W, b = RNG.normal(size=(3, 2, 3, 3)), RNG.normal(size=3)
    V, c = RNG.normal(size=(27, 4)), RNG.normal(size=4)
    pickled = pickle.dumps({"param values": [W, b, V, c], "model name": "zoo"})
    net = zoo_network()
    set_all_param_values(net["prob"], pickle.loads(pickled)["param values"])
    X = RNG.normal(size=(5, 2, 8, 8)).astype(np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(X, (3, 3), (2, 3))
    maps = np.einsum("nchwij,fcij->nfhw", windows, W)
    maps = np.maximum(maps + b[:, None, None], 0)
    pooled = maps.reshape(5, 3, 3, 2, 3, 2).max((3, 5))
    scores = pooled.reshape(5, -1) @ V + c
    exp = np.exp(scores - scores.max(1, keepdims=True))
    wanted = exp / exp.sum(1, keepdims=True)
    given = get_output([net["fc2"], net["prob"]], X, deterministic=True)
    np.testing.assert_allclose(given[0], scores, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(given[1], wanted, rtol=1e-4, atol=1e-5)
    built = NeuralNet(net["prob"]).initialize()
    np.testing.assert_allclose(built.predict_proba(X), wanted, rtol=1e-4, atol=1e-5)
    again = get_all_param_values(net["prob"])
    assert all(
        np.array_equal(one, two.astype(np.float32))
        for one, two in zip(again, [W, b, V, c], strict=True)
    )


def test_parameters_come_in_the_order_of_the_layers():
    images = InputLayer((None, 1, 6, 6))
    conv = batch_norm(Conv2DLayer(images, 2, 3, name="conv"))
    out = DenseLayer(conv, 3)
    names = [parameter.name for parameter in get_all_params(out)]
    assert names == [
        "conv.W",
        *(f"conv_bn.{n}" for n in ("beta", "gamma", "mean", "inv_std")),
        "W",
        "b",
    ]
    assert get_all_params(out)[-2:] == [out.W, out.b]
    assert get_all_params(out)[-1] is out.b
    state = get_all_params(out, trainable=False)
    assert [parameter.name for parameter in state] == ["conv_bn.mean", "conv_bn.inv_std"]
    penal = get_all_params([out], regularizable=True)
    assert [parameter.name for parameter in penal] == ["conv.W", "conv_bn.gamma", "W"]
    assert len(get_all_params(out, trainable=True, regularizable=False)) == 2
    assert count_params(out) == 18 + 8 + 96 + 3
    assert count_params(out, trainable=True) == 18 + 4 + 96 + 3
    with pytest.raises(
        ValueError, match=r"^tags must be 'trainable' and 'regularizable', got 'deep'"
    ):
        get_all_params(out, deep=True)


def test_shared_parameters_are_listed_once():
    rows = InputLayer((None, 4))
    one = DenseLayer(rows, 4, name="one", nonlinearity=None)
    two = DenseLayer(one, 4, W=one.W, nonlinearity=None)
    tied = DenseLayer(two, 4, W=two.W.T, b=None, nonlinearity=None)
    named = DenseLayer(tied, 4, W="one.W.T", b="one", nonlinearity=None)
    last = ElemwiseSumLayer([named, one])
    assert [p.name for p in get_all_params(last)] == ["one.W", "one.b", "b"]
    X, W = RNG.normal(size=(3, 4)).astype(np.float32), RNG.normal(size=(4, 4))
    set_all_param_values(last, [W, np.ones(4), np.zeros(4)])
    first = X @ W + 1
    wanted = (first @ W) @ W.T @ W.T + 1 + first
    np.testing.assert_allclose(get_output(last, X), wanted, rtol=1e-4, atol=1e-4)
    built = NeuralNet(last, regression=True).initialize()
    np.testing.assert_allclose(built.predict(X), wanted, rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(named.W.get_value(), W.T.astype(np.float32))


def test_values_are_drawn_once_and_kept_by_the_net():
    out = DenseLayer(DenseLayer(InputLayer((None, 4)), 3), 2)
    np.random.seed(0)  # noqa: NPY002, its seed is that of old scripts
    drawn = get_all_param_values(out)
    np.random.seed(0)  # noqa: NPY002, its seed is that of old scripts
    again = get_all_param_values(DenseLayer(DenseLayer(InputLayer((None, 4)), 3), 2))
    for one, two, three in zip(drawn, get_all_param_values(out), again, strict=True):
        np.testing.assert_array_equal(one, two)
        np.testing.assert_array_equal(one, three)
    net = NeuralNet(out, regression=True, random_state=0).initialize()
    for one, two in zip(drawn, get_all_param_values(net.layers_[-1]), strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ([np.zeros((4, 3))], ValueError, r"^values must have one array for each of 2 parameters, "),
        (
            [np.zeros(3), np.zeros((4, 3))],
            ValueError,
            r"^2 problems:\n - values\[0\] must have shape \(4, 3\) for the parameter 'out.W', ",
        ),
        ([np.zeros((4, 3)), [np.nan] * 3], ValueError, r"^values\[1\] must hold finite numbers$"),
        (
            {"values": [1], "mean": 2},
            TypeError,
            r"^values must be a list of arrays, got dict; its l",
        ),
        ("vgg.pkl", TypeError, r"^values must be a list of arrays, got str$"),
    ],
)
def test_values_that_do_not_fit_change_nothing(values, error, message):
    out = DenseLayer(InputLayer((None, 4)), 3, name="out")
    before = get_all_param_values(out)
    with pytest.raises(error, match=message):
        set_all_param_values(out, values)
    assert all(map(np.array_equal, before, get_all_param_values(out)))


def test_outputs_are_those_of_training_unless_deterministic():
    rows = InputLayer((None, 50))
    noisy = DropoutLayer(rows, 0.5)
    both = ElemwiseSumLayer([noisy, noisy])
    X = np.ones((20, 50), np.float32)
    one, two = get_output([noisy, both], X)
    assert set(np.unique(one)) == {0, 2}
    np.testing.assert_array_equal(two, 2 * one)
    np.testing.assert_array_equal(get_output(both, X, deterministic=True), 2)
    X = RNG.normal(3.0, 2.0, size=(20, 4)).astype(np.float32)
    norm = BatchNormLayer(InputLayer((None, 4)))
    np.testing.assert_allclose(get_output(norm, X).mean(0), 0, atol=1e-5)
    np.testing.assert_array_equal(get_output(norm, X, deterministic=True), X)


def test_outputs_of_inner_layers_can_be_given():
    one, two = InputLayer((None, 2), name="one"), InputLayer((None, 2), name="two")
    hidden = DenseLayer(one, 2, W=np.eye(2), nonlinearity="tanh")
    both = ConcatLayer([hidden, two])
    X = np.array([[1.0, -1.0]], np.float32)
    np.testing.assert_allclose(
        get_output(both, {one: X, two: 2 * X}), [[*np.tanh(X[0]), 2, -2]], rtol=1e-5
    )
    np.testing.assert_array_equal(get_output(both, {hidden: X, two: X}), [[1, -1, 1, -1]])
    np.testing.assert_array_equal(get_output(one, {one: [[1, 2]]}), [[1.0, 2.0]])


def test_any_layer_computes_on_its_own():
    words = InputLayer((None, 3))
    table = EmbeddingLayer(words, 5, 2, W=np.arange(10.0).reshape(5, 2))
    np.testing.assert_array_equal(
        get_output(table, np.array([[0, 4, 1]]))[0], [[0, 1], [8, 9], [2, 3]]
    )
    images = InputLayer((None, 1, 4, 4))
    pool = MaxPool2DLayer(images, 2)
    X = np.arange(16.0).reshape(1, 1, 4, 4)
    back = get_output(InverseLayer(pool, pool), X, deterministic=True)
    np.testing.assert_array_equal(back, np.where(np.isin(X, [5, 7, 13, 15]), X, 0))
    plus = DenseLayer(InputLayer((None, 2)), 1, W=1.0, b=2.0)
    assert jax.jit(lambda X: get_output(plus, X))(np.ones((1, 2))).item() == 4


def test_inputs_that_cannot_be_meant():
    left, right = InputLayer((None, 4)), InputLayer((None, 4))
    both = ConcatLayer([left, right])
    X = np.zeros((3, 4))
    for inputs in (None, {left: X}, {left: X, right: X}):
        with pytest.raises(
            ValueError, match=r"inputs must have an array for InputLayer, as in get_"
        ):
            get_output(both, inputs)
    with pytest.raises(ValueError, match=r"^inputs must be a dict of input layers, because there "):
        get_output(both, X)
    layer = Conv2DLayer(InputLayer((None, 1, 6, None), name="images"), 2, 3)
    message = (
        r"^inputs must have shape \(n, 1, 6, any\) for layer 'images' \(InputLayer\), got \(3, 4\)$"
    )
    with pytest.raises(ValueError, match=message):
        get_output(layer, X)
    with pytest.warns(UserWarning, match=r"'determinstic', which no layer takes\. Did you mean 'd"):
        get_output(left, X, determinstic=True)


@pytest.fixture(scope="module")
def fitted():
    rows = InputLayer()
    hidden = DenseLayer(rows, 5, name="hidden", nonlinearity="tanh")
    out = DenseLayer(DropoutLayer(hidden, 0.5), name="out")
    X = RNG.normal(size=(30, 4)).astype(np.float32)
    net = NeuralNet(out, max_epochs=2, random_state=0)
    with pytest.raises(ValueError, match=r"^InputLayer: shape is missing$"):
        get_all_param_values(hidden)
    return net.fit(X, np.arange(30) % 3), X


def test_after_a_fit_instances_have_the_weights_of_the_net(fitted):
    net, X = fitted
    out = net.layers
    hidden = get_all_layers(out)[1]
    assert (out.output_shape, hidden.input_shape) == ((None, 3), (None, 4))
    for layer in (out, net.layers_["out"]):
        values = get_all_param_values(layer)
        assert [v.shape for v in values] == [(4, 5), (5,), (5, 3), (3,)]
        np.testing.assert_array_equal(values[2], net.layers_["out"].W.get_value())
        np.testing.assert_allclose(
            get_output(layer, X, deterministic=True), net.predict_proba(X), rtol=1e-5, atol=1e-6
        )
        assert not np.allclose(get_output(layer, X), net.predict_proba(X), atol=1e-3)
        assert get_output_shape(layer, (7, 4)) == (7, 3)
        assert count_params(layer) == 43
    np.testing.assert_array_equal(hidden.W.get_value(), net.layers_["hidden"].W.get_value())
    more = DenseLayer(hidden, 2, W=1.0, nonlinearity=None)
    wanted = net.get_output("hidden", X).sum(1, keepdims=True)
    np.testing.assert_allclose(get_output(more, X)[:, :1], wanted, rtol=1e-4, atol=1e-5)


def test_setting_values_of_an_instance_sets_those_of_its_net(fitted):
    net, X = fitted
    before = get_all_param_values(net.layers)
    set_all_param_values(net.layers, [np.zeros_like(v) for v in before])
    np.testing.assert_allclose(net.predict_proba(X), 1 / 3, rtol=1e-5)
    net.layers.b.set_value([0.0, 50.0, 0.0])
    assert set(net.predict(X)) == {1}
    set_all_param_values(net.layers_["out"], before)
    assert all(map(np.array_equal, get_all_param_values(net.layers), before))


@dataclass(frozen=True)
class _Doubled(DenseLayer):
    def get_output_for(self, input, factor=2, **kwargs):
        return factor * super().get_output_for(input, **kwargs)


def test_layers_of_your_own_take_further_arguments():
    layer = _Doubled(InputLayer((None, 2)), 1, W=1.0)
    X = np.ones((1, 2))
    assert get_output(layer, X).item() == 4
    assert get_output(layer, X, factor=3).item() == 6
