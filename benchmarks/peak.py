"""Peak memory of a process."""

from __future__ import annotations

import resource
import sys


def peak() -> float:
    """Return the most memory that this process has held so far, in MB."""
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size / (1e6 if sys.platform == "darwin" else 1e6 / 1024)
