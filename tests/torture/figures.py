"""Figures of a trial, and what skconv promises of them."""

from __future__ import annotations

from dataclasses import Field, dataclass, field, fields
from typing import Any, Self

MOST_EXAMPLES = 10


def figure(words: str, at_most: float | None = None, at_least: float | None = None) -> Any:
    """Return a field of `Figures`, a number that starts at 0.

    Parameters
    ----------
    words : str
        Follows the number where the figures are printed.
    at_most, at_least : float, optional
        The bounds that are promised.
    """
    return field(default=0, metadata={"words": words, "at_most": at_most, "at_least": at_least})


@dataclass
class Figures:
    """The result of a trial; its numbers are fields that `figure` made.

    Examples
    --------
    >>> @dataclass
    ... class FileFigures(Figures):
    ...     files: int = figure("files", at_least=1)
    ...     lost: int = figure("lost", at_most=0)
    >>> figures = FileFigures()
    >>> figures.files += 5
    >>> print(figures)
    5 files (promised: at least 1); 0 lost (promised: 0)
    >>> figures.lost += 1
    >>> figures.broken()
    ['1 lost (promised: 0)']
    """

    examples: list[str] = field(default_factory=list, kw_only=True)

    def note(self, example: str) -> None:
        """Keep an example of a broken promise, if there are few yet."""
        if len(self.examples) < MOST_EXAMPLES:
            self.examples.append(example)

    def add(self, other: Self) -> None:
        """Add the numbers and examples of a part of the trial."""
        for item in self._numbers():
            setattr(self, item.name, getattr(self, item.name) + getattr(other, item.name))
        for example in other.examples:
            self.note(example)

    def broken(self) -> list[str]:
        """Return the numbers that exceed their bounds, in words."""
        return [self._words(item) for item in self._numbers() if not self._is_kept(item)]

    def __str__(self) -> str:
        return "; ".join(map(self._words, self._numbers()))

    def _numbers(self) -> list[Field[Any]]:
        return [item for item in fields(self) if "words" in item.metadata]

    def _is_kept(self, item: Field[Any]) -> bool:
        value = getattr(self, item.name)
        most, least = item.metadata["at_most"], item.metadata["at_least"]
        return (most is None or value <= most) and (least is None or value >= least)

    def _words(self, item: Field[Any]) -> str:
        most, least = item.metadata["at_most"], item.metadata["at_least"]
        bounds = [f"at least {least:g}"] if least is not None else []
        if most is not None:
            bounds.append(f"at most {most:g}" if most else "0")
        promise = f" (promised: {', '.join(bounds)})" if bounds else ""
        value = getattr(self, item.name)
        shown = f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"
        return f"{shown} {item.metadata['words']}{promise}"
