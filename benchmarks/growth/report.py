"""Curves as a table and as a picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tabulate import tabulate

from ..table import as_number
from .curve import Curve, Point

STYLE = {
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "grid.alpha": 0.3,
    "svg.fonttype": "none",
    # ids of elements would be random otherwise
    "svg.hashsalt": "skconv",
}


def table(curve: Curve, points: dict[int, Point], style: str = "simple") -> str:
    """Return a table with a row for each size.

    Parameters
    ----------
    curve : Curve
    points : dict
        The results by size.
    style : str
        A table format of tabulate.
    """
    first = next(iter(points.values()))
    headers = [curve.axis, *(f"{name}, s" for name in first.seconds), *first.scores]
    lines = [
        [f"{size:,}", *map(as_number, (*point.seconds.values(), *point.scores.values()))]
        for size, point in points.items()
    ]
    right = ("right",) * len(headers)
    return tabulate(lines, headers, tablefmt=style, disable_numparse=True, colalign=right)


def describe_last_step(curve: Curve, points: dict[int, Point]) -> str:
    """Return a sentence on how much longer the largest size takes than the one before."""
    (small, before), (large, after) = list(points.items())[-2:]
    factors = ", ".join(
        f"{after.seconds[name] / before.seconds[name]:.1f} for {name}" for name in after.seconds
    )
    sizes = f"{large / small:.3g} times as many {curve.axis}, {large:,} instead of {small:,}"
    return f"With {sizes}, the times grow by these factors: {factors}."


def draw(curve: Curve, points: dict[int, Point], path: Path) -> None:
    """Write a picture, with both axes logarithmic, in the format that the name ends with."""
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.ticker import StrMethodFormatter

    with mpl.rc_context(STYLE):
        axes = Figure((6.4, 3.6), layout="constrained").add_subplot()
        for name in next(iter(points.values())).seconds:
            seconds = [point.seconds[name] for point in points.values()]
            axes.loglog(list(points), seconds, marker="o", label=name)
        # whole decades, of which each has a tick
        ends = np.log10(axes.dataLim.intervaly)
        limits = 10.0 ** np.floor(ends[0]), 10.0 ** np.ceil(ends[1])
        axes.set(xlabel=curve.axis, ylabel="seconds", xticks=list(points), ylim=limits)
        axes.minorticks_off()
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes.legend(frameon=False)
        axes.figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
