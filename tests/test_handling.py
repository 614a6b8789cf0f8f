import pytest

from skconv import NeuralNet
from skconv.handlers import EarlyStopping, PrintLayerInfo, PrintLog


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
    assert kinds(found.on_training_started) == [PrintLayerInfo]
    assert kinds(handlers(on_epoch_finished=len).on_epoch_finished) == [type(len)]


def test_verbose_adds_nothing_that_is_there():
    own = PrintLog()
    assert handlers(verbose=1, on_epoch_finished=[len, own]).on_epoch_finished == [len, own]


def test_the_list_that_was_given_stays_as_it_is():
    given = [len]
    handlers(verbose=1, on_epoch_finished=given)
    assert given == [len]


def test_handlers_forget_where_training_starts_afresh():
    stopping = EarlyStopping()
    net = NeuralNet(on_epoch_finished=stopping, verbose=1)
    printer = net._handlers(fresh=True).on_epoch_finished[0]
    stopping.best_valid = 0.5
    assert net._handlers(fresh=False).on_epoch_finished[0] is printer
    assert stopping.best_valid == 0.5
    assert net._handlers(fresh=True).on_epoch_finished[0] is not printer
    assert stopping.best_valid == float("inf")
