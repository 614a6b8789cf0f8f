"""The cores that JAX computes on, on which the last bits of a training depend."""

from __future__ import annotations

import os

from jax.sharding import Mesh

from ..ops.mesh import platform_of
from ..ops.platform import platform

THREADS = ("PJRT_NPROC", "NPROC")
"""Environment variables by which XLA chooses its number of threads, in place of the cores."""


def available_cores() -> int:
    """Return the number of CPU cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def describe_cores(mesh: Mesh | None = None) -> str:
    """Return what decides how sums are split, such as ``'2 CPU threads'`` or ``'a gpu'``.

    XLA adds up large matrix products in another order if it has another number of threads, so that
    they are rounded otherwise (jax 0.10.2), and devices add up their shares of a batch.

    Parameters
    ----------
    mesh : Mesh, optional
        Devices that share the rows of each batch; by default a single one.
    """
    if mesh is not None and mesh.size > 1:
        return f"{mesh.size} {platform_of(mesh)} devices"
    if platform() != "cpu":
        return f"a {platform()}"
    set_by_user = [os.environ[name] for name in THREADS if os.environ.get(name, "").isdecimal()]
    threads = int(set_by_user[0]) if set_by_user else available_cores()
    return f"{threads} CPU thread{'s' if threads > 1 else ''}"
