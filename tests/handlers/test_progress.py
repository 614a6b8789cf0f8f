import io
import math
import sys

import pytest
from sklearn.base import clone

from skconv import compile_counts
from skconv.handlers import PrintProgress, progress
from skconv.training.events import Progress

from ..nets import X, make_net, y


class Terminal(io.StringIO):
    """What a terminal shows in the end, line by line."""

    def isatty(self):
        return True

    def lines(self):
        found = []
        for line in self.getvalue().split("\n"):
            shown = ""
            for part in line.split("\r"):
                shown = part + shown[len(part) :]
            found.append(shown.rstrip())
        return found


class Quiet:
    verbose = 0


class Loud:
    verbose = 1


@pytest.fixture
def opened(monkeypatch):
    """Open a terminal; pytest has a stdout of its own for fixtures."""

    def opened(columns=90):
        terminal = Terminal()
        monkeypatch.setattr(sys, "stdout", terminal)
        monkeypatch.setenv("COLUMNS", str(columns))
        return terminal

    return opened


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 100.0

        @staticmethod
        def perf_counter():
            return Clock.now

    monkeypatch.setattr(progress, "time", Clock)
    return Clock


def test_the_bar_tells_steps_loss_and_the_time_left(opened, clock):
    terminal = opened()
    bar = PrintProgress()
    bar.begin(Loud, [])
    bar.step(Loud, Progress(0, 10, 1, 40, math.nan))
    assert terminal.lines() == ["epoch 1/10  ────────────────────────  step 1/40"]
    clock.now += 19.0
    bar.step(Loud, Progress(0, 10, 20, 40, 0.5))
    assert terminal.lines() == [
        "epoch 1/10  ━━━━━━━━━━━━────────────  step 20/40  loss 0.5000  6:20 left"
    ]
    bar.step(Loud, Progress(0, 10, 40, 40, 0.5))
    assert terminal.lines() == [""]


def test_it_stays_where_nobody_else_prints_and_is_gone_in_the_end(opened, clock):
    terminal = opened()
    bar = PrintProgress()
    bar.begin(Loud, [])
    bar.step(Quiet, Progress(9, 10, 40, 40, 0.5))
    assert terminal.lines() == ["epoch 10/10  ━━━━━━━━━━━━━━━━━━━━━━━━  step 40/40  loss 0.5000"]
    bar.end(Quiet, [])
    assert terminal.lines() == [""]


def test_it_is_drawn_now_and_then_and_fits_into_the_line(opened, clock):
    terminal = opened(30)
    bar = PrintProgress()
    bar.begin(Loud, [])
    for step in range(1, 20):
        bar.step(Loud, Progress(0, 10, step, 40, 0.5))
        clock.now += 1 / 32
    assert terminal.getvalue().count("\r") == 5
    assert terminal.lines() == ["epoch 1/10  ━━━━━━━━━━───────"]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0:00"), (59.6, "1:00"), (3599, "59:59"), (7325, "2:02:05")]
)
def test_durations(seconds, text):
    assert progress._duration(seconds) == text


def test_verbose_shows_a_bar_between_the_rows(opened):
    terminal = opened()
    make_net().fit(X, y)
    before = compile_counts()
    net = make_net(verbose=1, max_epochs=3).fit(X, y)
    assert "epoch 1/3  " in terminal.getvalue()
    rows = [line.split() for line in terminal.lines()]
    assert [row[0] for row in rows[-4:] if row] == ["1", "2", "3"]
    assert not any("step" in row for row in rows)
    assert compile_counts() == before
    assert len(clone(net).fit(X, y).train_history_) == 3


def test_weights_are_those_of_a_training_without_a_bar(opened):
    terminal = opened()
    plain = make_net(max_epochs=4).fit(X, y)
    net = make_net(max_epochs=4, on_training_started=PrintProgress()).fit(X, y)
    assert "epoch" in terminal.getvalue()
    assert terminal.lines() == [""]
    for one, other in zip(net.get_all_params(), plain.get_all_params(), strict=True):
        assert (one.get_value() == other.get_value()).all()
    for row, other in zip(net.train_history_, plain.train_history_, strict=True):
        assert row["train_loss"] == pytest.approx(other["train_loss"], rel=1e-6)
        assert row["valid_loss"] == other["valid_loss"]


def test_a_bar_shows_batches_to_those_who_look_at_them(opened):
    terminal = opened()
    make_net(max_epochs=1, on_batch_finished=[PrintProgress(), print]).fit(X, y)
    assert "epoch 1/1" in terminal.getvalue()


def test_it_is_quiet_where_the_output_is_no_terminal(capsys):
    make_net(max_epochs=1, on_training_started=PrintProgress()).fit(X, y)
    assert capsys.readouterr().out == ""
    make_net(max_epochs=1, verbose=1).fit(X, y)
    assert "\r" not in capsys.readouterr().out
