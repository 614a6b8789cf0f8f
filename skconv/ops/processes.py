"""Processes that train a net together, started by `jax.distributed.initialize`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import jax
import numpy as np
from jax.experimental.multihost_utils import process_allgather
from jax.sharding import Mesh

MESSAGE_BYTES = 512
"""Size up to which a message takes one exchange; the program for longer ones is compiled anew."""

_shared = 0
"""Number of trainings in this process that other processes take part in."""


def spans_processes(mesh: Mesh | None) -> bool:
    """Return whether a mesh has devices of several processes."""
    return mesh is not None and len({one.process_index for one in mesh.devices.flat}) > 1


def own_mesh(mesh: Mesh | None) -> Mesh | None:
    """Return the devices of this process in a mesh; None if that is a single one."""
    if mesh is None or not spans_processes(mesh):
        return mesh
    own = [one for one in mesh.devices.flat if one.process_index == jax.process_index()]
    return Mesh(np.array(own), mesh.axis_names) if len(own) > 1 else None


def own_share(mesh: Mesh | None) -> tuple[int, int]:
    """Return the number of this process among those of a mesh, and how many there are."""
    return (jax.process_index(), jax.process_count()) if spans_processes(mesh) else (0, 1)


@contextmanager
def training_together(mesh: Mesh | None) -> Iterator[None]:
    """Let `is_first` tell the processes of a mesh apart while the block runs."""
    global _shared
    several = spans_processes(mesh)
    _shared += several
    try:
        yield
    finally:
        _shared -= several


def reads_together() -> bool:
    """Return whether other processes read the rows of the present training, too."""
    return _shared > 0


def own_range(n: int) -> range:
    """Return which of n rows this process looks at, where one of them must look at each."""
    if not reads_together():
        return range(n)
    number, count = jax.process_index(), jax.process_count()
    return range(number * n // count, (number + 1) * n // count)


def is_first() -> bool:
    """Return whether this process prints, writes and logs.

    Of the processes that train a net together, it is the first.
    """
    return not _shared or jax.process_index() == 0


def exchange(value: Any) -> list[Any]:
    """Send a value to all processes, and return those of all of them, in the order of processes.

    All processes must call it, and wait for each other.

    Parameters
    ----------
    value : object
        Numbers, strings, None, and lists and dicts of them.

    Raises
    ------
    RuntimeError
        If another process has ended.
    """
    data = json.dumps(value).encode()
    first = _gather(len(data).to_bytes(4, "little") + data, MESSAGE_BYTES)
    lengths = [int.from_bytes(row[:4], "little") for row in first]
    if max(lengths) > MESSAGE_BYTES - 4:
        rows = _gather(data, 2 ** max(lengths).bit_length())
    else:
        rows = [row[4:] for row in first]
    return [json.loads(row[:length]) for row, length in zip(rows, lengths, strict=True)]


def _gather(data: bytes, size: int) -> list[bytes]:
    padded = np.frombuffer(data[:size].ljust(size, b"\0"), np.uint8)
    try:
        gathered = np.asarray(process_allgather(padded))
    except Exception as error:  # of a type that depends on the platform
        raise RuntimeError(
            "training needs all processes that it began with, but one of them does not answer; "
            f"start all of them again, and resume from a Checkpoint ({error})"
        ) from error
    return [row.tobytes() for row in gathered]
