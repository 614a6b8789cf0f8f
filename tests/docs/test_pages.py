"""The blocks of the README and of the pages run in order, in any folder.

Those of a page with cells run when the pages are built, in a temporary folder; others run here, and
print the text blocks that follow them, or the comments on their lines.
"""

import contextlib
import io
import re
import sys
import types
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

BLOCK = re.compile(r"^```(python|text)\n(.*?)^```$", re.DOTALL | re.MULTILINE)

CELL = re.compile(r"^```\{code-cell\}.*\n(.*?)^```$", re.DOTALL | re.MULTILINE)

INCLUDED = re.compile(
    r"^```\{literalinclude\} (\S+)\n:language: python\n"
    r':start-at: "(.*)"\n:end-before: "(.*)"\n```$',
    re.MULTILINE,
)


def read(path):
    """Return the text of a page, with the parts of examples that it includes."""

    def include(found):
        file, start, end = found.groups()
        text = (path.parent / file).read_text()
        text = text[text.index(start) :]
        return f"```python\n{text[: text.index(end)]}```"

    return INCLUDED.sub(include, path.read_text())


PAGES = {
    path.relative_to(ROOT).as_posix(): read(path)
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    if not {"_build", "gallery"} & set(path.parts)  # what a build of the pages writes
}

WITH_CELLS = {name for name, text in PAGES.items() if "```{code-cell}" in text}

WITH_BLOCKS = [name for name, text in PAGES.items() if "```python" in text]


def trimmed(text):
    return [line.rstrip() for line in text.strip().splitlines()]


def test_there_are_pages_of_both_kinds():
    assert "docs/own_layers.md" in WITH_BLOCKS
    assert {"docs/index.md", "docs/tutorial/cnn.md"} <= WITH_CELLS


def test_all_python_is_run():
    """No page shows Python that is only colored, or that runs apart from its cells."""
    for name, text in PAGES.items():
        assert not re.findall(r"^```\{(?:code-block\} python|literalinclude\}).*", text, re.M), name
    assert not WITH_CELLS & set(WITH_BLOCKS)


@pytest.mark.parametrize("name", sorted(WITH_CELLS))
def test_cells_that_readers_see_use_nothing_of_the_checkout(name):
    modules = {
        path.stem for folder in ("docs", "examples") for path in (ROOT / folder).glob("*.py")
    }
    assert {"checkout", "segmentation"} <= modules
    for cell in CELL.findall(PAGES[name]):
        if "remove-input" not in cell:
            imported = set(re.findall(r"^(?:import|from) (\w+)", cell, re.MULTILINE))
            assert not imported & modules
            assert "../" not in cell


@pytest.mark.parametrize("name", WITH_BLOCKS)
def test_code_prints_the_output_on_the_page(name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    page = types.ModuleType(f"page_{Path(name).stem}")
    monkeypatch.setitem(sys.modules, page.__name__, page)  # pickle looks up classes here
    printed = ""
    for language, text in BLOCK.findall(PAGES[name]):
        if language == "python":
            assert printed == "", f"the page does not show the output {printed!r}"
            with contextlib.redirect_stdout(io.StringIO()) as out:
                exec(compile(text, name, "exec"), vars(page))
            printed = out.getvalue()
            if all(f"# {line}" in text for line in printed.splitlines()):
                printed = ""
        else:
            assert trimmed(text) == trimmed(printed)
            printed = ""
    assert printed == ""
