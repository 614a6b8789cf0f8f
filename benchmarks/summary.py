"""One line per bar, printed after the tables of all cases."""

from __future__ import annotations

import statistics

from tabulate import tabulate

from .case import Case
from .runner import Row
from .verdict import as_text, verdicts


def summary(results: list[tuple[Case, list[Row]]]) -> str:
    """Return a table of the bars: what is compared, before and now, and whether the bar is met.

    Parameters
    ----------
    results : list of (Case, list of Row)
    """
    lines = []
    for case, rows in results:
        ours = next((row for row in rows if row.contender.ours), None)
        for row, verdict in zip(rows, verdicts(case, rows), strict=True):
            if verdict.bar is not None:
                compared = case.unit if row is ours else f"/ {row.contender.name}"
                scores = [_accuracy(ours), "" if row is ours else _accuracy(row)]
                lines.append(
                    [case.name, compared, as_text(verdict.before), *verdict.cells, *scores]
                )
    headers = ["case", "skconv", "before", "now", "bar", "met", "accuracy", "peer's"]
    if not any(row.contender.before for _, rows in results for row in rows):
        headers.remove("before")
        lines = [[*line[:2], *line[3:]] for line in lines]
    return tabulate(lines, headers, disable_numparse=True)


def _accuracy(row: Row | None) -> str:
    """Return the median of the first score that is an accuracy, if there is one."""
    scores = row.scores.items() if row else ()
    values = next((values for name, values in scores if name.endswith("accuracy")), None)
    return f"{statistics.median(values):.3f}" if values else ""
