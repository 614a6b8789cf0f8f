import functools
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from skconv import NeuralNet
from skconv.estimator.blueprint import make_blueprint
from skconv.layers import DenseLayer, DropoutLayer, InputLayer, structural
from skconv.nonlinearities import linear, sigmoid, softmax, tanh
from skconv.objectives import (
    binary_hinge_loss,
    categorical_focal_loss,
    huber_loss,
    objective,
    squared_error,
)
from skconv.updates.rules import sgd

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 5)).astype(np.float32)
y = (X @ rng.normal(size=(5, 3))).argmax(axis=1)

LAYERS = [("input", InputLayer), ("dropout", DropoutLayer), ("output", DenseLayer)]

make_net = functools.partial(
    NeuralNet,
    layers=LAYERS,
    update=sgd,
    update_learning_rate=0.1,
    batch_iterator_train=20,
    train_split=None,
    max_epochs=2,
    random_state=0,
)


def fault_of(net, error=ValueError):
    with pytest.raises(error) as caught:
        net.fit(X, y)
    assert not hasattr(net, "train_history_")
    return str(caught.value)


def test_all_keywords_that_nobody_takes_are_told_at_once():
    text = fault_of(make_net(output_num_unit=3, dropout_q=0.5, update_rate=1, max_epoch=3))
    for message in (
        "unknown parameter 'output_num_unit'. Did you mean 'output_num_units'?",
        "unknown parameter 'dropout_q'.",
        "unknown parameter 'max_epoch'. Did you mean 'max_epochs'?",
        "unknown parameter 'update_rate'. Did you mean 'update_learning_rate'?",
    ):
        assert message in text


def test_a_layer_may_not_be_called_as_a_parameter():
    layers = [("input", InputLayer), ("update", DenseLayer), ("layers", DenseLayer), LAYERS[2]]
    text = fault_of(make_net(layers=layers))
    ending = "has the name of a parameter of NeuralNet; choose another name"
    assert f"layer 'update' (DenseLayer) {ending}" in text
    assert f"layer 'layers' (DenseLayer) {ending}" in text


@dataclass(frozen=True)
class SplitLayer(DropoutLayer):
    split: int = structural(1)


def test_a_keyword_of_a_layer_may_not_collide_with_a_parameter():
    text = fault_of(make_net(layers=[LAYERS[0], ("train", SplitLayer), LAYERS[2]]))
    assert text == (
        "layer 'train' (SplitLayer) has the keyword train_split, which is a parameter of "
        "NeuralNet; choose another name"
    )


def test_more_params_are_keywords_that_prevail():
    net = make_net(dropout_p=0.5, more_params={"dropout_p": 0.0, "output_W": np.eye(5, 3)})
    net.set_params(update_learning_rate=0.0).fit(X, y)
    np.testing.assert_array_equal(net.layers_["output"].W, np.eye(5, 3))
    assert net.layers_["dropout"].p == 0.0


@pytest.mark.parametrize(
    ("targets", "regression", "units", "nonlinearity"),
    [
        (y, False, 3, softmax),
        (np.eye(3, dtype=int)[y][:, :2], False, 2, sigmoid),
        (X[:, 0], True, 1, linear),
        (X[:, :2], True, 2, linear),
    ],
)
def test_the_output_follows_from_the_targets(targets, regression, units, nonlinearity):
    net = make_net(regression=regression, max_epochs=0).fit(X, targets)
    assert net.layers_["output"].num_units == units
    assert net.layers_["output"].nonlinearity is nonlinearity


def test_loss_functions_by_output():
    def zero(predictions, targets):
        return 0 * predictions

    layers = [*LAYERS, (DenseLayer, {"name": "other", "incoming": "dropout"})]
    net = make_net(
        layers=layers,
        outputs=["output", "other"],
        regression=[False, True],
        objective_loss_function={"other": zero},
        max_epochs=1,
    )
    (row,) = net.fit(X, (y, X[:, 0]), X_val=X, y_val=(y, X[:, 0])).train_history_
    assert row["valid_loss_other"] == 0
    assert row["valid_loss"] == row["valid_loss_output"] > 0


def test_an_own_nonlinearity_of_the_output_is_kept():
    net = make_net(output_nonlinearity=tanh, regression=True, max_epochs=0)
    net.fit(X, np.tanh(X[:, 0]))
    assert net.layers_["output"].nonlinearity is tanh


def doubled(predictions, targets, weights, params, *, loss_function, times=2.0, square=False):
    value = times * objective(predictions, targets, weights, params, loss_function=loss_function)
    return value**2 if square else value


def first_loss(**given):
    return (
        make_net(dropout_p=0.0, max_epochs=1, **given)
        .fit(X[:20], y[:20])
        .train_history_[0]["train_loss"]
    )


def test_keywords_of_an_own_objective():
    loss = first_loss()
    own = functools.partial(first_loss, objective=doubled)
    assert own() == pytest.approx(2 * loss, rel=1e-5)
    assert own(objective_times=3.0) == pytest.approx(3 * loss, rel=1e-5)
    assert own(objective_square=True) == pytest.approx(4 * loss**2, rel=1e-5)
    text = fault_of(make_net(objective=doubled, objective_l2=0.1))
    assert text == "unknown parameter 'objective_l2'. Did you mean 'objective_times'?"


