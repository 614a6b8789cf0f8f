"""Initializers in Lasagne's way."""

import numpy as np

from skconv import NeuralNet, layers
from skconv.compat.initializers import Initializer


class Ones(Initializer):
    def sample(self, shape):
        return np.ones(shape)


def test_layers_take_them():
    net = NeuralNet(
        [("input", layers.InputLayer), ("output", layers.DenseLayer)],
        input_shape=(None, 2),
        output_num_units=3,
        output_W=Ones(),
        random_state=0,
    ).initialize()
    W = net.layers_["output"].W.get_value()
    assert W.dtype == np.float32
    assert W.tolist() == Ones()((2, 3)).tolist()
