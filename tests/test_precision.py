"""Nets that compute in another type than float32, from the parameter to the predictions."""

import copy
import pickle

import jax
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits

from skconv import NeuralNet
from skconv.layers import BatchNormLayer, DenseLayer, InputLayer

from .compiling import compiled

digits, labels = load_digits(return_X_y=True)
ROWS, LABELS = (digits[:600] / 16).astype(np.float32), labels[:600]

LAYERS = [
    ("input", InputLayer),
    (DenseLayer, {"name": "hidden", "num_units": 32}),
    ("norm", BatchNormLayer),
    ("output", DenseLayer),
]


def types_of(net):
    return {str(leaf.dtype) for leaf in jax.tree.leaves(net._model.carry)}


@pytest.fixture(scope="module")
def fits():
    """Nets by type, with the number of programs that each has compiled."""
    net = NeuralNet(
        LAYERS, update_learning_rate=0.05, max_epochs=6, train_split=None, random_state=0
    )
    types = (None, "float32", "bfloat16")
    return {t: compiled(clone(net).set_params(compute_dtype=t).fit, ROWS, LABELS) for t in types}


@pytest.fixture(scope="module")
def nets(fits):
    """A net in float32, and the same in bfloat16."""
    return fits[None][0], fits["bfloat16"][0]


def test_only_another_type_compiles(fits):
    assert [number for _, number in fits.values()] == [1, 0, 1]


def test_bfloat16_learns_as_float32_does(nets):
    usual, low = (net.score(ROWS, LABELS) for net in nets)
    assert usual > 0.95
    assert abs(low - usual) < 0.02
    losses = [net.train_history_[-1]["train_loss"] for net in nets]
    assert losses[1] == pytest.approx(losses[0], rel=0.1)
    assert losses[1] != losses[0]


def test_weights_and_all_outputs_are_float32(nets):
    low = nets[1]
    function, params = low.as_function()
    found = [
        low.predict_proba(ROWS[:3]),
        low.predict_log_proba(ROWS[:3]),
        low.get_output("hidden", ROWS[:3]),
        function(params, ROWS[:3]),
    ]
    assert {str(one.dtype) for one in found} == {"float32"}
    assert types_of(low) == {"float32"}
    np.testing.assert_allclose(found[3], found[0], atol=0.01)
    np.testing.assert_allclose(found[0].sum(axis=1), 1, atol=1e-6)


def test_a_pickle_predicts_the_same(nets):
    again = pickle.loads(pickle.dumps(nets[1]))
    assert np.array_equal(again.predict_proba(ROWS), nets[1].predict_proba(ROWS))


def test_training_goes_on_in_another_type(nets):
    net = copy.copy(nets[0]).set_params(warm_start=True, max_epochs=1)
    with jax.enable_x64(True):
        net.set_params(compute_dtype="float64").fit(ROWS, LABELS)
        assert types_of(net) == {"float64"}
        probabilities = net.predict_proba(ROWS)
        assert probabilities.dtype == np.float64
        W, b = (np.asarray(p) for p in net.layers_["output"].get_params())
        hidden = net.get_output(-2, ROWS) @ W + b
        expected = np.exp(hidden) / np.exp(hidden).sum(axis=1, keepdims=True)
        np.testing.assert_allclose(probabilities, expected, rtol=1e-12)
    with pytest.raises(ValueError, match=r"^compute_dtype must be a type that JAX has enabled, "):
        net.predict(ROWS)


def test_an_unknown_type_is_refused_before_training(nets):
    message = r"'float16'; gradients in float16 underflow, unlike those in 'bfloat16'$"
    with pytest.raises(ValueError, match=message):
        copy.copy(nets[0]).set_params(compute_dtype="float16").fit(ROWS, LABELS)
    message = r"got 'float64'; call jax\.config\.update\('jax_enable_x64', True\) before "
    with pytest.raises(ValueError, match=message):
        copy.copy(nets[0]).set_params(compute_dtype="float64").fit(ROWS, LABELS)
