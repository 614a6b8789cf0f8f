import io
import pickle
import sys
from types import SimpleNamespace

import pytest

from skconv.handlers import PlotLoss, plot

from ..nets import X, make_net, y


class Notebook(io.StringIO):
    __module__ = "ipykernel.iostream"


@pytest.fixture
def drawn(monkeypatch):
    """What a notebook was given to show: first once, then in its place."""
    found = []

    def update(data, *, raw):
        assert raw
        found.append(data.get("text/html", data["text/plain"]))

    def display(data, *, raw, display_id):
        update(data, raw=raw)
        assert display_id
        return SimpleNamespace(update=update)

    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=display))
    return found


def test_losses_are_drawn_in_place_as_they_come(drawn, monkeypatch):
    monkeypatch.setattr(sys, "stdout", Notebook())
    net = make_net(max_epochs=5, on_training_started=PlotLoss(seconds=0.0)).fit(X, y)
    assert len(drawn) > 2
    assert drawn[0] == ""
    assert all("<svg" in one for one in drawn[1:])
    last = net.train_history_[-1]
    assert f"epoch 5, training loss {last['train_loss']:.4g}" in drawn[-1]


def test_drawings_are_not_more_than_anybody_can_see(drawn, monkeypatch):
    monkeypatch.setattr(sys, "stdout", Notebook())
    make_net(max_epochs=5, on_training_started=PlotLoss(seconds=3600.0)).fit(X, y)
    assert len(drawn) == 3
    assert "epoch 5" in drawn[-1]


def test_a_plot_stays_out_of_pickles(drawn, monkeypatch):
    monkeypatch.setattr(sys, "stdout", Notebook())
    handler = PlotLoss()
    handler.begin(None, [])
    assert handler.opened is not None
    assert pickle.loads(pickle.dumps(handler)).opened is None


def test_it_is_quiet_outside_of_notebooks(capsys):
    handler = PlotLoss()
    assert not handler.watches()
    make_net(max_epochs=1, on_training_started=handler).fit(X, y)
    assert capsys.readouterr().out == ""
    assert handler.opened is None
    assert plot.in_notebook() is False
