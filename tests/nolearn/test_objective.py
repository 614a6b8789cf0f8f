"""Objective, losses and scores."""

import jax.numpy as jnp
import numpy as np
import pytest

from skconv import NeuralNet, TrainSplit
from skconv.layers import DenseLayer, InputLayer
from skconv.objectives import objective, squared_error

from .nets import X, is_same, make_net, make_regressor, y
from .outcomes import differs, refused, same


def crossentropy(net, X, y):
    return -np.log(net.predict_proba(X)[np.arange(len(y)), y]).mean()


@pytest.fixture(scope="module")
def scored():
    """A net with scores of all kinds, and what its custom score was called with."""
    calls = []

    def custom(y_true, y_prob):
        calls.append((y_true, y_prob))
        return 0.5

    def own_loss(predictions, targets):
        return -2 * jnp.log(jnp.take_along_axis(predictions, targets[:, None], axis=1))

    net = make_net(
        objective_loss_function=own_loss,
        custom_scores=[("custom", custom)],
        scores_train=[("largest", lambda predictions, targets: predictions.max(axis=1).mean())],
        scores_valid=[("right", lambda predictions, targets: predictions.argmax(1) == targets)],
        batch_iterator_test=4,
    ).fit(X, y)
    return net, calls


@same
def test_default_loss():
    """The loss is the mean cross-entropy for labels by default"""
    net = make_net(update_learning_rate=0.0).fit(X, y)
    X_train, X_valid, y_train, y_valid = TrainSplit(0.2)(X, y, net)
    row = net.train_history_[0]
    assert row["train_loss"] == pytest.approx(crossentropy(net, X_train, y_train), rel=1e-5)
    assert row["valid_loss"] == pytest.approx(crossentropy(net, X_valid, y_valid), rel=1e-5)


@same
def test_loss_of_a_regressor(regressor):
    """`objective_loss_function=squared_error`, the default with `regression=True`"""
    net = make_regressor(objective_loss_function=squared_error).fit(X, X[:, 0])
    assert is_same(net.get_all_params_values(), regressor.get_all_params_values())


@pytest.fixture(scope="module")
def penalized():
    """A net with penalties, of which two layers share their weights."""
    return NeuralNet(
        [("input", InputLayer), ("a", DenseLayer), ("b", DenseLayer), ("output", DenseLayer)],
        a_num_units=5,
        b_num_units=5,
        b_W="a",
        objective_l1=0.2,
        objective_l2=0.1,
        update_learning_rate=0.0,
        max_epochs=1,
        random_state=0,
    ).fit(X, y)


@same
def test_penalties(penalized):
    """`objective_l2=0.1`: the sum of squares of the regularizable parameters, in both losses"""
    weights = [p.get_value() for p in penalized.get_all_params(regularizable=True)]
    penalty = sum(0.2 * np.abs(w).sum() + 0.1 * np.square(w).sum() for w in weights)
    X_train, X_valid, y_train, y_valid = TrainSplit(0.2)(X, y, penalized)
    row = penalized.train_history_[0]
    train, valid = (
        crossentropy(penalized, *part) for part in ((X_train, y_train), (X_valid, y_valid))
    )
    assert row["train_loss"] == pytest.approx(train + penalty, rel=1e-5)
    assert row["valid_loss"] == pytest.approx(valid + penalty, rel=1e-5)


@differs("once; nolearn counts them once for each layer")
def test_penalties_of_shared_weights(penalized):
    """`objective_l2` of weights that layers share"""
    names = [p.name for p in penalized.get_all_params(regularizable=True)]
    assert names == ["a.W", "output.W"]  # those in the penalty of the test above


@refused("nothing: only losses of the validation set are without noise")
def test_deterministic_objective():
    """`objective_deterministic=True`"""
    make_net(objective_deterministic=True).fit(X, y)


@refused("objective must be a function (predictions, targets, weights, params, *, loss_function")
def test_own_objective():
    """An objective `(layers, loss_function, target, deterministic, ...)`"""

    def own(layers, loss_function, target, aggregate=None, deterministic=False, **kwargs):
        return 0.0

    make_net(objective=own).fit(X, y)


@refused("objective must be a function (predictions, targets, weights, params, *, loss_function")
def test_wrapped_objective():
    """An objective `(layers, *args, **kwargs)` that adds to nolearn's"""

    def own(layers, *args, **kwargs):
        return objective(layers, *args, **kwargs)

    make_net(objective=own).fit(X, y)


@refused("objective must be a function (predictions, targets, weights, params, *, loss_function")
def test_objective_class():
    """A class `Objective` with `get_loss` is an error"""

    class Objective:
        def __init__(self, input_layer):
            self.input_layer = input_layer

        def get_loss(self, input=None, target=None):
            return 0.0

    make_net(objective=Objective).fit(X, y)


@differs("JAX instead of Theano: `(predictions, targets) -> losses`")
def test_own_loss(scored):
    """A custom loss function, `objective_loss_function=function`"""
    net, _ = scored
    _, X_valid, _, y_valid = TrainSplit(0.2)(X, y, net)
    expected = 2 * crossentropy(net, X_valid, y_valid)
    assert net.train_history_[-1]["valid_loss"] == pytest.approx(expected, rel=1e-5)


@differs("the score of the whole validation set; nolearn averages over its batches")
def test_custom_scores(scored):
    """`custom_scores=[('custom', function)]` with `(y_true, y_prob)`"""
    net, calls = scored
    assert [row["custom"] for row in net.train_history_] == [0.5, 0.5]
    assert [(len(y_true), y_prob.shape) for y_true, y_prob in calls] == [(8, (8, 3))] * 2


@same
def test_encoded_labels_in_custom_scores(scored):
    """`y_true` of a custom score is encoded, as 0, 1, ..."""
    assert set(np.concatenate([y_true for y_true, _ in scored[1]])) <= {0, 1, 2}


@differs("JAX instead of Theano; they get an array for one output, where nolearn has a list")
def test_compiled_scores(scored):
    """`scores_train` and `scores_valid`, functions of predictions and targets in the history"""
    for row in scored[0].train_history_:
        assert 1 / 3 < row["largest"] < 1
        assert row["right"] == pytest.approx(row["valid_accuracy"])


@refused("scores_valid must be a function that JAX can trace")
def test_scores_of_lists():
    """`scores_valid=[('right', lambda p, t: T.eq(p[0].argmax(1), t))]`, of a list of outputs"""
    scores = [("right", lambda p, t: p[0].argmax(1) == t)]
    make_net(scores_valid=scores).fit(X, y)
