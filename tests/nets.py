"""Small nets and their data, which several files of tests share."""

import functools

import numpy as np
from sklearn.utils import check_random_state

from skconv import NeuralNet
from skconv.layers import Conv2DLayer, DenseLayer, DropoutLayer, InputLayer, MaxPool2DLayer
from skconv.nonlinearities import tanh
from skconv.updates.rules import sgd

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


def softmax_regression(W, X, y, batches, rate, weights=None):
    """The weights and biases of `still_net` after a step of gradient descent for each batch.

    The rate is one number, or one for each step.
    """
    W, b, X = np.float64(W), np.zeros(W.shape[1]), np.float64(X)
    rates = np.broadcast_to(rate, len(batches))
    for rows, own_rate in zip(batches, rates, strict=True):
        share = np.ones(len(rows)) if weights is None else weights[rows]
        error = (softmax_of(X[rows] @ W + b) - np.eye(len(b))[y[rows]]) * share[:, None]
        slope = X[rows].T @ error, error.sum(axis=0)
        step = own_rate / share.sum()
        W, b = W - step * slope[0], b - step * slope[1]
    return W, b


def batches_of_epochs(n, size, epochs, seed=0):
    """The rows of each step of the first epochs of a net with this `random_state`."""
    drawn = check_random_state(seed).randint(2**31 - 1)
    orders = [np.random.default_rng([drawn, epoch]).permutation(n) for epoch in range(epochs)]
    return [order[i : i + size] for order in orders for i in range(0, n, size)]


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


IMAGES = rng.normal(size=(10, 2, 6, 7)).astype(np.float32)

KINDS = np.array(["a", "b", "c"])[np.arange(10) % 3]

image_net = functools.partial(
    NeuralNet,
    layers=[
        ("input", InputLayer),
        (Conv2DLayer, {"name": "conv", "num_filters": 4, "filter_size": 3, "nonlinearity": tanh}),
        ("pool", MaxPool2DLayer),
        ("hidden", DenseLayer),
        ("output", DenseLayer),
    ],
    conv_pad="same",
    pool_pool_size=2,
    hidden_num_units=5,
    hidden_nonlinearity=tanh,
    batch_iterator_train=8,
    batch_iterator_test=8,
    train_split=None,
    max_epochs=1,
    random_state=0,
)
"""It is smooth, but for the pooling."""
