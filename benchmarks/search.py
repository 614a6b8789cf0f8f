"""Searches with and without batched training: ``python -m benchmarks.search``."""

from __future__ import annotations

from .__main__ import main
from .cases.search import SEARCHES

if __name__ == "__main__":
    main(cases=SEARCHES)
