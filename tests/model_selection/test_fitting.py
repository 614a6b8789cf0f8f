import numpy as np
import pytest

from skconv.data.fit_arguments import FitArguments
from skconv.estimator.deferred import DeferredFit
from skconv.model_selection.fitting import MAX_LANES, check_lanes, fit_jobs, lanes_in_memory
from skconv.utils.memo import Memo
from tests.nets import X, batches_of_epochs, make_net, softmax_regression, still_net, y


def call(net, data=None):
    return DeferredFit(net, data or FitArguments(X, y), net.max_epochs, False)


def test_nets_become_what_fit_makes_of_them_and_faults_stay_with_their_own():
    W = np.random.default_rng(1).normal(size=(5, 3))
    fixed = {"output_W": W, "update_learning_rate": 0.5, "objective_l2": 0.0}
    nets = [make_net(), make_net(hidden_num_units=-3), still_net(random_state=4, **fixed)]
    outcomes = fit_jobs(list(map(call, nets)), Memo(), "vmap", 8)
    assert [outcome.error is None for outcome in outcomes] == [True, False, True]
    assert "num_units must be a positive integer, got -3" in str(outcomes[1].error)
    assert outcomes[0].seconds > 0
    expected, bias = softmax_regression(W, X, y, batches_of_epochs(40, 16, 1, seed=4), 0.5)
    np.testing.assert_allclose(nets[2].layers_["output"].W, expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(nets[2].layers_["output"].b, bias, rtol=1e-4, atol=1e-6)
    assert not hasattr(nets[1], "classes_")


def test_parameters_that_handlers_changed_are_as_before():
    def faster(net, history):
        net.update_learning_rate = 5.0

    net = make_net(on_epoch_finished=faster)
    fit_jobs([call(net)], Memo(), "vmap", 8)
    assert net.update_learning_rate == 0.1


def test_a_net_that_failed_at_once_is_as_before():
    def fail(net, history):
        raise RuntimeError

    net = make_net(on_training_started=fail)
    (outcome,) = fit_jobs([call(net)], Memo(), "loop", 8)
    assert isinstance(outcome.error, RuntimeError)
    assert not hasattr(net, "classes_")


def test_how_many_nets_memory_has_room_for(monkeypatch):
    net = make_net(hidden_num_units=1000)
    assert lanes_in_memory(call(net), Memo()) == MAX_LANES
    monkeypatch.setattr("skconv.model_selection.fitting.memory", lambda: 40_000_000)
    few = lanes_in_memory(call(net), Memo())
    assert 1 < few < MAX_LANES
    assert lanes_in_memory(call(make_net(hidden_num_units=4000)), Memo()) < few
    monkeypatch.setattr("skconv.model_selection.fitting.devices", lambda: [None] * 3)
    for platform, devices in (("cpu", 1), ("gpu", 3)):
        monkeypatch.setattr("skconv.model_selection.fitting.platform", lambda own=platform: own)
        assert lanes_in_memory(call(net), Memo()) == devices * few
    monkeypatch.setattr("skconv.model_selection.fitting.memory", lambda: 1)
    assert lanes_in_memory(call(net), Memo()) == 3


@pytest.mark.parametrize("error", [RuntimeError("stop"), KeyboardInterrupt()])
def test_nets_that_did_not_finish_are_told(error):
    def fail(net, history):
        raise error

    nets = [make_net(), make_net(on_epoch_finished=fail), make_net()]
    outcomes = fit_jobs(list(map(call, nets)), Memo(), "loop", 8)
    found = outcomes[1].error
    assert error in (found, found.__cause__)


@pytest.mark.parametrize(
    ("lanes", "max_lanes", "message"),
    [
        (
            "vmapp",
            None,
            "^lanes must be one of 'auto', 'loop', 'unroll', 'vmap', got 'vmapp'. "
            r"Did you mean 'vmap'\?$",
        ),
        (None, None, "^lanes must be one of 'auto'.*, got None"),
        ("loop", 0, "^max_lanes must be a positive integer or None, got 0$"),
    ],
)
def test_options_that_are_not_valid(lanes, max_lanes, message):
    check_lanes("auto", 3)
    with pytest.raises(ValueError, match=message):
        check_lanes(lanes, max_lanes)
