import numpy as np
import pytest

from skconv import NeuralNet
from skconv.estimator.defaults import with_defaults
from skconv.layers import DenseLayer, InputLayer
from skconv.nonlinearities import sigmoid
from skconv.objectives import absolute_error, huber_loss, objective, squared_error
from skconv.updates import nesterov_momentum

LAYERS = [("input", InputLayer), ("output", DenseLayer)]
rng = np.random.default_rng(0)
X = rng.normal(size=(40, 3)).astype(np.float32)
y = 500 + 30 * X[:, 0]


def other_objective(*args, **kwargs):
    return objective(*args, **kwargs)


def settings(layers=None, **given):
    return NeuralNet(layers, **given)._settings()


def test_nolearns_contract_is_untouched_for_layers():
    found = settings(LAYERS, regression=True)
    assert found["update"] is nesterov_momentum
    assert (found["batch_iterator_train"], found["normalize_y"]) == (128, False)


def test_values_are_identical_from_call_to_call():
    net = NeuralNet(regression=True)
    assert all(value is net._settings()[name] for name, value in net._settings().items())


@pytest.mark.parametrize(
    ("given", "normalizes"),
    [
        ({}, True),
        ({"objective_loss_function": squared_error}, True),
        ({"objective_loss_function": absolute_error}, True),
        ({"objective_loss_function": huber_loss}, False),
        ({"objective_loss_function": lambda p, t: p - t}, False),
        ({"objective": other_objective}, False),
        ({"output_nonlinearity": sigmoid}, False),
        ({"output_nonlinearity": "sigmoid"}, False),
        ({"output_nonlinearity": None}, True),
        ({"output_nonlinearity": "linear"}, True),
        ({"objective_loss_function": "mae"}, True),
        ({"more_params": {"output_nonlinearity": sigmoid}}, False),
        ({"regression": False}, False),
        ({"layers": LAYERS}, False),
        ({"layers": LAYERS, "normalize_y": True}, True),
        ({"normalize_y": False}, False),
    ],
)
def test_targets_are_standardized_unless_output_or_loss_has_a_scale(given, normalizes):
    assert settings(**{"regression": True} | given)["normalize_y"] is normalizes


def test_parameters_stay_as_given():
    net = NeuralNet(max_epochs=1).fit(X, y > 500)
    assert net.get_params()["update"] is None
    assert net.get_params()["batch_iterator_train__batch_size"] is None
    assert with_defaults(net.get_params(deep=False))["batch_iterator_train"] is None


def test_nothing_to_standardize():
    with pytest.raises(ValueError, match="normalize_y must be False or None if no output predicts"):
        NeuralNet(LAYERS, normalize_y=True).fit(X, y > 500)


def test_sizes_of_hidden_layers_are_those_of_the_default_network():
    net = NeuralNet(LAYERS, hidden_layer_sizes=(50,))
    message = r"hidden_layer_sizes must be \(100,\) for a net with its own layers, got \(50,\); set"
    with pytest.raises(ValueError, match=message):
        net.fit(X, y > 500)
    net = NeuralNet(hidden_layer_sizes=(5, 4), max_epochs=1).fit(X, y > 500)
    assert [layer.output_shape[1] for layer in net.get_all_layers()[2:4]] == [5, 4]
    net.set_params(hidden_layer_sizes=3, hidden_l2=0.1).fit(X, y > 500)
    assert net.layers_["hidden"].output_shape == (None, 3)


@pytest.mark.parametrize("shape", [(3,), (1, 8, 8)])
def test_initialize_builds_what_fit_builds(shape):
    rows = rng.normal(size=(20, *shape)).astype(np.float32)
    labels = np.arange(20) % 2
    units = {"input_shape": (None, *shape), "output_num_units": 2}
    initialized = NeuralNet(random_state=3, **units).initialize()
    fitted = NeuralNet(random_state=3, max_epochs=0).fit(rows, labels)
    assert initialized.network_.parameter_shapes() == fitted.network_.parameter_shapes()
    for one, other in zip(initialized.get_all_params(), fitted.get_all_params(), strict=True):
        if one.place[0] != "norm":
            np.testing.assert_array_equal(one, other)


def test_flat_rows_take_a_given_shape():
    net = NeuralNet(input_shape=(None, 1, 8, 8), max_epochs=0).fit(np.eye(64), np.arange(64) % 2)
    assert "conv1" in net.layers_
