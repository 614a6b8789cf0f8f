"""Run trials by name, and print a line of figures for each: ``python -m tests.torture fuzz``."""

import argparse

from .faults import faults
from .fuzz import fuzz

TRIALS = {"faults": faults, "fuzz": fuzz}

parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
parser.add_argument("trials", nargs="*", help="all by default")
parser.add_argument(
    "--count", type=int, default=10_000, help="number of files, or of faults at most"
)
parser.add_argument("--seed", type=int, default=0)
arguments = parser.parse_args()

for name in arguments.trials or TRIALS:
    figures = TRIALS[name](arguments.count, arguments.seed)
    print(f"{name}: {figures}")
    for example in figures.examples:
        print(f"  {example}")
