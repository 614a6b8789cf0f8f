"""Nets and data as in nolearn's tutorials, small."""

import numpy as np

from skconv import NeuralNet
from skconv.layers import ConcatLayer, Conv2DLayer, DenseLayer, InputLayer, MaxPool2DLayer
from skconv.nonlinearities import softmax

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 5)).astype(np.float32)
y = (X @ rng.normal(size=(5, 3))).argmax(axis=1).astype(np.int32)
IMAGES = rng.normal(size=(8, 1, 9, 9)).astype(np.float32)
TWO = {"left": X[:, :2], "right": X[:, 2:]}

NAMED = [("input", InputLayer), ("hidden", DenseLayer), ("output", DenseLayer)]
LISTED = [
    (InputLayer, {"shape": (None, 5)}),
    (DenseLayer, {"num_units": 4}),
    (DenseLayer, {"num_units": 3, "nonlinearity": softmax}),
]


def make_net(cls=NeuralNet, **params):
    given = {
        "layers": NAMED,
        "input_shape": (None, 5),
        "hidden_num_units": 4,
        "output_num_units": 3,
        "output_nonlinearity": softmax,
        "update_learning_rate": 0.1,
        "update_momentum": 0.9,
        "max_epochs": 2,
        "random_state": 0,
    }
    return cls(**(given | params))


def make_regressor(**params):
    given = {"regression": True, "output_nonlinearity": None, "output_num_units": 1}
    return make_net(**(given | params))


def make_image_net(**params):
    given = {
        "layers": [
            ("input", InputLayer),
            ("conv1", Conv2DLayer),
            ("pool1", MaxPool2DLayer),
            ("output", DenseLayer),
        ],
        "input_shape": (None, 1, 9, 9),
        "conv1_num_filters": 3,
        "conv1_filter_size": (3, 3),
        "pool1_pool_size": (2, 2),
        "output_num_units": 2,
        "output_nonlinearity": softmax,
        "update_learning_rate": 0.01,
        "train_split": None,
        "max_epochs": 1,
        "random_state": 0,
    }
    return NeuralNet(**(given | params))


def make_two_inputs(**params):
    layers = [
        (InputLayer, {"name": "left", "shape": (None, 2)}),
        (DenseLayer, {"name": "hidden1", "num_units": 4}),
        (InputLayer, {"name": "right", "shape": (None, 3)}),
        (DenseLayer, {"name": "hidden2", "num_units": 4}),
        (ConcatLayer, {"incomings": ["hidden1", "hidden2"]}),
        (DenseLayer, {"name": "output", "num_units": 3, "nonlinearity": softmax}),
    ]
    given = {"layers": layers, "update_learning_rate": 0.1, "max_epochs": 1, "random_state": 0}
    return NeuralNet(**(given | params))


def is_same(values, others):
    """Return whether two dicts of lists of arrays are the same."""
    return values.keys() == others.keys() and all(
        np.array_equal(a, b)
        for name in values
        for a, b in zip(values[name], others[name], strict=True)
    )
