"""Small nets for the iris data."""

import numpy as np

from skconv import NeuralNet
from skconv.layers import DenseLayer, InputLayer

LAYERS = [("input", InputLayer), ("hidden", DenseLayer), ("output", DenseLayer)]


def small(**params):
    given = {
        "layers": LAYERS,
        "hidden_num_units": 20,
        "batch_iterator_train": 16,
        "update_learning_rate": 0.05,
        "max_epochs": 30,
        "random_state": 0,
    }
    return NeuralNet(**given | params)


def weights_of(net):
    return [parameter.get_value() for parameter in net.get_all_params()]


def assert_same_weights(one, other):
    for a, b in zip(weights_of(one), weights_of(other), strict=True):
        np.testing.assert_array_equal(a, b)
