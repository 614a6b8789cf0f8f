"""The page of the curves in Markdown."""

from __future__ import annotations

from pathlib import Path

from ..machine import Machine
from .curve import Curve, Point
from .report import describe_last_step, draw, table

HEAD = """\
# Growth

How the time that skconv takes grows with the number of rows, classes, layers, candidates and
devices. [Benchmarks](benchmarks.md) compares it with other libraries. To measure again and rewrite
this page, run `python -m benchmarks.growth --write docs/growth.md`, which takes about ten minutes.

Each point is the fastest of {n} measurements, each in a new process without a cache of programs on
disk. "An epoch" is the fastest after the first one. "A prediction" is the fastest of three for all
rows of the fit. Both axes are logarithmic: a time that is proportional to the number of rows rises
by one decade where they do. Accuracies are on a thousand rows that the net was not fitted to,
unless the table says otherwise.
"""


def write_page(
    path: Path, machine: Machine, results: list[tuple[Curve, dict[int, Point]]], n: int
) -> None:
    """Write the page, and the pictures into a folder of its name beside it.

    Parameters
    ----------
    path : Path
    machine : Machine
    results : list of (Curve, dict of Point by size)
    n : int
        Number of processes for each point.
    """
    folder = path.with_suffix("")
    folder.mkdir(parents=True, exist_ok=True)
    parts = [HEAD.format(n=n)]
    for curve, points in results:
        picture = folder / f"{curve.name}.svg"
        draw(curve, points, picture)
        parts.append(f"## {curve.name.capitalize()}\n\n{curve.title}.\n")
        parts.append(f"![Seconds by {curve.axis}]({folder.name}/{picture.name})\n")
        parts.append(f"{table(curve, points, 'github')}\n")
        parts.append(f"{' '.join([describe_last_step(curve, points), curve.note]).strip()}\n")
    facts = [f"| {name} | {fact} |" for name, fact in machine.facts]
    parts.append("\n".join(["## Machine\n", "| | |\n|---|---|", *facts, ""]))
    path.write_text("\n".join(parts))
