"""Run trials that take minutes, and print their figures beside what skconv promises.

Exits with 1 if a promise is broken.
"""

import argparse
import sys
import tempfile

from .trials import TRIALS, run


def main() -> int:
    """Run the trials that the command line names, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    names, default = ", ".join(TRIALS), [name for name in TRIALS if not TRIALS[name].long]
    usual = f"{names}; by default {', '.join(default)}"
    parser.add_argument("trials", nargs="*", metavar="trial", help=usual)
    parser.add_argument("--reduced", action="store_true", help="run small trials, as the tests do")
    parser.add_argument("--count", type=int, help="size of each trial, such as a number of files")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    unknown = [name for name in arguments.trials if name not in TRIALS]
    if unknown:
        parser.error(f"trials must be among {names}, got {', '.join(unknown)}")
    broken = 0
    for name in arguments.trials or default:
        trial, count = TRIALS[name], arguments.count
        if count is None:
            count = trial.reduced if arguments.reduced else trial.count
        figures, seconds = run(name, count, arguments.seed)
        print(f"{name}: {figures}; {seconds:.0f} s", flush=True)
        for promise in figures.broken():
            print(f"  BROKEN: {promise}")
        for example in figures.examples:
            print(f"  {example}")
        broken += bool(figures.broken())
    return int(broken > 0)


if __name__ == "__main__":
    # what killed processes leave is deleted, and processes find the programs that others compiled
    with tempfile.TemporaryDirectory(prefix="skconv-torture-") as tempfile.tempdir:
        status = main()
    sys.exit(status)
