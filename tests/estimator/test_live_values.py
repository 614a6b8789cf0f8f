import numpy as np
import pytest

from skconv import NeuralNet
from skconv.augment import GaussianNoise
from skconv.estimator.live_values import LiveValues
from skconv.layers import DenseLayer, DropoutLayer, InputLayer
from skconv.updates.rules import momentum, sgd

from ..nets import X, y

LAYERS = [("input", InputLayer), ("dropout", DropoutLayer), ("output", DenseLayer)]


def make_net(**given):
    params = {
        "layers": LAYERS,
        "update": sgd,
        "update_learning_rate": 0.1,
        "batch_iterator_train": 20,
        "train_split": None,
        "max_epochs": 2,
        "random_state": 0,
    }
    return NeuralNet(**params | given)


def values_of(net):
    return LiveValues(net, net.fit(X, y, epochs=0).network_)


def test_values_follow_the_parameters_of_the_net():
    net = make_net(dropout_p=0.25, objective_l2=0.5)
    values = values_of(net)
    before = values(0, 2)
    assert before.runtime["dropout"]["p"] == 0.25
    assert before.objective == {"l2": 0.5}
    np.testing.assert_allclose(before.update["learning_rate"], [0.1, 0.1])
    net.set_params(dropout_p=0.5, update_learning_rate=1.0)
    after = values(0, 1)
    assert after.runtime["dropout"]["p"] == 0.5
    np.testing.assert_array_equal(after.update["learning_rate"], [1.0])


def test_none_stands_for_the_neutral_number():
    net = make_net(output_grad_scale=0.5)
    values = values_of(net)
    assert values(0, 1).runtime["output"] == {"grad_scale": 0.5}
    net.set_params(output_grad_scale=None)
    assert values(0, 1).runtime["output"] == {"grad_scale": 1.0}


def test_schedules_are_read_at_the_coming_steps():
    values = values_of(make_net(update_learning_rate=lambda step: 1.0 / (1 + step)))
    expected = 1.0 / np.array([5.0, 6.0])
    np.testing.assert_allclose(values(4, 2).update["learning_rate"], expected, rtol=1e-6)


def test_the_same_parameters_are_read_once(monkeypatch):
    net = make_net()
    values = values_of(net)
    values(0, 1)
    monkeypatch.setattr("skconv.estimator.live_values.make_blueprint", None)
    values(1, 1)


def setting(**values):
    def handler(net, history):
        for name, value in values.items():
            setattr(net, name, value)

    return handler


def test_a_handler_may_not_change_which_numbers_the_update_takes():
    net = make_net(on_epoch_finished=setting(update=momentum))
    message = (
        r"update must keep its hyperparameters \('learning_rate',\) during training, "
        r"got \('learning_rate', 'momentum'\); fit the net afresh"
    )
    with pytest.raises(ValueError, match=message):
        net.fit(X, y)
    assert net.update is sgd


def test_a_handler_may_not_change_the_outputs():
    net = make_net(on_epoch_finished=setting(outputs=["dropout"]))
    message = "outputs must stay the same during training; fit the net afresh"
    with pytest.raises(ValueError, match=message):
        net.fit(X, y)
    assert net.outputs is None


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (
            "output_weights",
            {"outptu": 1},
            "output_weights must have names of outputs as keys, got 'outptu'",
        ),
        ("dropout_p", 1.5, r"layer 'dropout' \(DropoutLayer\): p must be a number between 0.0"),
        ("dropout_q", 0.5, "unknown parameter 'dropout_q'"),
        (
            "output_l1",
            0.5,
            r"layer 'output' \(DenseLayer\): l1 must stay None during training, got 0.5; fit",
        ),
        (
            "output_l2",
            None,
            r"l2 must stay 0.1 during training, got None; fit the net afresh",
        ),
        ("output_l2", -1, r"l2 must be a finite number >= 0.0 or None, got -1"),
        (
            "update_learning_rate",
            np.nan,
            r"update_learning_rate must be a finite number .* got nan",
        ),
        ("update_learning_rate", -0.1, r"update_learning_rate must be a finite number .* got -0.1"),
        (
            "update_learning_rate",
            lambda step: 0.1 if step == 0 else np.nan,
            r"update_learning_rate must be a finite number >= 0.0, got nan at step 2",
        ),
        ("output_weights", {"output": -1}, r"output_weights must be a dict of non-negative"),
    ],
)
def test_a_handler_that_sets_what_makes_no_sense_is_told(name, value, message):
    net = make_net(on_epoch_finished=setting(**{name: value}), output_l2=0.1)
    before = net.get_params()
    with pytest.raises(ValueError, match=message):
        net.fit(X, y)
    assert net.get_params() == before
    assert len(net.train_history_) == 1


def test_a_handler_may_not_change_the_transforms():
    net = make_net(
        augment=GaussianNoise(0.1),
        on_epoch_finished=setting(augment=[GaussianNoise(0.1), GaussianNoise(0.2)]),
    )
    message = (
        "^augment must keep its transforms during training, only their numbers may change; fit"
    )
    with pytest.raises(ValueError, match=message):
        net.fit(X, y)
    make_net(augment=GaussianNoise(0.1), on_epoch_finished=setting(augment=GaussianNoise(0.2))).fit(
        X, y
    )
