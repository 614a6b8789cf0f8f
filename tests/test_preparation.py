import functools
from dataclasses import dataclass

import numpy as np
import pytest

from skconv import NeuralNet
from skconv.layers import DenseLayer, DropoutLayer, InputLayer, structural
from skconv.nonlinearities import linear, sigmoid, softmax, tanh
from skconv.objectives import objective, squared_error
from skconv.updates import momentum, sgd

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
    ending = "is called as a parameter of NeuralNet; choose another name"
    assert f"layer 'update' (DenseLayer) {ending}" in text
    assert f"layer 'layers' (DenseLayer) {ending}" in text


@dataclass(frozen=True)
class SplitLayer(DropoutLayer):
    split: int = structural(1)


def test_a_keyword_of_a_layer_may_not_collide_with_a_parameter():
    text = fault_of(make_net(layers=[LAYERS[0], ("train", SplitLayer), LAYERS[2]]))
    assert text == (
        "layer 'train' (SplitLayer) collides with the parameter 'train_split' of NeuralNet; "
        "choose another name"
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
    net = make_net(output_nonlinearity=tanh, regression=True, max_epochs=0).fit(X, X[:, 0])
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


def setting(**values):
    def handler(net, history):
        for name, value in values.items():
            setattr(net, name, value)

    return handler


def test_a_handler_may_not_change_which_numbers_the_update_takes():
    net = make_net(on_epoch_finished=setting(update=momentum))
    message = (
        r"the update takes \('learning_rate',\) in this training; "
        r"\('learning_rate', 'momentum'\) would need a fit of its own"
    )
    with pytest.raises(ValueError, match=message):
        net.fit(X, y)
    assert net.update is sgd


def test_a_handler_may_not_change_the_outputs():
    net = make_net(on_epoch_finished=setting(outputs=["dropout"]))
    message = "the outputs of a net cannot change in training; fit it afresh"
    with pytest.raises(ValueError, match=message):
        net.fit(X, y)
    assert net.outputs is None


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("output_weights", {"outptu": 1}, "output_weights has 'outptu', which is none of the outp"),
        ("dropout_p", 1.5, r"layer 'dropout' \(DropoutLayer\): p=1.5 is not a number from 0.0 to"),
        ("dropout_q", 0.5, "unknown parameter 'dropout_q'"),
    ],
)
def test_a_handler_that_sets_what_makes_no_sense_is_told(name, value, message):
    net = make_net(on_epoch_finished=setting(**{name: value}))
    before = net.get_params()
    with pytest.raises(ValueError, match=message):
        net.fit(X, y)
    assert net.get_params() == before
    assert len(net.train_history_) == 1
