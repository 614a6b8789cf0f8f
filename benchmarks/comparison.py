"""Results of a case as a table for readers of the page."""

from __future__ import annotations

from tabulate import tabulate

from .case import Case
from .runner import Row
from .table import as_number, measured, median_of, notes, score_names, spread


def comparison(case: Case, rows: list[Row]) -> str:
    """Return a table in Markdown with a row per library: its median, the ratio, and scores.

    Parameters
    ----------
    case : Case
    rows : list of Row

    Returns
    -------
    str
        The table, followed by notes on libraries that are not installed or failed.
    """
    scores = score_names(rows)
    columns: dict[str, list[str]] = {}
    for row, verdict in measured(case, rows):
        is_compared = verdict.ratio is not None and not row.contender.ours
        cells = {
            "library": row.contender.name,
            case.unit: as_number(row.median),
            "ratio": f"{verdict.ratio:.2f}" if is_compared else "",
            "range": spread(row.values).replace(" to ", "\u2013"),
            "values": str(len(row.values)),
            "first call, s": as_number(row.first),
            **{name: as_number(median_of(row.scores.get(name))) for name in scores},
        }
        for name, cell in cells.items():
            columns.setdefault(name, []).append(cell)
    filled = {name: cells for name, cells in columns.items() if any(cells)}
    text = tabulate(filled, "keys", tablefmt="github", disable_numparse=True)
    return "\n".join([text, *notes(rows)])
