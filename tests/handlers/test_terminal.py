import io
import sys
from types import SimpleNamespace

import pytest

from skconv.handlers.terminal import Cell, Line, in_notebook, is_interactive


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Notebook(io.StringIO):
    __module__ = "ipykernel.iostream"


@pytest.mark.parametrize(
    ("stream", "notebook", "seen"),
    [(io.StringIO, False, False), (Terminal, False, True), (Notebook, True, True)],
)
def test_who_sees_the_output(monkeypatch, stream, notebook, seen):
    monkeypatch.setattr(sys, "stdout", stream())
    assert (in_notebook(), is_interactive()) == (notebook, seen)


def test_a_line_is_written_over_itself(monkeypatch):
    stream = Terminal()
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setenv("COLUMNS", "8")
    line = Line()
    line.clear()
    line.draw("a long line")
    line.draw("short")
    line.close()
    assert stream.getvalue() == "\ra long \rshort  \r     \r"


def test_a_cell_is_drawn_in_its_place(monkeypatch):
    shown = []

    def update(data, **options):
        shown.append(("again", data, options))

    def display(data, **options):
        shown.append(("first", data, options))
        return SimpleNamespace(
            update=lambda data, **options: shown.append(("again", data, options))
        )

    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=display))
    cell = Cell()
    cell.close()
    cell.draw("one")
    cell.draw("two", html="<b>two</b>")
    cell.clear()
    cell.close()
    assert shown == [
        ("first", {"text/plain": "one"}, {"raw": True, "display_id": True}),
        ("again", {"text/plain": "two", "text/html": "<b>two</b>"}, {"raw": True}),
        ("again", {"text/plain": "", "text/html": ""}, {"raw": True}),
    ]
