"""A small net with parameters, state and a layer without either, and its data."""

import functools

import numpy as np

from skconv import NeuralNet
from skconv.layers import BatchNormLayer, DenseLayer, DropoutLayer, InputLayer
from skconv.updates.rules import adam

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 5)).astype(np.float32)
y = (X @ rng.normal(size=(5, 3))).argmax(axis=1)

LAYERS = [
    ("input", InputLayer),
    (DenseLayer, {"name": "hidden", "num_units": 4}),
    ("norm", BatchNormLayer),
    ("dropout", DropoutLayer),
    ("output", DenseLayer),
]

make_net = functools.partial(
    NeuralNet,
    layers=LAYERS,
    input_shape=(None, 5),
    output_num_units=3,
    batch_iterator_train=16,
    batch_iterator_test=16,
    max_epochs=2,
    update=adam,
    update_learning_rate=0.01,
    random_state=0,
)
