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
    before : float, optional
        The same as the ratio for an earlier skconv, if that was measured.
    """

    ratio: float | None = None
    bar: float | None = None
    before: float | None = None

    @property
    def cells(self) -> list[str]:
        """The ratio, the bar, and whether it is met, as text."""
        ratio = as_text(self.ratio)
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
    before = next((row.median for row in rows if row.contender.before), None)

    def compare(row: Row) -> Verdict:
        if row is first:
            return Verdict() if case.bar is None else Verdict(ours, case.bar, before)
        if row.contender.ours:
            return Verdict()
        bar = row.contender.bar
        return Verdict(_ratio(ours, row.median), bar, _ratio(before, row.median))

    return [compare(row) for row in rows]


def as_text(ratio: float | None) -> str:
    """Return a ratio with three decimals, or nothing."""
    return "" if ratio is None else f"{ratio:.3f}"


def _ratio(value: float | None, other: float | None) -> float | None:
    return None if value is None or other is None else value / other
