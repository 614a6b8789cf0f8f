"""One line per bar, printed after the tables of all cases."""

from __future__ import annotations

from tabulate import tabulate

from .case import Case
from .runner import Row
from .verdict import verdicts


def summary(results: list[tuple[Case, list[Row]]]) -> str:
    """Return a table of the bars: what is compared, the ratio, the bar, and whether it is met."""
    lines = []
    for case, rows in results:
        for row, verdict in zip(rows, verdicts(case, rows), strict=True):
            against = f"{case.unit}" if row.contender.ours else f"/ {row.contender.name}"
            if verdict.bar is not None:
                lines.append([case.name, against, *verdict.cells])
    return tabulate(lines, ["case", "skconv", "ratio", "bar", "met"], disable_numparse=True)
