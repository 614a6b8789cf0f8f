"""Sphinx extension for lists of parameters: headings of groups, and words to search for."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

GROUP = re.compile(r"^(\s*)\*\*\\\*\\\*(.+)\*\*\*\*$")
"""A heading such as ``**Training**`` among parameters, as numpydoc writes it."""

PARAMETER = re.compile(r"^(\s*)\*\*(\w+)\*\*")

WORDS: dict[str, list[str]] = tomllib.loads(
    (Path(__file__).parent / "search_words.toml").read_text()
)


def describe(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Write headings of groups in bold type, and index the parameters of a net by their words."""
    words = WORDS if name == "skconv.NeuralNet" else {}
    found = []
    for line in lines:
        if heading := GROUP.match(line):
            found.append(f"{heading[1]}.. rubric:: {heading[2]}")
        elif line.strip() == ".." and found and found[-1].lstrip().startswith(".. rubric::"):
            continue
        else:
            found.append(line)
        if (parameter := PARAMETER.match(line)) and parameter[2] in words:
            indent = parameter[1] + " " * 4
            entries = [f"{indent}   ! single: {word}" for word in words[parameter[2]]]
            found += [f"{indent}.. index::", *entries, ""]
    lines[:] = found


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the function above to autodoc's event, after numpydoc."""
    app.connect("autodoc-process-docstring", describe, priority=600)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
