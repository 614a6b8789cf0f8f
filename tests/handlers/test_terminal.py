import ast
import io
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console
from rich.live import Live

import skconv.handlers
from skconv.handlers import terminal
from skconv.handlers.terminal import Cell, Line, in_notebook, is_interactive, say


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


def test_a_line_stays_away_from_the_bars_of_rich(monkeypatch):
    stream = Terminal()
    monkeypatch.setattr(sys, "stdout", stream)
    line = Line()
    with Live("a bar", console=Console(file=stream, force_terminal=True), auto_refresh=False):
        line.draw("hidden")
        line.close()
    line.draw("shown")
    assert "a bar" in stream.getvalue()
    assert "hidden" not in stream.getvalue()
    assert stream.getvalue().endswith("\rshown")


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


@pytest.mark.parametrize("first", [True, False])
def test_one_process_prints(monkeypatch, capsys, first):
    monkeypatch.setattr(terminal, "is_first", lambda: first)
    say("what happened")
    assert capsys.readouterr().out == "what happened\n" * first


def test_no_handler_prints_in_all_processes():
    files = set(Path(skconv.handlers.__file__).parent.glob("*.py"))
    for file in files - {Path(terminal.__file__)}:
        calls = [
            node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)
        ]
        assert "print" not in [getattr(call.func, "id", None) for call in calls], file.name
