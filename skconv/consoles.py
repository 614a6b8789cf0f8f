"""Where output goes to."""

from __future__ import annotations

import sys


def in_notebook() -> bool:
    """Tell whether output is shown below the cell of a notebook."""
    return type(sys.stdout).__module__.startswith("ipykernel")


def is_seen() -> bool:
    """Tell whether somebody sees output as it comes, with colours: no file and no pipe."""
    return sys.stdout.isatty() or in_notebook()
