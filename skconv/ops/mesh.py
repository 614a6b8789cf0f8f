"""The devices that share the rows of each batch: which they are, and what each of them holds."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, TypeVar

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from .processes import spans_processes

T = TypeVar("T")

ROWS = "rows"
"""Name of the axis of a mesh that the rows of a batch are split over."""

ROWS_AND_WEIGHTS = "rows and weights"
"""Name of the axis of a mesh that rows and weights are split over."""

MIN_SHARED = 2**10
"""Number of values from which an array of weights is split."""

_current: Any = jax.make_user_context(default_value=None)
"""The mesh of the present thread, which JAX counts among what traces depend on."""


def make_mesh(devices: list[jax.Device], axis: str = ROWS) -> Mesh:
    """Return the mesh of some devices, with one axis."""
    return Mesh(np.array(devices), (axis,))


def sharing_rows(mesh: Mesh | None) -> AbstractContextManager[None]:
    """Return a block in which traced functions split batches over the devices of a mesh."""
    return _current(mesh)


def current_mesh() -> Mesh | None:
    """Return the mesh of the function that is being traced; None for a single device."""
    return _current.value


def platform_of(mesh: Mesh) -> str:
    """Return the platform of the devices of a mesh: ``'cpu'``, ``'gpu'`` or ``'tpu'``."""
    return mesh.devices.flat[0].platform


def multiple_of(count: int, n: int) -> int:
    """Return the smallest multiple of `count` that is not less than `n`.

    Examples
    --------
    >>> multiple_of(3, 128), multiple_of(1, 128)
    (129, 128)
    """
    return -(-n // count) * count


def split_rows(batch: T) -> T:
    """Split the first axis of traced arrays over the devices of the current mesh, if there is one.

    Arrays that cannot be split evenly, such as a batch of a single row, are left to XLA.

    Parameters
    ----------
    batch : pytree of arrays of shape (n, ...)
    """
    mesh = current_mesh()
    if mesh is None:
        return batch

    def split(array: jax.Array) -> jax.Array:
        if array.shape[0] % mesh.size:
            return array
        return jax.lax.with_sharding_constraint(array, _split(mesh, 0))

    return jax.tree.map(split, batch)


def keep_weights(tree: T) -> T:
    """Give each device of the current mesh its weights, or all, if they are traced.

    Parameters
    ----------
    tree : pytree of arrays
    """
    mesh = current_mesh()
    if mesh is None:
        return tree
    return jax.lax.with_sharding_constraint(tree, _shares_of_weights(tree, mesh))


def whole(mesh: Mesh | None) -> NamedSharding | None:
    """Return how arrays lie of which each device has all; None for the default device."""
    return None if mesh is None else NamedSharding(mesh, PartitionSpec())


def put_weights(tree: T, mesh: Mesh | None) -> T:
    """Copy weights to each device of a mesh, or its part of them if they are split, too.

    Arrays that are there already are returned as they are.

    Parameters
    ----------
    tree : pytree of arrays
    mesh : Mesh or None
        If it is None, arrays that lie on a mesh are fetched, so that programs for the default
        device take them; a tree without such arrays is returned as it is.
    """
    if spans_processes(mesh):
        return jax.tree.map(lambda x: _global(x, whole(mesh)), tree)
    if mesh is not None:
        return jax.device_put(own_arrays(tree), _shares_of_weights(tree, mesh))
    if not any(map(_is_shared, jax.tree.leaves(tree))):
        return tree
    return jax.tree.map(lambda x: np.asarray(x) if _is_shared(x) else x, tree)


def put_batches(batches: T, mesh: Mesh | None) -> T:
    """Copy stacked batches to the device, or their rows to the devices of a mesh.

    Parameters
    ----------
    batches : pytree of arrays of shape (steps, batch, ...)
        If the mesh has devices of several processes, this process's share of each batch.
    mesh : Mesh or None
        None for the default device.
    """
    if mesh is None:
        return jax.device_put(batches)

    split = _split(mesh, 1)
    if spans_processes(mesh):
        return jax.tree.map(lambda x: jax.make_array_from_process_local_data(split, x), batches)

    def put(array: Any) -> jax.Array:
        share = whole(mesh) if array.shape[1] % mesh.size else _split(mesh, 1)
        return jax.device_put(array, share)

    return jax.tree.map(put, batches)


def _split(mesh: Mesh, axis: int) -> NamedSharding:
    """Return how arrays lie of which each device has a part along an axis."""
    return NamedSharding(mesh, PartitionSpec(*[None] * axis, *mesh.axis_names))


def _shares_of_weights(tree: Any, mesh: Mesh) -> Any:
    """Return how weights lie: each array is split along its largest axis, if it is large enough."""

    def share_of(array: Any) -> NamedSharding | None:
        sizes = {axis: size for axis, size in enumerate(np.shape(array)) if size % mesh.size == 0}
        if mesh.axis_names != (ROWS_AND_WEIGHTS,) or not sizes or np.size(array) < MIN_SHARED:
            return whole(mesh)
        return _split(mesh, max(sizes, key=lambda axis: sizes[axis]))

    return jax.tree.map(share_of, tree)


def _global(array: Any, sharding: NamedSharding | None) -> jax.Array:
    """Return an array that each device of all processes has, and all processes give."""
    if isinstance(array, jax.Array) and array.sharding == sharding:
        return array
    return jax.make_array_from_process_local_data(sharding, np.asarray(array))


def own_arrays(tree: T) -> T:
    """Return the copies that this process has of arrays that all processes have."""

    def own(array: Any) -> Any:
        shared = isinstance(array, jax.Array) and not array.is_fully_addressable
        return array.addressable_data(0) if shared else array

    return jax.tree.map(own, tree)


def _is_shared(array: Any) -> bool:
    return isinstance(getattr(array, "sharding", None), NamedSharding)
