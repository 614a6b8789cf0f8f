"""The command ``python -m benchmarks``."""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tabulate import tabulate

from . import data, machine
from .before import with_earlier
from .bytecode import write_bytecode
from .case import Case, Setting
from .cases import CASES
from .page import write_page
from .runner import Row, run
from .summary import summary
from .table import table
from .worker import ask

ENVIRONMENT = {
    "KERAS_BACKEND": "jax",
    "TF_CPP_MIN_LOG_LEVEL": "2",
    # several processes share the device, and by default JAX reserves most of its memory in each
    "XLA_PYTHON_CLIENT_MEM_FRACTION": "0.2",
}


def main(arguments: list[str] | None = None, cases: Sequence[Case] = CASES) -> None:
    """Run the benchmarks, print their tables, and write the page."""
    options = _options(arguments, cases)
    os.environ.update(ENVIRONMENT)
    # a cache on disk would hide the compile time
    os.environ.pop("JAX_COMPILATION_CACHE_DIR", None)
    write_bytecode(options.before)
    began = time.perf_counter()
    here = ask(machine.examine)
    print(tabulate(here.facts), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        setting = Setting(here.platform, folder)
        source = ask(data.prepare, setting)
        print(f"\nImages of the VGG: {source}", flush=True)
        results = [_show(case, setting, options.n or case.rounds) for case in options.cases]
    print(f"\n{summary(results)}")
    print(f"\nTotal time: {time.perf_counter() - began:.0f} s")
    if options.write:
        here.facts.append(("images of the VGG", source))
        write_page(options.write, here, results)
        print(f"Page: {options.write}")


def _show(case: Case, setting: Setting, rounds: int) -> tuple[Case, list[Row]]:
    began = time.perf_counter()
    print(f"\n{case.name}: {case.title}", flush=True)
    rows = run(case, setting, rounds)
    for row in rows:
        if row.error:
            print(f"\n{row.contender.name} failed:\n{row.error}")
    print(f"\n{table(case, rows)}\n({time.perf_counter() - began:.0f} s)", flush=True)
    return case, rows


def _options(arguments: list[str] | None, cases: Sequence[Case]) -> argparse.Namespace:
    names = [case.name for case in cases]
    parser = argparse.ArgumentParser("python -m benchmarks", description=main.__doc__)
    parser.add_argument("--only", nargs="+", choices=names, metavar="NAME", help=", ".join(names))
    parser.add_argument("--n", type=int, metavar="REPEATS", help="number of rounds")
    parser.add_argument(
        "--write", type=Path, metavar="PAGE", help="Markdown page to write or update"
    )
    parser.add_argument(
        "--before", type=Path, metavar="CHECKOUT", help="earlier checkout to measure in turn"
    )
    options = parser.parse_args(arguments)
    options.cases = [case for case in cases if options.only is None or case.name in options.only]
    if options.before:
        options.cases = [with_earlier(case, options.before) for case in options.cases]
    return options


if __name__ == "__main__":
    main()
