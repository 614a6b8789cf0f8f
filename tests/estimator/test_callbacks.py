import pickle
import warnings

import numpy as np
import pytest
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skconv import compile_counts
from skconv.training.loop import TrainingLoop

from ..nets import X, make_net, y


class Recorder:
    """Tasks as they begin and end."""

    def __init__(self):
        self.calls = []

    def setup(self, estimator, context):
        self.calls.append("setup")

    def on_fit_task_begin(self, estimator, context):
        self.calls.append(("begin", context.task_name, context.task_id))

    def on_fit_task_end(self, estimator, context):
        self.calls.append(("end", context.task_name, context.task_id))
        return self.stops(estimator, context)

    def stops(self, estimator, context):
        return False

    def teardown(self, estimator, context):
        self.calls.append("teardown")


class Propagated(Recorder):
    max_propagation_depth = None


def expected(epochs):
    pairs = [[("begin", "epoch", i), ("end", "epoch", i)] for i in range(epochs)]
    inside = [call for pair in pairs for call in pair]
    return [("begin", "fit", 0), *inside, ("end", "fit", 0)]


def test_epochs_are_tasks_of_a_fit():
    recorder = Recorder()
    net = make_net(max_epochs=3).set_callbacks(recorder).fit(X, y)
    assert recorder.calls == ["setup", *expected(3), "teardown"]
    recorder.calls.clear()
    net.partial_fit(X, y)
    assert recorder.calls == []
    net.set_params(warm_start=True).fit(X, y, epochs=2)
    assert recorder.calls == ["setup", *expected(2), "teardown"]
    assert vars(net).keys() & {"_callback_fit_ctx", "_skl_callbacks_to_teardown"} == set()


def test_a_callback_may_end_the_training_and_is_gone_after_a_fault():
    class Stopping(Recorder):
        def stops(self, estimator, context):
            return len(estimator.train_history_) == 2

    net = make_net(max_epochs=9).set_callbacks(Stopping()).fit(X, y)
    assert len(net.train_history_) == 2

    def fail(net, train_history):
        raise RuntimeError("stop")

    recorder = Recorder()
    with pytest.raises(RuntimeError, match="stop"):
        make_net(on_epoch_finished=fail).set_callbacks(recorder).fit(X, y)
    assert recorder.calls[-1] == "teardown"
    with pytest.raises(ValueError, match="max_epochs"):
        make_net(max_epochs=-1).set_callbacks(recorder).fit(X, y)


def test_a_search_and_a_pipeline_propagate_their_callbacks():
    recorder = Propagated()
    search = GridSearchCV(
        make_pipeline(StandardScaler(), make_net()),
        {"neuralnet__update_learning_rate": [0.1, 0.2]},
        cv=2,
    )
    search.set_callbacks(recorder).fit(X, y)
    assert recorder.calls.count(("begin", "epoch", 1)) == 5
    assert recorder.calls.count(("end", "epoch", 1)) == 5
    assert recorder.calls.count("setup") == recorder.calls.count("teardown") == 1


def test_a_monitor_sees_the_net_after_each_epoch():
    monitor = ScoringMonitor(scoring="accuracy")
    accuracies = []

    def note(net, train_history):
        accuracies.append(float((net.predict(X) == y).mean()))

    make_net(max_epochs=3, on_epoch_finished=note).set_callbacks(monitor).fit(X, y)
    rows = monitor.get_logs().data
    assert len(set(accuracies)) > 1
    assert [row["accuracy"] for row in rows if row["task_name"] == "epoch"] == accuracies
    assert rows[0]["accuracy"] == accuracies[-1]


@pytest.fixture
def calls(monkeypatch):
    """Epochs of each call of the training program."""
    found = []
    epochs = TrainingLoop._epochs

    def noting(self, count):
        found.append(count)
        return epochs(self, count)

    monkeypatch.setattr(TrainingLoop, "_epochs", noting)
    return found


def test_a_bar_lets_several_epochs_go_through_one_call_and_compiles_nothing(calls, capsys):
    make_net(max_epochs=1).fit(X, y)
    before = compile_counts()
    calls.clear()
    net = make_net(max_epochs=40).set_callbacks(ProgressBar()).fit(X, y)
    assert sum(calls) == 40
    assert max(calls) > 1
    assert compile_counts() == before
    assert "NeuralNet - fit" in capsys.readouterr().out
    calls.clear()
    make_net(max_epochs=3).set_callbacks(ProgressBar(), Recorder()).fit(X, y)
    assert calls == [1, 1, 1]
    plain = make_net(max_epochs=40).fit(X, y)
    for one, other in zip(net.get_all_params(), plain.get_all_params(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_bars_nest_in_a_search(capsys):
    search = GridSearchCV(make_net(), {"update_learning_rate": [0.1, 0.2]}, cv=2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        search.set_callbacks(ProgressBar()).fit(X, y)
    shown = capsys.readouterr().out
    assert "GridSearchCV - fit" in shown
    assert shown.count("NeuralNet - fit") == 5
    assert shown.count("100%") == len([line for line in shown.splitlines() if "%" in line])


def test_a_net_with_callbacks_can_be_pickled():
    net = make_net().set_callbacks(ProgressBar()).fit(X, y)
    copy = pickle.loads(pickle.dumps(net))
    np.testing.assert_array_equal(copy.predict_proba(X), net.predict_proba(X))
