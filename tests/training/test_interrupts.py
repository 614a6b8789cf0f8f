import os
import signal
import threading

import pytest

from skconv.handlers import Checkpoint
from skconv.model_selection import BatchedGridSearchCV
from skconv.network.weight_files import load_arrays
from skconv.training.interrupts import interruptible, take_noted

from ..nets import X, make_net, y


def action():
    return signal.getsignal(signal.SIGTERM)


def terminating(epochs=2):
    """Return a handler that sends a single SIGTERM; a second one ends the process."""
    return terminating_by(signal.SIGTERM, epochs)


def terminating_by(number, epochs):
    left = [number]

    def terminate(net, history):
        if len(history) == epochs and left:
            os.kill(os.getpid(), left.pop())

    return terminate


def test_sigterm_interrupts_and_is_then_as_it_was():
    with pytest.raises(KeyboardInterrupt, match="SIGTERM"), interruptible(sigterm=True):
        os.kill(os.getpid(), signal.SIGTERM)
    assert action() == signal.SIG_DFL


@pytest.mark.parametrize("given", [signal.SIG_IGN, lambda number, frame: None])
def test_what_the_program_does_at_sigterm_is_left_in_place(given):
    signal.signal(signal.SIGTERM, given)
    try:
        with interruptible(sigterm=True):
            assert action() == given
        assert action() == given
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


class Noisy:
    """An object whose finalizer gets a signal."""

    def __init__(self, number):
        self.number = number

    def __del__(self):
        signal.raise_signal(self.number)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_that_python_ignores_comes_through(number, tmp_path):
    noisy = [Noisy(number)]

    def drop(net, history):
        if len(history) == 2:
            noisy.clear()

    handlers = [Checkpoint(tmp_path / "training.npz"), drop]
    net = make_net(max_epochs=9, on_epoch_finished=handlers)
    with pytest.warns(UserWarning, match="^training was interrupted after 2 epochs"):
        net.fit(X, y)
    assert not noisy
    assert signal.getsignal(signal.SIGINT) == signal.default_int_handler
    assert action() == signal.SIG_DFL
    net.fit(X, y)  # resumes after two epochs, and is not interrupted again
    assert len(net.train_history_) == 9


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interrupt_that_python_ignores_in_the_last_epoch_comes_through():
    noisy = [Noisy(signal.SIGINT)]
    net = make_net(max_epochs=1, on_epoch_finished=lambda net, history: noisy.clear())
    with pytest.warns(UserWarning, match="^training was interrupted after 1 epochs"):
        net.fit(X, y)


def test_an_interrupt_of_a_net_that_a_handler_trains_leaves_the_other_training_alone():
    def train(net, history):
        inner = make_net(max_epochs=3, on_epoch_finished=terminating_by(signal.SIGINT, epochs=1))
        with pytest.warns(UserWarning, match="^training was interrupted after 1 epochs"):
            inner.fit(X, y)

    net = make_net(max_epochs=2, on_epoch_finished=train).fit(X, y)
    assert len(net.train_history_) == 2


def test_other_threads_and_those_who_do_not_want_it_change_nothing():
    seen = []

    def look(wanted):
        with interruptible(sigterm=wanted):
            seen.append(action())

    look(False)
    thread = threading.Thread(target=look, args=(True,))
    thread.start()
    thread.join()
    assert seen == [signal.SIG_DFL] * 2


def test_a_training_with_a_checkpoint_ends_as_at_ctrl_c(tmp_path):
    path = tmp_path / "training.npz"
    handlers = [Checkpoint(path), terminating()]
    net = make_net(max_epochs=9, on_epoch_finished=handlers)
    message = "^training was interrupted after 2 epochs; the weights learned so far are kept$"
    with pytest.warns(UserWarning, match=message):
        net.fit(X, y)
    assert action() == signal.SIG_DFL
    assert (net._model.epoch, int(load_arrays(path)["epoch"])) == (2, 2)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_a_search_with_a_checkpoint_ends_as_at_ctrl_c(tmp_path):
    handlers = [Checkpoint(tmp_path / "{hash}.npz"), terminating()]
    net = make_net(max_epochs=9, on_epoch_finished=handlers)
    search = BatchedGridSearchCV(net, {"update_learning_rate": [0.1]}, cv=2)
    message = r"(?s)^\nAll the 2 fits failed.*training was interrupted before its last epoch"
    with pytest.raises(ValueError, match=message):
        search.fit(X, y)
    assert action() == signal.SIG_DFL
    assert {path.name[0] for path in tmp_path.iterdir()} != {"."}


def test_without_a_checkpoint_sigterm_ends_the_process():
    seen = []
    make_net(max_epochs=1, on_epoch_finished=lambda net, history: seen.append(action())).fit(X, y)
    assert seen == [signal.SIG_DFL]


def test_a_stream_with_a_checkpoint_ends_as_at_ctrl_c_also_between_its_batches(tmp_path):
    def batches():
        yield X[:20], y[:20]
        os.kill(os.getpid(), signal.SIGTERM)
        yield X[20:], y[20:]

    net = make_net(on_epoch_finished=Checkpoint(tmp_path / "training.npz"))
    message = "^training was interrupted after 1 batches; the weights learned so far are kept$"
    with pytest.warns(UserWarning, match=message):
        net.partial_fit_stream(batches(), classes=[0, 1, 2])
    assert len(net.train_history_) == 1
    assert action() == signal.SIG_DFL


def test_history_and_counts_agree_if_ctrl_c_comes_while_an_epoch_is_noted(monkeypatch):
    def append_row(history, *results):
        if history:
            raise KeyboardInterrupt
        history.append({"epoch": 1})

    monkeypatch.setattr("skconv.training.loop.append_row", append_row)
    net = make_net(max_epochs=3)
    with pytest.warns(UserWarning, match="interrupted after 1 epochs"):
        net.fit(X, y)
    assert net._model.epoch == len(net.train_history_) == 1


def press_twice():
    with interruptible(note=True):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)


def test_a_signal_may_be_noted_for_all_processes_to_stop_together():
    with interruptible(note=True):
        os.kill(os.getpid(), signal.SIGINT)
        assert take_noted() == "SIGINT"
        assert take_noted() is None
    with pytest.raises(KeyboardInterrupt, match="SIGINT"):
        press_twice()
    assert take_noted() is None
