"""The benchmark page in Markdown."""

from __future__ import annotations

from pathlib import Path

from .case import Case
from .chart import COLORS, draw
from .comparison import comparison
from .machine import Machine
from .runner import Row

HEAD = """\
# Benchmarks

skconv beside skorch, Keras, torch, scikit-learn and JAX by hand, on the same tasks. A ratio is
skconv's time, or memory, divided by the library's: at 0.50, skconv takes half as long; above 1, it
is slower. [Method](#method) and [machine](#machine) are below. [Growth](growth.md) shows how times
grow with the size of a task.
"""

METHOD = """\
## Method

- Each library runs in its own process. The processes are asked in turn, A B C A B C, so that all
  see the same state of the machine; waiting processes are idle.
- The machine is otherwise idle. torch is most sensitive to this: with both cores busy elsewhere,
  its epochs took ten times as long.
- Times are medians over all values of all rounds, with their range and number.
- Epochs are measured from the end of one to the end of the next, by a callback, in the same way for
  all libraries, and include validation.
- A warm-up round does not count. "First call" is its first epoch, fit or prediction, including
  compiling.
- All libraries train on the same samples with the same batch size, number of steps, update rule
  and initial distribution of the weights, in float32; on a GPU, with TF32 products. Scores are
  medians over the rounds.

## On your machine

    pip install -e ".[bench]"
    python -m benchmarks --write docs/benchmarks.md

writes this page, except for the section on kernels at the end. `--only tutorial mlp` runs some of
the cases. `python -m benchmarks.layers` compares single layers with torch's, and
`python -m benchmarks.search` compares searches; `python -m benchmarks.accelerator` compares a deep
network on a GPU or TPU, in float32 and bfloat16, with JAX and torch by hand. With `--cost`, it
compares the operations and the memory traffic of both programs of JAX as lowered for CUDA, which
needs no GPU. With `--before CHECKOUT`, all but the layers are measured in turn with an earlier
version.
"""

CHART = """\
```{{image}} {path}
:class: only-{theme}
:alt: skconv's time divided by that of each library
```
"""

KERNELS = "## Kernels\n"
"""Heading of the section that is written by hand and kept when the page is updated."""


def kept_part(path: Path) -> str:
    """Return the hand-written end of an existing page, or an empty string."""
    text = path.read_text() if path.exists() else ""
    return text[text.index(KERNELS) :] if KERNELS in text else ""


def write_page(path: Path, machine: Machine, results: list[tuple[Case, list[Row]]]) -> None:
    """Write the page, and its charts into a folder of its name beside it.

    Parameters
    ----------
    path : Path
        An existing page keeps its hand-written end.
    machine : Machine
    results : list of (Case, list of Row)
    """
    folder = path.with_suffix("")
    folder.mkdir(parents=True, exist_ok=True)
    parts = [HEAD]
    for theme in COLORS:
        chart = folder / f"ratios_{theme}.svg"
        draw(results, chart, theme)
        parts.append(CHART.format(path=f"{folder.name}/{chart.name}", theme=theme))
    for case, rows in results:
        parts.append(f"## {case.title}\n\n{comparison(case, rows)}\n")
    facts = [f"| {name} | {fact} |" for name, fact in machine.facts]
    parts += [METHOD, "\n".join(["## Machine\n", "| | |\n|---|---|", *facts, ""])]
    kept = kept_part(path)
    path.write_text("\n".join([*parts, *([kept] if kept else [])]))
