import runpy
from pathlib import Path

import numpy as np
import pytest

from skconv import NeuralNet
from skconv.layers import Context, InputLayer, get_all_layers

EXAMPLES = Path(__file__).parents[2] / "examples"
SHAPE = (None, 1, 4, 4)


@pytest.fixture(scope="module")
def recipes():
    return runpy.run_path(EXAMPLES / "recipes.py")


SMALL = {
    "residual": {"groups": 1, "blocks": 1, "filters": 2},
    "densenet": {"blocks": 1, "depth": 1, "growth": 2, "dropout": 0.2},
    "highway": {"layers": 1, "units": 3},
    "unet": {"depth": 1, "filters": 2},
}


@pytest.mark.parametrize("name", SMALL)
def test_each_network_predicts_probabilities(recipes, name):
    net = NeuralNet(recipes[name](SHAPE, 3, **SMALL[name]), random_state=0, verbose=0)
    X = np.random.default_rng(0).normal(size=(6, 1, 4, 4)).astype(np.float32)
    found = net.initialize().predict_proba(X)
    assert found.shape == ((6, 3, 4, 4) if name == "unet" else (6, 3))
    np.testing.assert_allclose(found.sum(axis=1), 1.0, rtol=1e-5)


def test_a_network_is_trained(recipes):
    X, y = np.random.default_rng(0).normal(size=(6, 1, 4, 4)).astype(np.float32), np.arange(6) % 3
    layer = recipes["highway"](SHAPE, 3, **SMALL["highway"])
    net = NeuralNet(layer, max_epochs=20, train_split=None, batch_iterator_train=6, verbose=0)
    losses = net.set_params(update_learning_rate=0.1).fit(X, y).history_["train_loss"]
    assert losses.iloc[-1] < losses.iloc[0]


def test_the_recurrent_network_ignores_what_the_mask_leaves_out(recipes):
    X, _ = recipes["make_sums"](6, 4, seed=0)
    net = NeuralNet(recipes["recurrent"](4, 2), regression=True, random_state=0, verbose=0)
    expected = net.initialize().predict(X)
    noisy = np.where(X["mask"][:, :, None] > 0, X["numbers"], 9.0)
    assert not np.array_equal(noisy, X["numbers"])
    np.testing.assert_array_equal(net.predict({**X, "numbers": noisy}), expected)
    assert (net.layers_["lstm2"].b_forgetgate.get_value() == 1.0).all()


def test_the_channels_of_the_networks(recipes):
    shapes = [layer.output_shape for layer in get_all_layers(recipes["densenet"](SHAPE, 3))]
    assert shapes[-3] == (None, 2 * 8 + 2 * 3 * 8, 2, 2)
    shapes = [layer.output_shape for layer in get_all_layers(recipes["residual"](SHAPE, 3))]
    assert shapes[-3] == (None, 64, 1, 1)
    assert recipes["unet"]((None, 1, 8, 8), 3).output_shape == (None, 3, 8, 8)


def test_a_block_without_residuals_is_the_rectifier(recipes):
    block = recipes["residual_block"](InputLayer((None, 2, 3, 3)), 2)
    net = NeuralNet(block, regression=True, verbose=0).initialize()
    last = [layer for layer in net.get_all_layers() if "Conv2D" in type(layer.layer).__name__][-1]
    last.W.set_value(np.zeros(last.W.shape))
    X = np.random.default_rng(0).normal(size=(4, 2, 3, 3)).astype(np.float32)
    np.testing.assert_allclose(net.predict(X), np.maximum(X, 0), atol=1e-6)


def test_gates_mix_two_layers(recipes):
    gate, new, old = np.random.default_rng(0).uniform(size=(3, 4, 5)).astype(np.float32)
    out, _ = recipes["GatingLayer"]().apply({}, {}, gate, new, old, ctx=Context(False))
    np.testing.assert_allclose(out, gate * new + (1 - gate) * old, rtol=1e-6)


def test_sums_are_those_of_the_marked_numbers(recipes):
    X, y = recipes["make_sums"](50, 9, seed=0)
    numbers, marks = X["numbers"][..., 0], X["numbers"][..., 1]
    assert (marks.sum(1) == 2).all()
    assert (marks <= X["mask"]).all()
    np.testing.assert_allclose(y, np.einsum("nt,nt->n", numbers, marks), rtol=1e-6)
