import jax
import jax.numpy as jnp
import numpy as np
import pytest

from skconv import NeuralNet
from skconv import regularization as reg
from skconv.layers import BatchNormLayer, DenseLayer, InputLayer

RNG = np.random.default_rng(0)
PENALTIES = {reg.l1: lambda x: np.abs(x).sum(), reg.l2: lambda x: (x**2).sum()}


def own(x, power=3):
    return (abs(x) ** power).sum()


PENALTIES[own] = lambda x: (np.abs(x) ** 3).sum()


@pytest.fixture(scope="module")
def net():
    return NeuralNet(
        [
            ("input", InputLayer((None, 3))),
            ("hidden", DenseLayer(None, 4, b=0.5)),
            ("norm", BatchNormLayer()),
            ("tied", DenseLayer(None, 4, W="output")),
            ("output", DenseLayer(None, 4)),
        ],
        random_state=0,
        verbose=0,
    ).initialize()


@pytest.mark.parametrize("penalty", PENALTIES)
def test_penalties_of_arrays(penalty):
    arrays = [RNG.normal(size=(3, 2)).astype(np.float32), RNG.normal(size=4).astype(np.float32)]
    expected = [PENALTIES[penalty](x) for x in arrays]
    for wrap in (np.asarray, jnp.asarray):
        single = wrap(arrays[0])
        np.testing.assert_allclose(penalty(single), expected[0], rtol=1e-6)
        np.testing.assert_allclose(reg.apply_penalty(single, penalty), expected[0], rtol=1e-6)
        several = (wrap(x) for x in arrays)
        np.testing.assert_allclose(reg.apply_penalty(several, penalty), sum(expected), rtol=1e-6)
    found = jax.grad(lambda x: reg.apply_penalty([x], reg.l2))(jnp.asarray(arrays[1]))
    np.testing.assert_allclose(found, 2 * arrays[1], rtol=1e-6)
    assert reg.apply_penalty([], penalty) == 0


def test_penalties_take_keywords():
    assert float(reg.apply_penalty([np.array([2.0, -1.0])], own, power=2)) == 5.0


@pytest.mark.parametrize("penalty", PENALTIES)
def test_penalties_of_layers(net, penalty):
    layers = net.layers_
    hidden, norm = layers["hidden"], layers["norm"]
    W, b, output = (x.get_value() for x in (hidden.W, hidden.b, layers["output"].W))
    cost = PENALTIES[penalty]
    for given, expected in (
        (hidden, cost(W)),
        ([hidden, layers["output"]], cost(W) + cost(output)),
        (layers[:2].values(), cost(W)),
        (norm, 4.0),
        ([], 0.0),
    ):
        found = reg.regularize_layer_params(given, penalty)
        np.testing.assert_allclose(found, expected, rtol=1e-6)
    found = reg.regularize_layer_params(hidden, penalty, {"trainable": True})
    np.testing.assert_allclose(found, cost(W) + cost(b), rtol=1e-6)
    found = reg.regularize_layer_params_weighted({hidden: 0.1, layers["output"]: 2}, penalty)
    np.testing.assert_allclose(found, 0.1 * cost(W) + 2 * cost(output), rtol=1e-6)
    found = reg.regularize_network_params(net, penalty)
    np.testing.assert_allclose(found, cost(W) + 4.0 + cost(output), rtol=1e-6)


def test_penalties_of_layer_instances():
    hidden = DenseLayer(InputLayer((None, 3)), 4, W=0.5)
    output = DenseLayer(hidden, 2, W=2.0)
    assert float(reg.regularize_layer_params(hidden, reg.l1)) == 6.0
    assert float(reg.regularize_network_params(output, reg.l1)) == 6.0 + 16.0
    assert float(reg.regularize_layer_params_weighted({output: 0.5}, reg.l2)) == 16.0
    NeuralNet(output, verbose=0).initialize().layers_["dense1"].W.set_value(np.ones((3, 4)))
    assert float(reg.regularize_layer_params(hidden, reg.l1)) == 12.0


CALLS = {
    "regularize_layer_params": lambda layer: reg.regularize_layer_params([layer], reg.l2),
    "regularize_layer_params_weighted": lambda layer: reg.regularize_layer_params_weighted(
        {layer: 0.1}, reg.l2
    ),
    "regularize_network_params": lambda layer: reg.regularize_network_params(layer, reg.l2),
}


@pytest.mark.parametrize("name", CALLS)
def test_penalties_of_layers_are_no_objectives(name):
    def own(predictions, targets, weights, params, *, loss_function):
        return CALLS[name](output)

    output = DenseLayer(InputLayer((None, 3)), 1)
    net = NeuralNet(output, objective=own, regression=True, max_epochs=1, verbose=0)
    with pytest.raises(ValueError, match=rf"{name} must be called outside .* write apply_penalty"):
        net.fit(np.zeros((4, 3)), np.zeros(4))


@pytest.mark.parametrize("name", CALLS)
def test_what_has_no_weights_is_refused(name):
    with pytest.raises(TypeError, match="must be a layer or a list of layers, got int"):
        CALLS[name](3)
    with pytest.raises(ValueError, match="DenseLayer must be given layers as its inputs"):
        CALLS[name](DenseLayer(None, 3))


def test_a_net_is_no_layer(net):
    with pytest.raises(TypeError, match=r"got NeuralNet; write net.layers_\['conv1'\]"):
        reg.regularize_layer_params(net, reg.l2)


def test_a_penalty_of_an_objective_is_trained():
    def sparse(predictions, targets, weights, params, *, loss_function, factor=1.0):
        return factor * reg.apply_penalty(params, reg.l1)

    X, y = RNG.normal(size=(20, 3)).astype(np.float32), RNG.normal(size=20)
    net = NeuralNet(
        [("input", InputLayer), ("output", DenseLayer)], objective=sparse, regression=True,
        max_epochs=1, train_split=None, batch_iterator_train=20, update_learning_rate=0.5,
        update_momentum=0.0, output_W=2.0, verbose=0,
    ).fit(X, y)  # fmt: skip
    np.testing.assert_allclose(net.train_history_[0]["train_loss"], 6.0, rtol=1e-6)
    np.testing.assert_allclose(net.layers_["output"].W.get_value(), 1.5)
    np.testing.assert_allclose(reg.regularize_network_params(net, reg.l1), 4.5)
