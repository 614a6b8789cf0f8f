"""The benchmark page in Markdown."""

from __future__ import annotations

from pathlib import Path

from .case import Case
from .machine import Machine
from .runner import Row
from .summary import summary
from .table import table

HEAD = """\
# Benchmarks

This page is written by `python -m benchmarks --write docs/benchmarks.md`, except for the section on
kernels at the end. `python -m benchmarks.layers` compares single layers with torch's, and
`python -m benchmarks.search` compares searches; `python -m benchmarks.accelerator` compares a deep
network on a GPU or TPU, in float32 and bfloat16, with JAX and torch by hand. With `--cost`, it
compares the operations and the memory traffic of both programs of JAX as lowered for CUDA, which
needs no GPU. With `--before CHECKOUT`, all but the layers are measured in turn with an earlier
version. [Growth](growth.md) shows how times grow with the size of a task.
"""

METHOD = """\
## Method

- Each contender runs in its own process. The processes are asked in turn, A B C A B C, so that all
  see the same state of the machine; waiting processes are idle.
- The machine is otherwise idle. torch is most sensitive to this: with both cores busy elsewhere,
  its epochs took ten times as long.
- Medians are over all values of all rounds, with the minimum, the maximum and the number of values.
- Epochs are measured from the end of one to the end of the next, by a callback, in the same way for
  all libraries, and include validation.
- A warm-up round does not count. "First call" is its first epoch, fit or prediction, including
  compiling.
- All contenders train on the same samples with the same batch size, number of steps, update rule
  and initial distribution of the weights, in float32; on a GPU, with TF32 products. Scores are
  medians over the rounds.
- The last columns are skconv's median divided by the peer's, the target for this ratio on two CPU
  cores, and whether it is met; a target in skconv's own row is for its median.
"""

KERNELS = "## Kernels\n"
"""Heading of the section that is written by hand and kept when the page is updated."""


def kept_part(path: Path) -> str:
    """Return the hand-written end of an existing page, or an empty string."""
    text = path.read_text() if path.exists() else ""
    return text[text.index(KERNELS) :] if KERNELS in text else ""


def page(machine: Machine, results: list[tuple[Case, list[Row]]], kept: str = "") -> str:
    """Return the page; `kept` is appended."""
    facts = [f"| {name} | {fact} |" for name, fact in machine.facts]
    parts = [HEAD, "## Machine\n", "\n".join(["| | |\n|---|---|", *facts])]
    parts.append(f"\n## Targets\n\n{summary(results, 'github')}\n")
    for case, rows in results:
        parts.append(f"\n## {case.title}\n\n{table(case, rows, 'github')}\n")
    return "\n".join([*parts, METHOD, *([kept] if kept else [])])
