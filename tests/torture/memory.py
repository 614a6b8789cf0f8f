"""Memory of this process."""

from __future__ import annotations

import resource
from pathlib import Path

import psutil

PROC = Path("/proc/self")


def peak_mb() -> float:
    """Return the most memory that was resident since `forget_peak`, or since the start."""
    try:
        lines = (PROC / "status").read_text().splitlines()
    except OSError:  # not on Linux
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))


def resident_mb() -> float:
    """Return the memory that is resident now."""
    return psutil.Process().memory_info().rss / 2**20


def forget_peak() -> None:
    """Let `peak_mb` start from the memory that is resident now, where Linux can."""
    if PROC.exists():
        (PROC / "clear_refs").write_text("5")
