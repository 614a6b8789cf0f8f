"""A bar chart of skconv's time beside that of other libraries."""

from __future__ import annotations

import textwrap
from pathlib import Path

from .case import Case
from .runner import Row
from .verdict import verdicts

COLORS = {
    "light": {"text": "#333333", "faster": "#2f7ed8", "slower": "#d9822b"},
    "dark": {"text": "#cfd0d0", "faster": "#6cabf2", "slower": "#e8a15c"},
}
"""Colors for pages with a light and a dark background; the background itself is transparent."""

STYLE = {
    "axes.grid": True,
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.size": 9,
    "grid.alpha": 0.3,
    "svg.fonttype": "none",
    # ids of elements would be random otherwise
    "svg.hashsalt": "skconv",
}

TICKS = (0.1, 0.2, 0.5, 1, 2, 5)
LINE = 0.2
"""Inches per line of the chart."""


def draw(results: list[tuple[Case, list[Row]]], path: Path, theme: str) -> None:
    """Write the chart as SVG: a bar for each library, from 1 to the ratio of the medians.

    Parameters
    ----------
    results : list of (Case, list of Row)
    path : Path
    theme : {'light', 'dark'}
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    colors = COLORS[theme]
    text = dict.fromkeys(("text.color", "axes.labelcolor", "xtick.color"), colors["text"])
    with mpl.rc_context({**STYLE, **text}):
        lines = _lines(results)
        axes = Figure((5.6, LINE * len(lines) + 0.6), layout="constrained").add_subplot()
        for place, (name, ratio) in enumerate(lines):
            if ratio is None:
                title = axes.annotate(name, (0, place), None, ("figure fraction", "data"))
                title.set(va="center", in_layout=False, annotation_clip=False)
                continue
            color = colors["faster" if ratio < 1 else "slower"]
            axes.barh(place, ratio - 1, left=1, height=0.75, color=color)
            side, offset = ("right", -3) if ratio < 1 else ("left", 3)
            axes.annotate(f"{ratio:.2f}", (ratio, place), (offset, 0), "data", "offset points",
                          ha=side, va="center")  # fmt: skip
        names = [(place, name) for place, (name, ratio) in enumerate(lines) if ratio is not None]
        axes.set(xscale="log", xlim=(0.06, 12), ylim=(len(lines), -1))
        axes.set_yticks(*zip(*names, strict=True), color=colors["text"])
        axes.set_xticks(TICKS, map(str, TICKS))
        axes.set_xlabel("skconv's time / the library's (left: skconv is faster)")
        axes.axvline(1, color=colors["text"], linewidth=0.8)
        axes.minorticks_off()
        axes.tick_params(axis="y", length=0)
        axes.spines["bottom"].set_color(colors["text"])
        axes.grid(visible=False, axis="y")
        axes.figure.savefig(path, transparent=True, metadata={"Date": None})


def _lines(results: list[tuple[Case, list[Row]]]) -> list[tuple[str, float | None]]:
    """Return the lines of the chart: titles of cases without a ratio, and libraries with theirs."""
    lines: list[tuple[str, float | None]] = []
    for case, rows in results:
        bars = [
            (row.contender.name, verdict.ratio)
            for row, verdict in zip(rows, verdicts(case, rows), strict=True)
            if verdict.ratio is not None and not row.contender.ours
        ]
        if bars:
            lines += [(line, None) for line in ["", *textwrap.wrap(case.title, 84)]]
            lines += bars
    return lines[1:]
