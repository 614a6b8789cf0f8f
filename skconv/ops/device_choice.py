"""The devices that a net is given."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any, Literal, TypeAlias

import jax
from jax.sharding import Mesh

from .mesh import ROWS, ROWS_AND_WEIGHTS, make_mesh
from .platform import device, devices

Devices: TypeAlias = Literal["all"] | int | Sequence[jax.Device] | Mesh | None
"""The default device (None), all devices, a number of them, or given ones."""


def is_devices(value: Any) -> bool:
    """Return whether a value chooses devices of this process."""
    if _is_count(value):
        return 1 <= value <= len(devices())
    if value is None or isinstance(value, str):
        return value in (None, "all")
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
    chosen = _chosen(value)
    axis = ROWS_AND_WEIGHTS if shard_params else ROWS
    return None if chosen == [device()] else make_mesh(chosen, axis)


def device_count(value: Any) -> int:
    """Return the number of devices that a value chooses; 1 if it chooses none."""
    return len(_chosen(value)) if is_devices(value) else 1


def without_devices(value: Any) -> Any:
    """Return the choice of as many devices that another process can make."""
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
    return devices() if isinstance(value, str) else list(value)


def _is_count(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _are_devices(found: Sequence[Any]) -> bool:
    """Return whether values are different devices of one platform, and of this process."""
    return (
        len(found) > 0
        and all(isinstance(one, jax.Device) for one in found)
        and len(set(found)) == len(found)
        and len({one.platform for one in found}) == 1
        and {one.process_index for one in found} == {jax.process_index()}
    )
