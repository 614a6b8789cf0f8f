"""Text updated in place, in a terminal or a notebook."""

from __future__ import annotations

import shutil
import sys
from typing import Any

from ..ops.processes import is_first


def say(text: str) -> None:
    """Print a line; of processes that train a net together, only the first does."""
    if is_first():
        print(text, flush=True)


def in_notebook() -> bool:
    """Return whether output goes to a notebook cell."""
    return type(sys.stdout).__module__.startswith("ipykernel")


def is_interactive() -> bool:
    """Return whether output goes to a terminal or notebook rather than to a file or pipe."""
    return sys.stdout.isatty() or in_notebook()


def in_live_display() -> bool:
    """Return whether a live display of rich owns the terminal; it breaks lines drawn in place."""
    return type(sys.stdout).__module__.startswith("rich.")


class Line:
    """Last line of a terminal, overwritten by each update."""

    def __init__(self) -> None:
        self.width = 0

    def draw(self, text: str) -> None:
        """Write the line, truncated to the width of the terminal, unless bars of rich are there."""
        if in_live_display():
            return
        text = text[: shutil.get_terminal_size().columns - 1]
        sys.stdout.write("\r" + text.ljust(self.width))
        sys.stdout.flush()
        self.width = len(text)

    def clear(self) -> None:
        """Erase the line so that other output can take its place."""
        if self.width:
            sys.stdout.write("\r" + " " * self.width + "\r")
            sys.stdout.flush()
            self.width = 0

    def close(self) -> None:
        """Erase the line."""
        self.clear()


class Cell:
    """Output of a notebook cell, replaced by each update."""

    def __init__(self) -> None:
        self.handle: Any = None

    def draw(self, text: str, html: str | None = None) -> None:
        """Show text, or HTML if it is given."""
        from IPython.display import display

        data = {"text/plain": text} | ({} if html is None else {"text/html": html})
        if self.handle is None:
            self.handle = display(data, raw=True, display_id=True)
        else:
            self.handle.update(data, raw=True)

    def clear(self) -> None:
        """Do nothing; other output goes below."""

    def close(self) -> None:
        """Show nothing any more."""
        if self.handle is not None:
            self.draw("", "")
