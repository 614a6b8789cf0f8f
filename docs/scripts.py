"""The scripts in `examples/`, as cells."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parents[1] / "examples"
EXAMPLES = {path.stem: path for path in sorted(FOLDER.glob("*.py"))}


def cells_of(path: Path) -> list[str]:
    """Return the cells of a script in jupytext's percent format, the first one in Markdown."""
    first, *cells = path.read_text().split("\n# %%\n")
    lines = first.splitlines()[1:]
    return ["\n".join(line.removeprefix("#").removeprefix(" ") for line in lines), *cells]


def title_of(path: Path) -> str:
    """Return the title of a script."""
    return cells_of(path)[0].splitlines()[0].removeprefix("# ")
