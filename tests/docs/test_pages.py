"""The Python blocks of a page run in order and print the text blocks that follow them."""

import contextlib
import io
import re
import sys
import types
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"

BLOCK = re.compile(r"^```(python|text)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def blocks(path):
    return BLOCK.findall(path.read_text())


def trimmed(text):
    return [line.rstrip() for line in text.strip().splitlines()]


PAGES = [path for path in sorted(DOCS.glob("*.md")) if blocks(path)]


def test_there_are_pages_with_code():
    assert "own_layers.md" in [path.name for path in PAGES]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_code_prints_the_output_on_the_page(path, monkeypatch):
    page = types.ModuleType(f"page_{path.stem}")
    monkeypatch.setitem(sys.modules, page.__name__, page)  # pickle looks up classes here
    printed = ""
    for language, text in blocks(path):
        if language == "python":
            assert printed == "", f"the page does not show the output {printed!r}"
            with contextlib.redirect_stdout(io.StringIO()) as out:
                exec(compile(text, str(path), "exec"), vars(page))
            printed = out.getvalue()
        else:
            assert trimmed(text) == trimmed(printed)
            printed = ""
    assert printed == ""
