import io
import sys

import pytest

from skconv.consoles import in_notebook, is_seen


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Cell(io.StringIO):
    __module__ = "ipykernel.iostream"


@pytest.mark.parametrize(
    ("stream", "notebook", "seen"),
    [(io.StringIO, False, False), (Terminal, False, True), (Cell, True, True)],
)
def test_who_sees_the_output(monkeypatch, stream, notebook, seen):
    monkeypatch.setattr(sys, "stdout", stream())
    assert (in_notebook(), is_seen()) == (notebook, seen)
