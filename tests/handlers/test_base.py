import inspect
import json
import pickle

import pytest
from optuna.trial import FixedTrial
from sklearn.base import clone

from skconv import NeuralNet, handlers
from skconv.handlers import Handler, RememberBestWeights, RestoreBestWeights
from skconv.training.events import EVENTS
from skconv.utils.plain_values import pack

from ..nets import X, make_net, y

CLASSES = [getattr(handlers, name) for name in handlers.__all__ if name != "Handler"]


TRIAL = FixedTrial({})


def made(cls):
    needed = {
        "path": "weights.npz",
        "name": "update_learning_rate",
        "seconds": 1.0,
        "layers": "*",
        "trial": TRIAL,
    }
    if cls is RestoreBestWeights:
        return cls(RememberBestWeights())
    parameters = inspect.signature(cls).parameters
    return cls(**{name: value for name, value in needed.items() if name in parameters})


@pytest.mark.parametrize("cls", CLASSES)
def test_every_handler_takes_the_net_and_its_history(cls):
    assert issubclass(cls, Handler)
    assert list(inspect.signature(made(cls)).parameters) == ["net", "train_history"]


@pytest.mark.parametrize("cls", CLASSES)
def test_every_handler_can_be_pickled_and_a_clone_has_its_own(cls):
    handler = made(cls)
    (own,) = clone(NeuralNet(on_epoch_finished=[handler])).on_epoch_finished
    unpickled = pickle.loads(pickle.dumps(handler))
    without_trial = {name: None for name in plain(handler) if name == "trial"}
    for copy, changes in ((own, {}), (unpickled, without_trial)):
        assert type(copy) is cls
        assert copy is not handler
        assert plain(copy) == plain(handler) | changes


def plain(handler):
    return {k: v for k, v in vars(handler).items() if not isinstance(v, Handler)}


@pytest.mark.parametrize("cls", CLASSES)
def test_a_reset_handler_is_as_new(cls):
    handler, new = made(cls), made(cls)
    for name, value in vars(handler).items():
        if name not in inspect.signature(cls).parameters and not isinstance(value, Handler):
            setattr(handler, name, "something seen")
    handler.reset()
    assert {name: vars(handler)[name] for name in plain(new)} == plain(new)


@pytest.mark.parametrize("cls", CLASSES)
def test_the_state_of_a_handler_goes_into_a_file_and_to_another_handler(cls):
    """Whatever it holds: all that a file can, and that is no parameter."""
    handler, other = made(cls), made(cls)
    for name in handler.get_state():
        setattr(handler, name, {"seen": [1, (2.5, None)]})
    state = handler.get_state()
    json.dumps(pack(state, {}, ""))
    other.set_state(state)
    assert plain(other) == plain(handler)


def test_a_state_leaves_out_parameters_and_what_no_file_can_hold():
    class Own(Handler):
        def __init__(self, parameter=1):
            self.parameter, self.count, self.function = parameter, 2, print

    own = Own()
    assert own.get_state() == {"count": 2}
    own.set_state({"count": 3})
    assert own.count == 3


class Recorder(Handler):
    """Write down the events of a training."""

    def __init__(self):
        self.events = []

    def reset(self):
        self.events.append("reset")

    def watches(self):
        self.events.append("watches")
        return True

    def begin(self, net, train_history):
        self.events.append("begin")

    def begun(self, net, train_history):
        self.events.append("begun")

    def step(self, net, progress):
        self.events.append("step")

    def check(self, net, columns):
        assert set(columns) == {"train_loss", "valid_loss", "valid_accuracy", "dur"}
        self.events.append("check")

    def finish(self, net, train_history):
        self.events.append("finish")

    def end(self, net, train_history):
        self.events.append("end")

    def __call__(self, net, train_history):
        """Leave it to the functions beside it, which know the event's name."""


def recorded(stops_at=None, error=StopIteration, **params):
    recorder = Recorder()

    def note(name):
        def handler(net, train_history):
            recorder.events.append(name)
            if name == stops_at:
                raise error

        return handler

    handlers = {name: [note(name)] for name in EVENTS}
    handlers["on_epoch_finished"].append(recorder)
    net = make_net(**{"max_epochs": 1, **handlers, **params})
    try:
        net.fit(X, y)
    except RuntimeError:
        assert error is RuntimeError
    return recorder.events, net


BEFORE = ["reset", "check", "watches", "on_training_started", "begin", "begun"]
BATCH = ["on_batch_finished", "step"]
AFTER = ["finish", "on_training_finished", "end"]


def test_events_come_in_the_order_of_the_table():
    events, net = recorded()
    assert events == [*BEFORE, *BATCH * net._model.step, "on_epoch_finished", *AFTER]
    events, _ = recorded(on_batch_finished=None)
    assert [event for event in events if event != "step"] == [*BEFORE, "on_epoch_finished", *AFTER]
    assert events[6] == "step"


@pytest.mark.parametrize(
    ("stops_at", "expected", "epochs"),
    [
        ("on_training_started", [*BEFORE[:4], *AFTER], 0),
        ("on_batch_finished", [*BEFORE, "on_batch_finished", *AFTER], 0),
        ("on_epoch_finished", [*BEFORE, *BATCH * 2, "on_epoch_finished", *AFTER], 1),
    ],
)
def test_a_handler_that_stops_the_training_leaves_out_the_rest(stops_at, expected, epochs):
    events, net = recorded(stops_at)
    assert (events, len(net.train_history_)) == (expected, epochs)


def test_after_an_exception_only_the_end_is_called():
    events, _ = recorded("on_batch_finished", RuntimeError)
    assert events == [*BEFORE, "on_batch_finished", "end"]
