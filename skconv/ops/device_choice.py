"""The devices that a net is given."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any, Literal, TypeAlias

import jax
from jax.sharding import Mesh

from .mesh import ROWS, ROWS_AND_WEIGHTS, make_mesh
from .platform import device, devices
from .processes import spans_processes

Devices: TypeAlias = Literal["all"] | int | Sequence[jax.Device] | Mesh | None
"""The default device (None), all devices, a number of them, or given ones."""


def is_devices(value: Any) -> bool:
    """Return whether a value chooses devices of this process, or as many of every process."""
    if value is None or isinstance(value, str):
        return value in (None, "all")
    if _is_count(value):
        return 1 <= value <= len(devices())
    if isinstance(value, Mesh):
        return len(value.axis_names) == 1 and _are_devices(list(value.devices.flat))
    return isinstance(value, list | tuple) and _are_devices(value)


def mesh_for(value: Devices, *, shard_params: bool = False) -> Mesh | None:
    """Return the mesh of the devices that a value chooses; None if that is the default device.

    Parameters
    ----------
    value : None, 'all', int, list of jax.Device, or Mesh
    shard_params : bool
        Whether the devices share the weights, too.
    """
    if value is None:
        return None
    chosen = _chosen(value)
    axis = ROWS_AND_WEIGHTS if shard_params else ROWS
    return None if chosen == [device()] else make_mesh(chosen, axis)


def device_count(value: Any) -> int:
    """Return the number of devices that a value chooses; 1 if it chooses none."""
    return len(_chosen(value)) if value is not None and is_devices(value) else 1


def are_shared(value: Any) -> bool:
    """Return whether a value chooses devices of several processes."""
    return is_devices(value) and spans_processes(mesh_for(value))


def without_devices(value: Any) -> Any:
    """Return the choice of as many devices that another process can make."""
    if spans_processes(value if isinstance(value, Mesh) else None):
        return "all"
    if isinstance(value, Mesh):
        return value.size
    given = isinstance(value, list | tuple) and any(isinstance(one, jax.Device) for one in value)
    return len(value) if given else value


def _chosen(value: Any) -> list[jax.Device]:
    if value is None:
        return [device()]
    if isinstance(value, Mesh):
        return list(value.devices.flat)
    if _is_count(value):
        return devices()[: int(value)]
    return _all_devices() if isinstance(value, str) else list(value)


def _all_devices() -> list[jax.Device]:
    """Return the devices of all processes, unless `jax.default_device` names one."""
    local = devices()
    if jax.process_count() == 1 or local != jax.local_devices(backend=local[0].platform):
        return local
    return sorted(jax.devices(local[0].platform), key=lambda one: (one.process_index, one.id))


def _suit_processes(owners: Sequence[int]) -> bool:
    """Return whether devices of these processes can share batches."""
    count = jax.process_count()
    every = [process for process in range(count) for _ in range(len(owners) // count)]
    return set(owners) == {jax.process_index()} or list(owners) == every


def _is_count(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _are_devices(found: Sequence[Any]) -> bool:
    """Return whether values are different devices of one platform.

    They must be of this process, or as many of every process, those of each next to each other.
    """
    return (
        len(found) > 0
        and all(isinstance(one, jax.Device) for one in found)
        and len(set(found)) == len(found)
        and len({one.platform for one in found}) == 1
        and _suit_processes([one.process_index for one in found])
    )
