"""Small nets and their data, which several files of tests share."""

import functools

import numpy as np

from skconv import NeuralNet
from skconv.layers import DenseLayer, DropoutLayer, InputLayer
from skconv.updates import sgd

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 5)).astype(np.float32)

y = (X @ rng.normal(size=(5, 3))).argmax(axis=1)

HIDDEN = (DenseLayer, {"name": "hidden", "num_units": 4})

LAYERS = [("input", InputLayer), HIDDEN, ("noise", DropoutLayer), ("output", DenseLayer)]

make_net = functools.partial(
    NeuralNet,
    layers=LAYERS,
    objective_l2=1e-3,
    update_learning_rate=0.1,
    batch_iterator_train=16,
    batch_iterator_test=16,
    max_epochs=2,
    random_state=0,
)

still_net = functools.partial(
    make_net,
    layers=[("input", InputLayer), ("output", DenseLayer)],
    output_W=np.eye(3),
    update=sgd,
    update_learning_rate=0.0,
    train_split=None,
    max_epochs=1,
)
"""Its logits are X, and it learns nothing."""


def softmax_of(logits):
    e = np.exp(np.float64(logits) - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


HEADS = [
    *LAYERS[:2],
    (DenseLayer, {"name": "early"}),
    (DenseLayer, {"name": "kind", "incoming": "hidden"}),
    (DenseLayer, {"name": "sign", "incoming": "hidden", "num_units": 1}),
    (DenseLayer, {"name": "size", "incoming": "hidden"}),
]

TARGETS = {"size": X[:, :2] * [1.0, 2.0], "kind": y, "sign": X[:, 0] > 0}

three_headed = functools.partial(
    make_net,
    layers=HEADS,
    outputs=["kind", "sign", "size"],
    aux_outputs={"early": 0.3},
    output_weights={"sign": 0.5, "size": 2.0},
    regression={"size": True},
    update=sgd,
    objective_l2=0.05,
    batch_iterator_train=40,
    train_split=None,
    max_epochs=1,
)
