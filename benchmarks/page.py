"""The page with all results."""

from __future__ import annotations

from .case import Case
from .machine import Machine
from .runner import Row
from .table import table

HEAD = """\
# Benchmarks

Written by `python -m benchmarks --write docs/benchmarks.md`; see the method below the tables.
"""

METHOD = """\
## Method

- Each contender has a process of its own; the processes are asked in turn, A B C A B C, so that
  all see the same state of the machine. A process that waits does no work.
- The machine does nothing else. torch suffers most where it does: with both cores busy elsewhere
  its epochs took ten times as long.
- Medians are over all values of all rounds; beside them stand the smallest and the largest, and
  how many there are.
- An epoch is measured from the end of one to the end of the next, by a callback, in all libraries
  alike, validation included.
- A round before the first warms up and does not count. "First call" is its first epoch, fit or
  prediction, with whatever is compiled then.
- Everybody trains on the same rows with the same batch size, number of steps, update and initial
  distribution of the weights, in float32, or on a GPU with TF32 products. Scores are medians over
  the rounds.
- The last columns are skconv's median over the peer's, the ratio that skconv means to stay under
  on two CPU cores, and whether it does.
"""


def page(machine: Machine, results: list[tuple[Case, list[Row]]]) -> str:
    """Write the page in Markdown."""
    parts = [HEAD, "## Machine\n", "| | |\n|---|---|"]
    parts[-1] = "\n".join([parts[-1], *(f"| {name} | {fact} |" for name, fact in machine.facts)])
    for case, rows in results:
        parts.append(f"\n## {case.title}\n\n{table(case, rows, 'github')}\n")
    return "\n".join([*parts, METHOD])
