"""Whole batches dealt out to several devices, where each batch is computed for itself.

Every device runs the program of a single one on batches of its own, so that outputs do not depend
on the number of devices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeGuard, TypeVar

import jax
import numpy as np
from jax import lax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from .mesh import make_mesh

T = TypeVar("T")

BATCHES = "batches"
"""Name of the axis of a mesh that batches are dealt out over."""

_ALL, _DEALT = PartitionSpec(), PartitionSpec(None, BATCHES)

_present: ContextVar[Mesh | None] = ContextVar("devices that batches are dealt out to")


@contextmanager
def dealing_batches(devices: list[jax.Device]) -> Iterator[None]:
    """Deal out the batches of predictions of nets for a single device, in this thread."""
    token = _present.set(make_mesh(devices, BATCHES) if len(devices) > 1 else None)
    try:
        yield
    finally:
        _present.reset(token)


def dealing_mesh(batches: int) -> Mesh | None:
    """Return the devices for some batches; None for the default device, as for a single batch."""
    return _present.get(None) if batches > 1 else None


def deals_batches(mesh: Mesh | None) -> TypeGuard[Mesh]:
    """Return whether the devices of a mesh get whole batches, and not a part of each."""
    return mesh is not None and mesh.axis_names == (BATCHES,)


def deal(batches: T, mesh: Mesh) -> T:
    """Copy the batches of each device to it: one after the other, as cards are dealt.

    Parameters
    ----------
    batches : pytree of arrays of shape (steps, batch, ...)
        The number of steps is a multiple of that of the devices.
    mesh : Mesh

    Returns
    -------
    pytree of arrays of shape (steps / devices, devices, batch, ...)
    """
    dealt = NamedSharding(mesh, _DEALT)

    def place(array: Any) -> jax.Array:
        return jax.device_put(array.reshape(-1, mesh.size, *array.shape[1:]), dealt)

    return jax.tree.map(place, batches)


def collect(outputs: T) -> T:
    """Fetch the outputs of dealt batches, in the order of the batches."""
    return jax.tree.map(lambda own: np.asarray(own).reshape(-1, *own.shape[2:]), outputs)


def on_each_device(
    function: Callable[[Any, Any, Any], Any], mesh: Mesh
) -> Callable[[Any, Any, Any], Any]:
    """Return a traced function that is run on each device, for its batches.

    Parameters
    ----------
    function : callable
        ``(batches, steps, others) -> outputs``, for arrays of shape (own steps, batch, ...), of
        which the first `steps` hold rows. The outputs have a first axis of steps, too.
    mesh : Mesh

    Returns
    -------
    callable
        The same, for what `deal` returns, and the number of all steps that hold rows.
    """

    def own(batches: Any, steps: Any, others: Any) -> Any:
        before = steps - lax.axis_index(BATCHES)
        own_steps = (before + mesh.size - 1) // mesh.size
        outputs = function(jax.tree.map(lambda x: x[:, 0], batches), own_steps, others)
        return jax.tree.map(lambda x: x[:, None], outputs)

    shares = _DEALT, _ALL, _ALL
    return jax.shard_map(own, mesh=mesh, in_specs=shares, out_specs=_DEALT, check_vma=False)
