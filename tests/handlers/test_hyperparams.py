import optax
import pytest

from skconv import NeuralNet
from skconv.handlers.hyperparams import (
    changed_params,
    describe_params,
    get_hyperparam,
    get_update_hyperparams,
    restore_params,
    set_hyperparam,
)
from skconv.updates.rules import adam, sgd

from ..nets import make_net

RATE = "update_learning_rate"


def test_a_number_that_was_given_prevails_over_the_default_of_the_rule():
    assert get_hyperparam(NeuralNet(update=adam), RATE) == 0.001
    assert get_hyperparam(NeuralNet(update=adam, update_learning_rate=0.5), RATE) == 0.5
    assert get_hyperparam(NeuralNet(update=adam, more_params={RATE: 0.25}), RATE) == 0.25
    assert get_hyperparam(NeuralNet(conv1_p=0.5), "conv1_p") == 0.5


def test_a_number_is_set_where_it_prevails():
    net = NeuralNet(update_learning_rate=0.5)
    set_hyperparam(net, RATE, 0.25)
    assert (net.update_learning_rate, net.more_params) == (0.25, None)
    given = {RATE: 0.5}
    net = NeuralNet(more_params=given)
    set_hyperparam(net, RATE, 0.25)
    assert get_hyperparam(net, RATE) == 0.25
    assert given == {RATE: 0.5}


def test_what_is_no_number_cannot_be_changed():
    with pytest.raises(
        ValueError, match=r"no hyperparameter 'update_rate'\. Did you mean 'update_l"
    ):
        get_hyperparam(NeuralNet(update=adam), "update_rate")
    schedule = optax.linear_schedule(1.0, 0.0, 10)
    with pytest.raises(
        ValueError, match=r"^update_learning_rate must be a number for .*, got <function "
    ):
        get_hyperparam(NeuralNet(update_learning_rate=schedule), RATE)
    finished = NeuralNet(update=optax.sgd(0.1))
    with pytest.raises(ValueError, match="the net has no hyperparameter 'update_learning_rate'"):
        get_hyperparam(finished, RATE)


def test_parameters_are_described_in_a_few_words():
    net = NeuralNet(update=adam, layers=[("input", "x" * 999)], on_epoch_finished=print)
    words = describe_params(net)
    assert words["update"] == describe_params(NeuralNet(update="adam"))["update"] == "adam"
    assert words["max_epochs"] == "100"
    assert len(words["layers"]) == 250
    assert {"on_epoch_finished", "train_split"} & set(words) == {"train_split"}


def test_the_numbers_of_the_update_in_force():
    assert get_update_hyperparams(NeuralNet(update=adam, update_learning_rate=0.5)) == {
        "update_learning_rate": 0.5,
        "update_beta1": 0.9,
        "update_beta2": 0.999,
        "update_epsilon": 1e-8,
    }
    assert get_update_hyperparams(NeuralNet(update="sgd")) == {"update_learning_rate": 0.01}
    assert (
        get_update_hyperparams(
            NeuralNet(update=sgd, update_learning_rate=optax.constant_schedule(0.1))
        )
        == {}
    )


def test_changed_parameters_are_told_and_restored():
    """Also those that the net did not have, and those of `more_params`."""
    net = make_net(more_params={"noise_p": 0.3, "hidden_b": None})
    given = net.get_params(deep=False)
    assert changed_params(net, given) == {}
    changed = {RATE: 0.2, "noise_p": 0.4, "hidden_grad_scale": 0.0}
    for name, value in changed.items():
        set_hyperparam(net, name, value)
    net.on_epoch_finished = [print]
    assert changed_params(net, given) == changed
    restore_params(net, given, {"objective_l2": 0.5})
    assert changed_params(net, given) == {"objective_l2": 0.5}
    restore_params(net, given, changed)
    assert changed_params(net, given) == changed
