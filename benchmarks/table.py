"""Results of a case as a table."""

from __future__ import annotations

import statistics

from tabulate import tabulate

from .case import Case
from .runner import Row
from .verdict import Verdict, verdicts


def table(case: Case, rows: list[Row]) -> str:
    """Return a table with a row per contender: values, scores, ratios and bars.

    Parameters
    ----------
    case : Case
    rows : list of Row

    Returns
    -------
    str
        The table, followed by notes on contenders that are not installed or failed.
    """
    scores = score_names(rows)
    has_first = any(row.first is not None for row in rows)
    headers = ["", f"median, {case.unit}", "min to max", "n"]
    headers += ["first call, s"] * has_first + scores + ["skconv / peer", "bar", "met"]
    lines = []
    for row, verdict in measured(case, rows):
        line = [row.contender.name, as_number(row.median), spread(row.values), len(row.values)]
        line += [as_number(row.first)] * has_first
        line += [as_number(median_of(row.scores.get(name))) for name in scores]
        ratio, *bar = verdict.cells
        lines.append([*line, "" if row.contender.ours else ratio, *bar])
    text = tabulate(lines, headers, disable_numparse=True)
    return "\n".join([text, *notes(rows)])


def score_names(rows: list[Row]) -> list[str]:
    """Return the names of the scores of all rows, each once."""
    return list(dict.fromkeys(name for row in rows for name in row.scores))


def measured(case: Case, rows: list[Row]) -> list[tuple[Row, Verdict]]:
    """Return the rows that have values, with their verdicts."""
    pairs = zip(rows, verdicts(case, rows), strict=True)
    return [(row, verdict) for row, verdict in pairs if row.median is not None]


def notes(rows: list[Row]) -> list[str]:
    """Return a line for each contender that is not installed or failed."""
    found = []
    for row in rows:
        if row.missing:
            found.append(f"\n{row.contender.name}: not installed ({', '.join(row.missing)}).")
        if row.error:
            found.append(f"\n{row.contender.name} failed: {row.error.splitlines()[-1]}")
    return found


def median_of(values: list[float] | None) -> float | None:
    """Return the median of the values, or None if there are none."""
    return statistics.median(values) if values else None


def spread(values: list[float]) -> str:
    """Return the range of the values as text."""
    return f"{as_number(min(values))} to {as_number(max(values))}"


def as_number(value: float | None) -> str:
    """Format a number with three digits, without an exponent."""
    if value is None:
        return ""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:#.3g}"
