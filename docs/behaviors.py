"""nolearn's behaviors and what skconv does instead, read from the tests in `tests/nolearn`.

Each test is a row: its docstring is the behavior, and its decorator the outcome.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

TESTS = Path(__file__).parent.parent / "tests" / "nolearn"
OUTCOMES = {"same": "the same", "refused": "an error", "differs": "differs"}


class Behavior(NamedTuple):
    """A row: the section, the name of the test, the behavior, its outcome, and what follows it."""

    section: str
    test: str
    behavior: str
    outcome: str
    text: str


def read_behaviors() -> Iterator[Behavior]:
    """Yield the behavior of each test.

    Raises
    ------
    ValueError
        If a test has no docstring of one line, or not exactly one outcome.
    """
    for path in sorted(TESTS.glob("test_*.py")):
        tree = ast.parse(path.read_text())
        section = (ast.get_docstring(tree) or "").removesuffix(".")
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield _behavior(section, node)


def _behavior(section: str, test: ast.FunctionDef) -> Behavior:
    found = [one for one in map(_outcome, test.decorator_list) if one[0] in OUTCOMES]
    behavior = ast.get_docstring(test) or ""
    if len(found) != 1 or not section or not behavior or "\n" in behavior:
        raise ValueError(f"{test.name} must have a docstring of one line and one outcome")
    (outcome, text), *_ = found
    return Behavior(section, test.name, behavior, outcome, text)


def _outcome(decorator: ast.expr) -> tuple[str, str]:
    """Return the name of a decorator and its first argument."""
    if isinstance(decorator, ast.Call):
        first = ast.literal_eval(decorator.args[0]) if decorator.args else ""
        return ast.unparse(decorator.func), str(first)
    return ast.unparse(decorator), ""


def behavior_tables() -> str:
    """Return a section for each file of tests, with its behaviors as a Markdown table."""
    lines: list[str] = []
    section = ""
    for row in read_behaviors():
        if row.section != section:
            section = row.section
            lines += ["", f"## {section}", "", "| nolearn | skconv | |", "|---|---|---|"]
        text = f"`{row.text}`" if row.outcome == "refused" else row.text
        cells = (cell.replace("|", "\\|") for cell in (row.behavior, OUTCOMES[row.outcome], text))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
