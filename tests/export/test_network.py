import jax
import jax.numpy as jnp
import numpy as np
import pytest

from skconv import NeuralNet, models
from skconv.errors import ProblemsError
from skconv.export import to_onnx, traced
from skconv.layers import ConcatLayer, DenseLayer, ExpressionLayer, InputLayer


def test_a_model(run):
    net = NeuralNet(**models.lenet5((1, 32, 32), 10), random_state=0).initialize()
    X = np.random.default_rng(0).normal(size=(2, 1, 32, 32)).astype("float32")
    made, operators = run(net, X)
    function, params = net.as_function()
    want = jax.jit(function)(params, X)
    np.testing.assert_allclose(made["probabilities"], want, rtol=1e-5, atol=1e-7)
    assert operators.count("Conv") == 3
    assert operators.count("Gemm") == 2
    assert not {"Loop", "Scan", "ScatterND", "NonZero"} & set(operators)


def test_several_inputs(run):
    layers = [
        (InputLayer, {"name": "a", "shape": (None, 2)}),
        (InputLayer, {"name": "b", "shape": (None, 3)}),
        (ConcatLayer, {"name": "both", "incomings": ["a", "b"]}),
        (DenseLayer, {"name": "out", "num_units": 2}),
    ]
    net = NeuralNet(layers, random_state=0).initialize()
    X = {"a": np.ones((4, 2), "float32"), "b": np.zeros((4, 3), "float32")}
    made, _ = run(net, *X.values())
    function, params = net.as_function()
    np.testing.assert_allclose(made["probabilities"], function(params, X), rtol=1e-5)


def failing(x):
    return jnp.sort(x)


def refuse(*args):
    raise ValueError("NotImplementedError: sort")


def test_all_layers_that_cannot_be_traced_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(traced, "_trace", refuse)
    layers = [
        (InputLayer, {"name": "input", "shape": (None, 3, 3)}),
        (ExpressionLayer, {"name": "own", "function": failing}),
        (ExpressionLayer, {"name": "own2", "function": failing, "incoming": "input"}),
        (ConcatLayer, {"name": "both", "incomings": ["own", "own2"]}),
        (DenseLayer, {"name": "out", "num_units": 2}),
    ]
    net = NeuralNet(layers, random_state=0).initialize()
    message = (
        r"layer 'own' \(ExpressionLayer\) cannot be written to ONNX: NotImplementedError: "
        r"sort(.|\n)*"
        r"layer 'own2' \(ExpressionLayer\)"
    )
    with pytest.raises(ProblemsError, match=message):
        to_onnx(net, tmp_path / "net.onnx")
