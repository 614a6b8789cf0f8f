import pickle

import pytest

from skconv.handlers import Timer, timer

from ..nets import X, make_net, y


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 0.0

        @staticmethod
        def perf_counter():
            return Clock.now

    monkeypatch.setattr(timer, "time", Clock)
    return Clock


def test_training_ends_when_its_time_is_up(clock, capsys):
    def second(net, train_history):
        clock.now += 1.0

    net = make_net(max_epochs=9, on_epoch_finished=[second, Timer(2.5)])
    for _ in range(2):
        assert len(net.fit(X, y).train_history_) == 3
    assert capsys.readouterr().out == "Reached the time limit after 3 epochs.\n" * 2


def test_a_batch_can_be_the_last(clock, capsys):
    def second(net, train_history):
        clock.now += 1.0

    net = make_net(max_epochs=9, on_batch_finished=[second, Timer(4.5, verbose=0)]).fit(X, y)
    assert len(net.train_history_) == 2
    assert clock.now == 5.0
    assert capsys.readouterr().out == ""


def test_a_timer_that_waits_holds_no_time():
    handler = Timer(5.0)
    make_net(max_epochs=1, on_epoch_finished=handler).fit(X, y)
    assert vars(pickle.loads(pickle.dumps(handler))) == vars(Timer(5.0))


@pytest.mark.parametrize("seconds", [0, -1, float("nan")])
def test_there_must_be_some_time(seconds):
    with pytest.raises(ValueError, match=r"^Timer: seconds must be a finite number > 0.0, got "):
        Timer(seconds)
