"""The code on the pages runs, block after block, and prints what the page says."""

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
def test_the_code_prints_what_the_page_says(path, monkeypatch):
    page = types.ModuleType(f"page_{path.stem}")
    monkeypatch.setitem(sys.modules, page.__name__, page)  # where pickle looks for its classes
    printed = ""
    for language, text in blocks(path):
        if language == "python":
            assert printed == "", f"the page does not show {printed!r}"
            with contextlib.redirect_stdout(io.StringIO()) as out:
                exec(compile(text, str(path), "exec"), vars(page))
            printed = out.getvalue()
        else:
            assert trimmed(text) == trimmed(printed)
            printed = ""
    assert printed == ""
