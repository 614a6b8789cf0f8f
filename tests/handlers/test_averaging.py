import pickle

import numpy as np
import pytest
from sklearn.base import clone

from skconv.handlers import ExponentialMovingAverage

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


@pytest.mark.parametrize("decay", [0, 1, 1.5])
def test_a_decay_lies_between_0_and_1(decay):
    with pytest.raises(
        ValueError, match=rf"^ExponentialMovingAverage: decay must be .*, exclusive, got {decay}$"
    ):
        ExponentialMovingAverage(decay)


def test_loading_the_averages_prints_nothing(capsys):
    make_net(verbose=1, max_epochs=1, on_epoch_finished=ExponentialMovingAverage(0.5)).fit(X, y)
    assert "Loaded" not in capsys.readouterr().out
