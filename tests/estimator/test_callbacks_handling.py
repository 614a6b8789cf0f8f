import numpy as np
import pytest

from skconv import NeuralNet
from skconv.handlers import EarlyStopping, Handler, PrintLayerInfo, PrintLog, PrintProgress

from ..nets import X, make_net, y


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
    with pytest.raises(AttributeError, match="while on_batch_finished handlers run"):
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
    assert stopping.best_valid == float("inf")
