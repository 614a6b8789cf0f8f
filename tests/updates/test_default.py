import inspect

from skconv import NeuralNet
from skconv.handlers.hyperparams import get_hyperparam
from skconv.updates import adam, nesterov_momentum
from skconv.updates.default import default_update


def test_layers_have_nolearns_rule_and_the_default_network_has_adam():
    assert default_update(default_network=False) is nesterov_momentum
    rule = default_update(default_network=True)
    assert rule.func is adam
    assert inspect.signature(rule).parameters["learning_rate"].default == 0.003


def test_handlers_read_the_rate_of_the_default():
    assert get_hyperparam(NeuralNet(), "update_learning_rate") == 0.003
    assert get_hyperparam(NeuralNet([]), "update_learning_rate") == 0.01
