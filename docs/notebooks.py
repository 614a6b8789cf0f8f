"""Sphinx extension that offers each executed page, and each example, as a notebook."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
from gallery import example_of
from myst_nb.core.read import read_myst_markdown_notebook
from scripts import cells_of
from sphinx.application import Sphinx

FOLDER = "_notebooks"
LINK = '<p class="download-notebook"><a href="{}" download>Download as notebook</a></p>'


def notebook_of(path: Path) -> nbformat.NotebookNode | None:
    """Return the source file of a page as a notebook, or None if it has no cells to run."""
    text = path.read_text()
    if example := example_of(path):
        comment, *code = cells_of(example)
        cells = [nbformat.v4.new_markdown_cell(comment), *map(nbformat.v4.new_code_cell, code)]
        return nbformat.v4.new_notebook(cells=cells)
    if "file_format: mystnb" not in text.partition("\n\n")[0]:
        return None
    return read_myst_markdown_notebook(text)


def offer(app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Write the notebook of a page into the output, and link to it at the end of the page."""
    if doctree is None or (notebook := notebook_of(Path(app.env.doc2path(name)))) is None:
        return
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"  # ids are random otherwise
    target = Path(app.outdir, FOLDER, f"{name}.ipynb")
    target.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, target)
    url = "../" * name.count("/") + f"{FOLDER}/{name}.ipynb"
    context["body"] += LINK.format(url)


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the function above to Sphinx's event."""
    app.connect("html-page-context", offer)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
