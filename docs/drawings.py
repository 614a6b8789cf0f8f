"""Sphinx extension that shows what plots and transforms draw, below their descriptions."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

HERE = Path(__file__).parent
PICTURES = HERE / "api" / "classes" / "drawn"


def write_pictures(app: Sphinx) -> None:
    """Draw in another process: Sphinx forks, which a process that computes with JAX must not."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, HERE / "pictures.py", PICTURES], check=True)


def show(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Add the picture to the end of a description."""
    if (PICTURES / f"{name}.png").exists():
        image = f".. image:: /api/classes/drawn/{name}.png"
        lines += ["", image, "   :class: drawn", f"   :alt: What {name} draws", ""]


def setup(app: Sphinx) -> dict[str, bool]:
    """Draw before the pages are read, and show the pictures after numpydoc's work."""
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("builder-inited", write_pictures)
    app.connect("autodoc-process-docstring", show, priority=700)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
