"""How skconv compares with the bars of a case."""

from __future__ import annotations

from typing import NamedTuple

from .case import Case
from .runner import Row


class Verdict(NamedTuple):
    """What is compared with a bar.

    Parameters
    ----------
    ratio : float, optional
        The median of skconv divided by that of a peer, or the median itself, if the bar is for it;
        None if it was not measured, or if there is nothing to compare.
    bar : float, optional
    """

    ratio: float | None = None
    bar: float | None = None

    @property
    def cells(self) -> list[str]:
        """The ratio, the bar, and whether it is met, as text."""
        ratio = "" if self.ratio is None else f"{self.ratio:.3f}"
        if self.bar is None:
            return [ratio, "", ""]
        if self.ratio is None:
            return ["", f"{self.bar:.2f}", "not measured"]
        return [ratio, f"{self.bar:.2f}", "yes" if self.ratio <= self.bar else "no"]


def verdicts(case: Case, rows: list[Row]) -> list[Verdict]:
    """Compare skconv, the first contender that is ours, with each contender.

    Its own row holds the bar of the case, if there is one.
    """
    first = next((row for row in rows if row.contender.ours), None)
    ours = first.median if first else None

    def compare(row: Row) -> Verdict:
        if row is first:
            return Verdict(None if case.bar is None else ours, case.bar)
        if row.contender.ours:
            return Verdict()
        known = ours is not None and row.median is not None
        return Verdict(ours / row.median if known else None, row.contender.bar)

    return [compare(row) for row in rows]
