import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from skconv.handlers import ExponentialMovingAverage
from skconv.model_selection import BatchedGridSearchCV

from ..compiling import compiled
from ..exactness import assert_agree
from ..nets import X, make_net, y


class Recorder:
    def __init__(self):
        self.weights = []

    def __call__(self, net, history):
        self.weights.append(flat(net.get_all_params_values()))


def flat(weights):
    return np.concatenate([array.ravel() for own in weights.values() for array in own])


@pytest.mark.parametrize("moment", ["on_batch_finished", "on_epoch_finished"])
def test_predictions_are_made_with_the_averages(moment):
    recorder, average = Recorder(), ExponentialMovingAverage(0.8)
    net = make_net(max_epochs=3, **{moment: [recorder, average]}).fit(X, y)
    seen = np.float64(recorder.weights)
    factors = 0.8 ** np.arange(len(seen))[::-1]
    expected = factors @ seen / factors.sum()
    np.testing.assert_allclose(flat(net.get_all_params_values()), expected, rtol=1e-5, atol=1e-7)
    np.testing.assert_array_equal(flat(average.plain), recorder.weights[-1])
    other = make_net(input_shape=(None, 5), output_num_units=3)
    other.load_params_from(average.average)
    np.testing.assert_array_equal(other.predict_proba(X), net.predict_proba(X))


def test_training_goes_on_with_the_plain_weights():
    whole = Recorder()
    make_net(max_epochs=4, on_epoch_finished=whole).fit(X, y)
    parts, average = Recorder(), ExponentialMovingAverage(0.8)
    net = make_net(max_epochs=2, warm_start=True, on_epoch_finished=[parts, average])
    net.fit(X, y).fit(X, y)
    np.testing.assert_array_equal(parts.weights, whole.weights)
    assert average.steps == 4


def test_weights_that_were_loaded_between_are_kept():
    recorder, average = Recorder(), ExponentialMovingAverage(0.8)
    net = make_net(max_epochs=1, warm_start=True, on_epoch_finished=average).fit(X, y)
    net.load_params_from({"output.b": np.full(3, 5.0)}, strict=False)
    net.set_params(on_training_started=recorder, on_epoch_finished=[average, recorder]).fit(X, y)
    assert recorder.weights[-1].max() > 4


def test_a_fit_starts_afresh_after_averages_and_clones_have_none():
    net = make_net(max_epochs=2, on_epoch_finished=ExponentialMovingAverage(0.8)).fit(X, y)
    before = net.get_all_params_values()
    copy = clone(net)
    assert copy.on_epoch_finished.average is None
    again = net.fit(X, y).get_all_params_values()
    np.testing.assert_array_equal(flat(again), flat(before))
    np.testing.assert_array_equal(flat(copy.fit(X, y).get_all_params_values()), flat(before))
    kept = pickle.loads(pickle.dumps(net)).on_epoch_finished
    np.testing.assert_array_equal(flat(kept.average), flat(before))


def test_averages_over_batches_change_nothing_else():
    """They are part of the step, so that several epochs may run in one call."""
    average = ExponentialMovingAverage(0.8)
    plain = make_net(max_epochs=3).fit(X, y)
    net = make_net(max_epochs=3, on_batch_finished=average).fit(X, y)
    assert net._handlers(fresh=False).on_batch_finished == []
    assert_agree(flat(average.plain), flat(plain.get_all_params_values()))
    kept = {name: value for name, value in plain.train_history_[-1].items() if name != "dur"}
    assert net.train_history_[-1].items() >= kept.items()
    assert average.steps == net._fitted().model.step
    other = clone(net).set_params(on_batch_finished=ExponentialMovingAverage(0.5))
    assert compiled(other.fit, X, y)[1] == 0


def test_steps_after_the_last_finite_epoch_are_not_averaged():
    def diverge(net, history):
        net.update_learning_rate = 1e30

    averages = [ExponentialMovingAverage(0.8) for _ in range(2)]
    make_net(max_epochs=1, on_batch_finished=averages[0]).fit(X, y)
    net = make_net(max_epochs=3, on_batch_finished=averages[1], on_epoch_finished=diverge)
    with pytest.warns(ConvergenceWarning, match=r"^the loss became NaN or infinite in epoch 2; "):
        net.fit(X, y)
    assert averages[1].steps == averages[0].steps
    np.testing.assert_array_equal(flat(averages[1].average), flat(averages[0].average))


def test_a_call_of_ones_own_is_made_after_each_batch():
    class Counting(ExponentialMovingAverage):
        calls = 0

        def __call__(self, net, history):
            super().__call__(net, history)
            self.calls += 1

    average = Counting(0.8)
    net = make_net(max_epochs=1, on_batch_finished=average).fit(X, y)
    assert average.calls == average.steps == net._fitted().model.step


def test_nets_of_a_search_have_averages_of_their_own():
    net = make_net(on_batch_finished=ExponentialMovingAverage(0.8), max_epochs=2)
    search = BatchedGridSearchCV(net, {"update_learning_rate": [0.1, 0.2]}, cv=2, lanes="vmap")
    search.fit(X, y)
    alone = clone(net).set_params(**search.best_params_).fit(X, y)
    found = search.best_estimator_.on_batch_finished.average
    np.testing.assert_allclose(flat(found), flat(alone.on_batch_finished.average), rtol=1e-5)


@pytest.mark.parametrize("decay", [0, 1, 1.5])
def test_a_decay_lies_between_0_and_1(decay):
    with pytest.raises(
        ValueError, match=rf"^ExponentialMovingAverage: decay must be .*, exclusive, got {decay}$"
    ):
        ExponentialMovingAverage(decay)


def test_loading_the_averages_prints_nothing(capsys):
    make_net(verbose=1, max_epochs=1, on_epoch_finished=ExponentialMovingAverage(0.5)).fit(X, y)
    assert "Loaded" not in capsys.readouterr().out
