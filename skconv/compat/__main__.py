"""Run a script for nolearn and Lasagne: ``python -m skconv.compat script.py``."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

from .installation import install


def main(arguments: list[str]) -> None:
    """Run a script with its own arguments.

    Parameters
    ----------
    arguments : list of str
        Path of the script, and its arguments.
    """
    if not arguments or arguments[0].startswith("-"):
        sys.exit("usage: python -m skconv.compat script.py [argument ...]")
    install()
    sys.argv = arguments
    sys.path[0] = str(Path(arguments[0]).resolve().parent)
    runpy.run_path(arguments[0], run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1:])
