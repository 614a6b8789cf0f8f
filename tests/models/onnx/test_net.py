from collections import Counter

import numpy as np
import pytest

from skconv.layers import DenseLayer, NonlinearityLayer
from skconv.models.caffe.graph import Tensor
from skconv.models.onnx.messages import OnnxNode
from skconv.models.onnx.net import OnnxNet, listed, row_axis, same_sides


@pytest.fixture
def net():
    net = OnnxNet({"W": np.ones((3, 2)), "i": np.ones(2, int)}, Counter())
    net.graph.add_input("X", [1, 3])
    net.values["X"] = net.graph.tops["X"]
    return net


def test_layers_have_names_of_nodes_and_weights(net):
    node = OnnxNode("Gemm", "/body/fc/Gemm", ["X", "W"], ["Y"])
    x, W = net.tensor(node), net.constant(node, 1)
    out = net.add(node, DenseLayer, [x], {"W": W}, num_units=2, b=None)
    assert out == Tensor("body_fc", (None, 2))
    assert net.weights["body_fc.W"].dtype == np.float32
    again = net.add(OnnxNode("Relu", "body/fc/Relu"), NonlinearityLayer, [out])
    assert again.name == "body_fc_Relu"
    assert net.setting(OnnxNode("Clip", attributes={"min": 1}), "min", 1) == 1


def test_kinds_of_values(net):
    node = OnnxNode("Add", "add", ["X", "W"])
    with pytest.raises(ValueError, match="input 1 must be computed"):
        net.tensor(node, 1)
    with pytest.raises(ValueError, match="input 0 must be a constant"):
        net.constant(node, 0)
    with pytest.raises(ValueError, match="W must hold floats, got int64"):
        net.add(node, DenseLayer, [net.tensor(node)], {"W": net.values["i"]}, num_units=2)


def test_axes_and_lists():
    assert row_axis(-1, 4) == 3
    with pytest.raises(ValueError, match="axis must be one of 1 to 3, got 0"):
        row_axis(0, 4)
    assert listed(np.array([None, 2], object)) == [None, 2]
    assert same_sides([1, 2, 3, 4]) == ((1, 2), (3, 4))
