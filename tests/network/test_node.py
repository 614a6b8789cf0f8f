import numpy as np

from skconv.init import Constant, Normal
from skconv.layers import DenseLayer
from skconv.layers.base import ParamSpec
from skconv.network.node import Node


def test_initial_values_are_replaced_but_not_added():
    layer = DenseLayer(num_units=4, W=np.eye(4), b=None)
    specs = {"W": ParamSpec((4, 4), Normal())}
    node = Node("fc", layer, ("input",), ((None, 4),), (None, 4), specs)
    blank = node.without_initial()
    assert blank.layer.W == blank.specs["W"].init == Constant()
    assert blank.layer.b is None
    assert blank.specs["W"].shape == (4, 4)
    assert (blank.name, blank.output_shape) == (node.name, node.output_shape)
    assert node.specs["W"].init == Normal()