def test_an_own_loss_function_prevails():
    targets = X[:, :2]
    zero = functools.partial(make_net, regression=True, max_epochs=1, output_W=0.0, dropout_p=0.0)
    squared = zero(objective_loss_function=squared_error, batch_iterator_train=40)
    row = squared.fit(X, targets).train_history_[0]
    assert row["train_loss"] == pytest.approx(np.square(np.float64(targets)).mean(), rel=1e-5)
    absolute = zero(objective_loss_function=lambda p, t: abs(p - t), batch_iterator_train=40)
    row = absolute.fit(X, targets).train_history_[0]
    assert row["train_loss"] == pytest.approx(np.abs(np.float64(targets)).mean(), rel=1e-5)


zero = functools.partial(
    make_net, regression=True, max_epochs=1, output_W=0.0, dropout_p=0.0, batch_iterator_train=40
)


def loss_of_zeros(targets=X, **given):
    return zero(**given).fit(X, targets).train_history_[0]["train_loss"]


def test_keywords_of_the_loss_function_follow_those_of_the_objective():
    size = np.abs(np.float64(X))
    huber = functools.partial(loss_of_zeros, objective_loss_function=huber_loss)
    for delta in (0.1, 0.5):
        expected = np.where(size <= delta, size**2 / 2, delta * (size - delta / 2)).mean()
        assert huber(objective_delta=delta) == pytest.approx(expected, rel=1e-5)
    fixed = functools.partial(huber_loss, delta=0.1)
    assert loss_of_zeros(objective_loss_function=fixed) == huber(objective_delta=0.1)
    text = fault_of(make_net(objective_loss_function=huber_loss, objective_dleta=1.0))
    assert text == "unknown parameter 'objective_dleta'. Did you mean 'objective_delta'?"


def test_the_usual_losses_have_their_keywords():
    smoothing = {"objective_label_smoothing": 0.3}
    logs = first_loss(output_W=np.eye(5, 3), **smoothing) - first_loss(output_W=np.eye(5, 3))
    log_p = X[:20, :3] - np.log(np.exp(X[:20, :3]).sum(axis=1, keepdims=True))
    own = np.take_along_axis(log_p, y[:20, None], axis=1)[:, 0]
    assert logs == pytest.approx(0.3 * (own - log_p.mean(axis=1)).mean(), rel=1e-4)
    labels = (X[:, :2] > 0).astype(int)
    net = zero(regression=False, output_b=2.0, **smoothing).fit(X, labels)
    smooth, p = 0.7 * labels + 0.15, 1 / (1 + np.exp(-2.0))
    expected = -(smooth * np.log(p) + (1 - smooth) * np.log(1 - p)).mean()
    assert net.train_history_[0]["train_loss"] == pytest.approx(expected, rel=1e-5)
    text = fault_of(make_net(regression=True, **smoothing))
    assert text.startswith("unknown parameter 'objective_label_smoothing'.")


def test_flags_counts_and_sequences_of_a_loss_are_structure():
    def largest(predictions, targets, k=2, factor=1.0):
        return factor * jax.lax.top_k(jnp.abs(predictions - targets), k)[0]

    found = loss_of_zeros(objective_loss_function=largest, objective_k=3, objective_factor=2)
    expected = 2 * np.sort(np.abs(np.float64(X)), axis=1)[:, -3:].mean()
    assert found == pytest.approx(expected, rel=1e-5)
    signs = np.where(X > 0, 1, -1)
    hinge = {"objective_loss_function": binary_hinge_loss, "objective_log_odds": True}
    assert loss_of_zeros(signs, objective_binary=False, objective_delta=0.5, **hinge) == 0.5
    focal = {"objective_loss_function": categorical_focal_loss, "objective_gamma": 0}
    plain, heavy = (first_loss(**focal, objective_alpha=a) for a in ((1, 1, 1), (3, 3, 3)))
    assert heavy == pytest.approx(3 * plain, rel=1e-5)
    text = fault_of(make_net(**focal | {"objective_gamma": "high"}))
    assert text == "objective_gamma must be a finite number >= 0.0, got 'high'"


def test_more_params_of_no_part_warn():
    net = make_net(more_params={"conv1_stride": 2, "output_W": np.eye(5, 3)})
    message = (
        "more_params has keywords that no part of the net takes: conv1_stride; prefixes are: "
        "input, dropout, output, update, objective"
    )
    with pytest.warns(UserWarning, match=f"^{message}$"):
        blueprint = make_blueprint(net._settings(), net._own(), (5,))
    assert list(blueprint.keywords["output"]) == ["W"]


@pytest.mark.parametrize("name", ["output_num_unit", "max_epochs"])
def test_more_params_of_a_part_are_checked(name):
    net = make_net(more_params={name: 2})
    with pytest.raises(ValueError, match=f"^unknown parameter {name!r}"):
        make_blueprint(net._settings(), net._own(), (5,))
