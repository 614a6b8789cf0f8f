import re

import jax
import numpy as np
import pytest

from skconv import NeuralNet
from skconv.errors import ProblemsError
from skconv.export import to_onnx
from skconv.layers import BatchNormLayer, Conv2DLayer, DenseLayer, InputLayer, SqueezeExciteLayer
from skconv.models import from_onnx


def outputs(net, X):
    function, params = net.as_function()
    return np.asarray(jax.jit(function)(params, X))


LAYERS = [
    (InputLayer, {"name": "input", "shape": (None, 3, 8, 8)}),
    (Conv2DLayer, {"name": "conv", "num_filters": 4, "filter_size": 3, "pad": "same"}),
    (BatchNormLayer, {"name": "norm"}),
    (SqueezeExciteLayer, {"name": "gate", "ratio": 2}),
    (DenseLayer, {"name": "output", "num_units": 3}),
]


def test_nets_that_were_written_come_back(tmp_path):
    net = NeuralNet(LAYERS, random_state=0).initialize()
    to_onnx(net, tmp_path / "net.onnx")
    pretrained = from_onnx(tmp_path / "net.onnx")
    other = NeuralNet(**pretrained.network, pretrained=pretrained, random_state=1).initialize()
    other.load_params_from(dict(pretrained.weights))
    X = np.random.default_rng(0).normal(size=(3, *net.layers_[0].output_shape[1:]))
    X = X.astype("float32")
    np.testing.assert_allclose(outputs(other, X), outputs(net, X), rtol=1e-5)
    assert {"input", "output"} < set(other.layers_)
    assert pretrained.source == "net.onnx"


def test_all_unknown_operators_are_named_at_once(write):
    nodes = [("Erf", "X", "a", {}), ("Einsum", "a", "b", {"equation": "a"}), ("Erf", "b", "Y", {})]
    message = "net.onnx: operators must be those that layers have, got Einsum (1), Erf (2); known"
    with pytest.raises(ValueError, match=re.escape(message)):
        from_onnx(write((3,), nodes))


def test_all_nodes_that_cannot_be_built_are_named_at_once(write):
    nodes = [("Flatten", "X", "a", {"axis": 0}), ("Softmax", "X", "b", {"axis": 2})]
    nodes += [("Relu", "a", "c", {}), ("Sum", "b,c", "Y", {})]
    with pytest.raises(ValueError, match=r"2 problems:(.|\n)*'Flatten'(.|\n)*'Softmax'") as error:
        from_onnx(write((3, 2), nodes))
    assert "Relu" not in str(error.value)
    assert isinstance(error.value.__cause__, ProblemsError)


@pytest.mark.parametrize(
    ("shape", "nodes", "message"),
    [
        (("N", 3, "height"), [("Relu", "X", "Y", {})], "input 'X' must have a batch and sizes"),
        ((3,), [("Constant", "", "Y", {"value_float": 1.0})], "output 'Y' must be computed"),
        ((3,), [("Relu", "Z", "Y", {})], "inputs must be computed before, got Z"),
    ],
)
def test_what_is_no_net(write, shape, nodes, message):
    with pytest.raises(ValueError, match=message):
        from_onnx(write(shape, nodes))
