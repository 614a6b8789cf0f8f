import pickle
import warnings

import numpy as np
import pytest
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skconv import NeuralNet, compile_counts
from skconv.handlers import EarlyStopping, Handler, PrintLayerInfo, PrintLog, PrintProgress
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
    run_call = TrainingLoop._run_call

    def noting(self, count):
        found.append(count)
        return run_call(self, count)

    monkeypatch.setattr(TrainingLoop, "_run_call", noting)
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


def test_without_scikit_learns_callbacks_nets_cannot_set_them(monkeypatch):
    monkeypatch.setattr("skconv.estimator.callbacks.find_spec", lambda name: None)
    net = make_net()
    assert not hasattr(net, "set_callbacks")
    with pytest.raises(AttributeError, match="set_callbacks") as raised:
        net.set_callbacks(ProgressBar())
    assert "needs scikit-learn 1.9 or newer" in str(raised.value.__cause__)


def test_a_net_with_callbacks_can_be_pickled():
    net = make_net().set_callbacks(ProgressBar()).fit(X, y)
    copy = pickle.loads(pickle.dumps(net))
    np.testing.assert_array_equal(copy.predict_proba(X), net.predict_proba(X))


def handlers(fresh=True, **given):
    return NeuralNet(**given)._handlers(fresh=fresh)


def kinds(list_):
    return [type(handler) for handler in list_]


@pytest.mark.parametrize("given", [len, [len], (len,)])
def test_one_handler_or_several(given):
    assert handlers(on_batch_finished=given).on_batch_finished == [len]
    assert handlers().on_batch_finished == []


def test_verbose_adds_what_prints_before_the_others():
    found = handlers(verbose=1, on_epoch_finished=len)
    assert kinds(found.on_epoch_finished) == [PrintLog, type(len)]
    assert kinds(found.on_training_started) == [PrintLayerInfo, PrintProgress]
    assert kinds(handlers(on_epoch_finished=len).on_epoch_finished) == [type(len)]


def test_verbose_adds_nothing_that_is_there():
    own = PrintLog()
    assert handlers(verbose=1, on_epoch_finished=[len, own]).on_epoch_finished == [len, own]


def test_the_list_that_was_given_stays_as_it_is():
    given = [len]
    handlers(verbose=1, on_epoch_finished=given)
    assert given == [len]


def test_each_handler_begins_and_ends_once_wherever_it_is_listed():
    calls = []

    class Noting(Handler):
        def begin(self, net, train_history):
            calls.append("begin")

        def __call__(self, net, train_history):
            calls.append(len(train_history))

        def end(self, net, train_history):
            calls.append("end")

    noting = Noting()
    make_net(on_epoch_finished=noting, on_training_started=[noting]).fit(X, y)
    assert calls == [0, "begin", 1, 2, "end"]


def test_handlers_end_after_a_training_that_failed():
    calls = []

    class Ending(Handler):
        def __init__(self, name):
            self.name = name

        def __call__(self, net, train_history):
            raise RuntimeError("no space left")

        def end(self, net, train_history):
            calls.append(self.name)
            raise OSError(f"{self.name} cannot be closed")

    with pytest.raises(OSError, match="b cannot be closed") as caught:
        make_net(on_epoch_finished=[Ending("a"), Ending("b")]).fit(X, y)
    assert calls == ["a", "b"]
    assert str(caught.value.__context__.__context__) == "no space left"


def test_the_last_batch_is_told_to_those_who_look_at_batches():
    found = []

    def look(net, train_history):
        found.append(net.last_batch_)

    scores = [("first", lambda p, y: p[:, 0])]
    net = make_net(on_batch_finished=look, scores_train=scores, train_split=None).fit(X, y)
    assert len(found) == 6
    assert set(found[0]) == {"loss", "first"}
    weights = np.array([16, 16, 8])
    for name, key in (("loss", "train_loss"), ("first", "first")):
        by_epoch = np.reshape([batch[name] for batch in found], (2, 3)) @ weights / 40
        np.testing.assert_allclose([row[key] for row in net.train_history_], by_epoch, rtol=1e-5)
    with pytest.raises(AttributeError, match="available only in on_batch_finished handlers"):
        print(net.last_batch_)


def test_epochs_that_a_handler_restores_count():
    class Restoring(Handler):
        def begin(self, net, train_history):
            train_history.append({"epoch": 1, "train_loss": 1.0, "valid_loss": 1.0})

        def __call__(self, net, train_history):
            pass

    net = make_net(on_epoch_finished=Restoring(), max_epochs=3).fit(X, y)
    assert [row["epoch"] for row in net.train_history_] == [1, 2, 3]


def test_handlers_forget_where_training_starts_afresh():
    stopping = EarlyStopping()
    net = NeuralNet(on_epoch_finished=stopping, verbose=1)
    printer = net._handlers(fresh=True).on_epoch_finished[0]
    stopping.best_valid = 0.5
    assert net._handlers(fresh=False).on_epoch_finished[0] is printer
    assert stopping.best_valid == 0.5
    assert net._handlers(fresh=True).on_epoch_finished[0] is not printer
    assert stopping.best_valid is None
