"""Where output goes to, and places in it that can be drawn anew."""

from __future__ import annotations

import shutil
import sys
from typing import Any


def in_notebook() -> bool:
    """Tell whether output is shown below the cell of a notebook."""
    return type(sys.stdout).__module__.startswith("ipykernel")


def is_seen() -> bool:
    """Tell whether somebody sees output as it comes, with colours: no file and no pipe."""
    return sys.stdout.isatty() or in_notebook()


class Line:
    """The last line of a terminal."""

    def __init__(self) -> None:
        self.width = 0

    def draw(self, text: str) -> None:
        """Write the line, as far as the terminal is wide."""
        text = text[: shutil.get_terminal_size().columns - 1]
        sys.stdout.write("\r" + text.ljust(self.width))
        sys.stdout.flush()
        self.width = len(text)

    def clear(self) -> None:
        """Make way for what others print."""
        if self.width:
            sys.stdout.write("\r" + " " * self.width + "\r")
            sys.stdout.flush()
            self.width = 0

    def close(self) -> None:
        """Leave no trace."""
        self.clear()


class Cell:
    """A place below the cell of a notebook."""

    def __init__(self) -> None:
        self.handle: Any = None

    def draw(self, text: str, html: str | None = None) -> None:
        """Show text, or HTML where it is known."""
        from IPython.display import display

        data = {"text/plain": text} | ({} if html is None else {"text/html": html})
        if self.handle is None:
            self.handle = display(data, raw=True, display_id=True)
        else:
            self.handle.update(data, raw=True)

    def clear(self) -> None:
        """Do nothing: what others print has its own place."""

    def close(self) -> None:
        """Leave nothing to see."""
        if self.handle is not None:
            self.draw("", "")
