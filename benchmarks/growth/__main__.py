"""The command ``python -m benchmarks.growth``."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from pathlib import Path

from tabulate import tabulate

from .. import machine
from ..worker import ask
from .curve import Curve, Point, fastest
from .curves import CURVES
from .page import write_page
from .report import describe_last_step, table


def main(arguments: list[str] | None = None, curves: Sequence[Curve] = CURVES) -> None:
    """Measure the curves, print their tables, and write the page with their pictures."""
    options = _options(arguments, curves)
    # a cache on disk would hide the compile time
    os.environ.pop("JAX_COMPILATION_CACHE_DIR", None)
    began = time.perf_counter()
    here = ask(machine.examine)
    print(tabulate(here.facts), flush=True)
    chosen = [curve for curve in curves if options.only is None or curve.name in options.only]
    results = [(curve, _show(curve, options.n)) for curve in chosen]
    print(f"\nTotal time: {time.perf_counter() - began:.0f} s")
    if options.write:
        write_page(options.write, here, results, options.n)
        print(f"Page: {options.write}")


def _show(curve: Curve, rounds: int) -> dict[int, Point]:
    began = time.perf_counter()
    print(f"\n{curve.name}: {curve.title}", flush=True)
    # one round after the other, as the load of a machine changes
    measured = [{size: curve.measure(size) for size in curve.sizes} for _ in range(rounds)]
    points = {size: fastest([found[size] for found in measured]) for size in curve.sizes}
    print(f"\n{table(curve, points)}\n\n{describe_last_step(curve, points)}")
    print(f"({time.perf_counter() - began:.0f} s)", flush=True)
    return points


def _options(arguments: list[str] | None, curves: Sequence[Curve]) -> argparse.Namespace:
    names = [curve.name for curve in curves]
    parser = argparse.ArgumentParser("python -m benchmarks.growth", description=main.__doc__)
    parser.add_argument("--only", nargs="+", choices=names, metavar="NAME", help=", ".join(names))
    parser.add_argument("--n", type=int, default=2, metavar="REPEATS", help="number of rounds")
    parser.add_argument(
        "--write", type=Path, metavar="PAGE", help="Markdown page to write, with its pictures"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
