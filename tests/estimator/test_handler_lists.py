import pickle
import re

import pytest
from sklearn.base import clone

from skconv import NeuralNet
from skconv.errors import InvalidParameterError
from skconv.estimator.validation import check_settings
from skconv.handlers import (
    AdjustVariable,
    Checkpoint,
    EarlyStopping,
    Handler,
    LearningRateFinder,
    PrintLayerInfo,
    RememberBestWeights,
    Timer,
)
from skconv.training.events import EVENTS

from ..nets import X, make_net, y

VALID = "a function (net, train_history), or a list of them"


def one(net):
    """Take too few arguments."""


def three(net, history, more):
    """Take too many."""


@pytest.mark.parametrize(
    ("handler", "got"),
    [
        (EarlyStopping, r"<class '.*EarlyStopping'>; write EarlyStopping\(\)"),
        ([print, dict], r"<class 'dict'>; write dict\(\)"),
        (one, r"<function one .*> with the signature \(net\)"),
        ([three], r"<function three .*> with the signature \(net, history, more\)"),
        (lambda: None, r"<function <lambda> .*> with the signature \(\)"),
    ],
)
def test_handlers_that_cannot_be_called_are_told_before_training(handler, got):
    net = make_net(on_training_finished=handler)
    with pytest.raises(
        InvalidParameterError,
        match=rf"^on_training_finished must be {re.escape(VALID)}, got {got}$",
    ):
        net.fit(X, y)
    assert not hasattr(net, "train_history_")


class Callable:
    def __call__(self, net, train_history, extra=None):
        """Do nothing."""

    def method(self, *args):
        """Do nothing."""


@pytest.mark.parametrize("handler", [Callable(), Callable().method, print, lambda *both: None])
def test_what_takes_two_arguments_is_a_handler(handler):
    assert check_settings({"on_batch_finished": handler}).found == []


@pytest.mark.parametrize(
    ("event", "handler", "place"),
    [
        ("on_batch_finished", EarlyStopping(), "on_epoch_finished"),
        ("on_training_finished", EarlyStopping(), "on_epoch_finished"),
        ("on_training_started", Checkpoint("a.npz"), "on_epoch_finished"),
        ("on_epoch_finished", RememberBestWeights().restore, "on_training_finished"),
        ("on_epoch_finished", LearningRateFinder(), "on_batch_finished"),
        ("on_epoch_finished", PrintLayerInfo(), "on_training_started"),
        ("on_training_finished", AdjustVariable("a"), "on_epoch_finished"),
        ("on_training_started", Timer(1), "on_batch_finished or on_epoch_finished"),
    ],
)
def test_handlers_that_would_do_nothing_at_an_event_are_told_where_they_belong(
    event, handler, place
):
    name = type(handler).__name__
    (error,) = check_settings({event: [handler]}).found
    assert str(error) == (
        f"{event} must be a list of handlers for this event, got {handler!r}; "
        f"{name} belongs in {place}"
    )
    allowed = {name: [handler] for name in handler.allowed_in}
    assert check_settings(allowed).found == []


def test_own_handlers_may_be_listed_anywhere():
    class Own(Handler):
        events = valid = columns = "names that a class of a user may have"

        def __call__(self, net, train_history):
            """Do nothing."""

    assert check_settings({"on_training_finished": Own()}).found == []


@pytest.mark.parametrize("name", EVENTS)
def test_handlers_can_be_appended_to_a_net_that_has_none(name):
    net = NeuralNet()
    assert net.get_params()[name] is None
    assert "on_" not in repr(net)
    getattr(net, name).append(len)
    assert getattr(net, name) == net.get_params()[name] == clone(net).get_params()[name] == [len]
    assert getattr(net._handlers(fresh=True), name) == [len]
    getattr(net, name).append(max)
    assert net.get_params()[name] == [len, max]
    assert type(getattr(clone(net), name)) is list
    assert getattr(pickle.loads(pickle.dumps(net)), name) == [len, max]
    net.set_params(**{name: None})
    assert net.get_params()[name] is None
    assert getattr(net, name) == []


def test_given_handlers_are_read_as_they_are():
    given = [len]
    assert NeuralNet(on_epoch_finished=given).on_epoch_finished is given
    assert NeuralNet(on_epoch_finished=len).on_epoch_finished is len


def test_reading_and_cloning_leave_the_default():
    net = NeuralNet(max_epochs=0).fit(X, y)
    for one in (net, clone(net), pickle.loads(pickle.dumps(net))):
        assert {name: one.get_params()[name] for name in EVENTS} == dict.fromkeys(EVENTS)
    assert repr(net) == repr(NeuralNet(max_epochs=0))


@pytest.mark.parametrize(
    "add",
    [
        lambda net: net.on_epoch_finished.extend([len, max]),
        lambda net: net.on_epoch_finished.insert(0, len) or net.on_epoch_finished.append(max),
        lambda net: setattr(net, "on_epoch_finished", [*net.on_epoch_finished, len, max]),
        lambda net: net.on_epoch_finished.__iadd__([len, max]) and None,
    ],
)
def test_handlers_can_be_added_in_all_ways(add):
    net = NeuralNet()
    add(net)
    assert net.get_params()["on_epoch_finished"] == [len, max]


def test_handlers_can_be_added_in_place():
    net = NeuralNet()
    net.on_epoch_finished += [len]
    net.on_epoch_finished += [max]
    assert net.get_params()["on_epoch_finished"] == [len, max]


def test_setting_what_was_read_keeps_the_default():
    net = NeuralNet()
    net.on_epoch_finished = net.on_epoch_finished
    assert net.get_params()["on_epoch_finished"] is None
